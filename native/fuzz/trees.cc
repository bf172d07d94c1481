// Hostile trees: three of them are merged, what comes out is checked out, and then every path is written by itself, over the links
// that lie there by then. Beside the root lies a canary.
// Input: objects one after the other, then which three (see `Crafted`).
#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <set>

#include "fuzz/crafted_trees.h"
#include "fuzz/target.h"
#include "git/checkout.h"
#include "git/operations.h"
#include "test/check.h"

using namespace coppice;
using namespace coppice::fuzz;

namespace {

const Cancel kNever;
constexpr unsigned kInputsPerSession = 200;  // its store only grows
constexpr size_t kMaxFiles = 2000;           // a few trees that hold each other have more files than there are

class World {
 public:
  World() {
    OwnedRepository made;
    check(git_repository_init(out(made), folder_.file("repository").c_str(), 0), "fuzz");
    folder_.write("outer/canary/secret", "sings");
  }

  Session& session() {
    if (used_++ % kInputsPerSession == 0) session_ = Session::open({folder_.file("repository"), 1}, Cancel());
    return *session_;
  }
  std::string outer() const { return folder_.file("outer"); }

  void mustHoldTheCanary() const {
    must(names("") == std::set<std::string>{"outer", "repository"}, "something was written far outside");
    must(names("/outer/canary") == std::set<std::string>{"secret"}, "something was written beside the canary");
    must(folder_.read("outer/canary/secret") == "sings", "the canary was written");
    for (const std::string& name : names("/outer")) must(name == "canary" || name == "root", "outside the root: " + name);
  }

 private:
  std::set<std::string> names(const std::string& below) const {
    const std::string path = folder_.path().string() + below;
    const OwnedFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const std::vector<std::string> list = namesIn(directory.get(), path);
    return {list.begin(), list.end()};
  }

  test::TempDirectory folder_;
  std::shared_ptr<Session> session_;
  unsigned used_ = 0;
};

std::vector<TreeFile> filesOf(Session& session, const Oid& treeOid) {
  return listTree(*session.handle(), treeOid, kNever, kMaxFiles);
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(tolower(c)); });
  return text;
}

bool reachesGit(const std::string& path) {
  for (const std::string_view name : {".git", "..", "git~1"}) {
    const std::string text = "/" + lower(path) + "/", part = "/" + std::string(name) + "/";
    if (text.find(part) != std::string::npos) return true;
  }
  return false;
}

// As worktree.cc does it.
void checkOutSafely(Session& session, const RootDirectory& root, const Oid& treeOid) {
  const std::vector<TreeFile> files = filesOf(session, treeOid);
  requireSafeTree(files, kNever);
  for (const TreeFile& file : files) must(!reachesGit(file.path), "a path that reaches git's files counts as safe: " + file.path);
  const Attributes attributes = Attributes::ofTree(session, session.commonDirectory(), files);
  const WorktreeSettings settings = WorktreeSettings::read(session, session.commonDirectory());
  const CheckoutResult result = checkOut(session, {root, files, attributes, settings, nullptr}, kNever);
  must(result.stats.size() == files.size(), "not every file was checked out");
}

// Nobody has looked at the paths before: the handles alone must hold them.
void writeEach(Session& session, const RootDirectory& root, const Oid& treeOid) {
  for (const TreeFile& file : filesOf(session, treeOid)) {
    answers([&] {
      root.makeParent(file.path);
      const OwnedFd fd = root.openFile(file.path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
      if (fd) writeAll(fd.get(), "written", 7, file.path);
    });
  }
}

std::optional<Oid> mergeOf(Session& session, const Oid& base, const Oid& ours, const Oid& theirs, bool content) {
  MergeRequest request{base, ours, theirs, "target", "effect", content};
  std::optional<Oid> treeOid;
  answers([&] {
    const MergeReply reply = merge(session, request, kNever);
    must(reply.treeOid.has_value() || !reply.conflicts.empty(), "a merge without tree and without conflict");
    must(reply.conflicts.empty() || reply.changes.empty(), "changes of a conflict");
    treeOid = reply.treeOid;
  });
  return treeOid;
}

}  // namespace

FUZZ_TARGET(trees) {
  static World world;
  Session& session = world.session();
  const Crafted crafted(*session.handle(), bytes);
  RootDirectory::usePortableFallback(crafted.portable);

  const auto merged = mergeOf(session, crafted.base, crafted.ours, crafted.theirs, crafted.content);
  const auto theirsAlone = mergeOf(session, crafted.base, crafted.base, crafted.theirs, false);
  must(!theirsAlone || *theirsAlone == crafted.theirs, "one side's change alone is not its tree");
  answers([&] { readText(session, {crafted.ours, "a/b", 1000}, kNever); });
  answers([&] { diff(session, {crafted.base, crafted.ours, true, 1 << 16}, kNever); });

  ::mkdir((world.outer() + "/root").c_str(), 0777);
  {
    const RootDirectory root(world.outer() + "/root");
    answers([&] { checkOutSafely(session, root, merged.value_or(crafted.ours)); });
    world.mustHoldTheCanary();
    for (const Oid& treeOid : {crafted.base, crafted.ours, crafted.theirs}) answers([&] { writeEach(session, root, treeOid); });
    world.mustHoldTheCanary();
  }
  const OwnedFd outer(::open(world.outer().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  removeTree(outer.get(), "root");
  world.mustHoldTheCanary();
}
