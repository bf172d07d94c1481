// Small files that others write beside us: packed-refs, the admin files of worktrees, and our own notes, which a task can reach.
// Input: a byte says which; the rest is the file (of a worktree: its four files).
#include "fuzz/byte_source.h"
#include "fuzz/target.h"
#include "git/admin_directory.h"
#include "git/move_note.h"
#include "git/packed_refs.h"
#include "git/quarantine_list.h"
#include "git/safe_path.h"
#include "test/check.h"

using namespace coppice;
using namespace coppice::fuzz;

namespace {

using Line = std::pair<std::string, std::string>;

std::vector<Line> linesOf(const PackedRefs& refs) {
  std::vector<Line> lines;
  refs.each([&](std::string_view name, const Oid& oid) { lines.emplace_back(name, toHex(oid)); });
  return lines;
}

void packedRefs(const test::TempDirectory& folder, std::string_view text) {
  folder.write("packed-refs", std::string(text));
  const PackedRefs refs = PackedRefs::read(folder.path().string());
  const std::vector<Line> lines = linesOf(refs);
  for (size_t i = 0; i < lines.size() && i < 4; i++) {
    const std::string name = lines[i].first;
    must(refs.find(name).has_value(), "a ref is not found");
    refs.inTheWayOf(name);
    folder.write("packed-refs", refs.without(name));
    std::vector<Line> wanted;
    for (const Line& line : lines)
      if (line.first != name) wanted.push_back(line);
    must(linesOf(PackedRefs::read(folder.path().string())) == wanted, "other refs than one have gone");
  }
}

void moveNote(const test::TempDirectory& folder, std::string_view text) {
  folder.write("coppice/moving", std::string(text));
  const auto note = MoveNote::read(folder.path().string());
  must(note.has_value(), "a note that is there is not found");
}

bool same(const std::optional<Oid>& a, const std::optional<Oid>& b) { return a.has_value() == b.has_value() && (!a || *a == *b); }

void quarantineList(std::string_view text) {
  const std::string root = "/nowhere/worktree";
  const auto changes = parseQuarantineList(std::string(text), root);
  if (!changes) return;
  for (const Change& change : *changes) must(isSafePath(change.path), "a path that must not be written");
  const auto again = parseQuarantineList(serializeQuarantineList(root, *changes), root);
  must(again.has_value() && again->size() == changes->size(), "a list is not read again");
  for (size_t i = 0; i < changes->size(); i++) {
    const Change &a = (*changes)[i], &b = (*again)[i];
    must(a.path == b.path && a.oldMode == b.oldMode && a.newMode == b.newMode && same(a.oldOid, b.oldOid) && same(a.newOid, b.newOid),
         "another change is read again");
  }
}

class Worktrees {
 public:
  Worktrees() {
    OwnedRepository made;
    check(git_repository_init(out(made), folder_.file("repository").c_str(), 0), "fuzz");
    session_ = Session::open({folder_.file("repository"), 1}, Cancel());
  }

  void list(ByteSource source) {
    const std::string admin = "repository/.git/worktrees/w/";
    for (const char* name : {"gitdir", "HEAD", "locked", "commondir"}) folder_.write(admin + name, std::string(source.longText()));
    folder_.write("linked/.git", std::string(source.rest()));
    // One that leads there, whatever the first says.
    folder_.write("repository/.git/worktrees/v/gitdir", folder_.file("linked/.git") + "\n");
    for (const WorktreeDescription& worktree : listWorktreeDescriptions(*session_, Cancel()))
      must(worktree.name.empty() || !worktree.path.empty(), "a worktree without a path");
    gitDirectoryOf(folder_.file("linked"));
  }

 private:
  test::TempDirectory folder_;
  std::shared_ptr<Session> session_;
};

}  // namespace

FUZZ_TARGET(notes) {
  static const test::TempDirectory folder;
  static Worktrees worktrees;
  ByteSource source(bytes);
  const unsigned which = source.byte() % 4;
  answers([&] {
    if (which == 0) packedRefs(folder, source.rest());
    if (which == 1) moveNote(folder, source.rest());
    if (which == 2) quarantineList(source.rest());
    if (which == 3) worktrees.list(source);
  });
}
