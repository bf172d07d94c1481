// An index moved to another tree equals the one that is built anew for it, and anything but an index of ours is left alone.
#include "git/moved_index.h"

#include <map>
#include <random>

#include "git/tree.h"
#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;

namespace {

const Cancel kNever;

std::string textOf(const PageString& bytes) { return {bytes.data(), bytes.size()}; }

size_t upTo(std::mt19937& random, size_t most) { return std::uniform_int_distribution<size_t>(0, most)(random); }

Oid randomOid(std::mt19937& random) {
  Oid oid{};
  for (unsigned char& byte : oid.id) byte = static_cast<unsigned char>(random());
  return oid;
}

FileStat randomStat(std::mt19937& random) {
  FileStat stat;
  stat.mtimeSeconds = static_cast<uint32_t>(random());
  stat.inode = static_cast<uint32_t>(random());
  stat.size = static_cast<uint32_t>(upTo(random, 1000));
  return stat;
}

// Few letters: directories become files and files directories, and one name often begins another. One path is longer than
// the length in an entry's flags can say.
std::string randomPath(std::mt19937& random) {
  if (upTo(random, 60) == 0) return "a/" + std::string(4092 + upTo(random, 1), 'z');
  std::string path;
  for (size_t parts = 1 + upTo(random, 2); parts > 0; parts--) {
    if (!path.empty()) path += '/';
    for (size_t size = 1 + upTo(random, 1); size > 0; size--) path += "ab-0"[upTo(random, 3)];
  }
  return path;
}

using Files = std::map<std::string, TreeFile>;

// Whatever is in the way goes.
void put(Files& files, const TreeFile& file) {
  for (auto other = files.begin(); other != files.end();) {
    const bool above = file.path.compare(0, other->first.size() + 1, other->first + '/') == 0;
    const bool below = other->first.compare(0, file.path.size() + 1, file.path + '/') == 0;
    other = above || below ? files.erase(other) : std::next(other);
  }
  files[file.path] = file;
}

Files changed(std::mt19937& random, Files files, size_t times) {
  for (; times > 0; times--) {
    if (!files.empty() && upTo(random, 2) == 0)
      files.erase(std::next(files.begin(), static_cast<std::ptrdiff_t>(upTo(random, files.size() - 1))));
    else
      put(files, {randomPath(random), upTo(random, 3) == 0 ? kModeExecutable : kModeFile, randomOid(random)});
  }
  return files;
}

Oid treeOf(Handle& handle, const Files& files) {
  std::vector<TreeEdit> edits;
  for (const auto& [path, file] : files) edits.push_back({path, file.mode, file.oid});
  return editTree(handle, kEmptyTreeOid, edits, kNever);
}

IndexFile indexOf(Handle& handle, const Files& files, std::map<std::string, FileStat>& stats, std::mt19937& random) {
  IndexFile index;
  for (const auto& [path, file] : files) {
    IndexEntry& entry = index.entries.emplace_back();
    entry.path = path;
    entry.mode = file.mode;
    entry.oid = file.oid;
    entry.stat = stats.emplace(path, randomStat(random)).first->second;
  }
  index.treeExtension = treeExtensionFor(handle, treeOf(handle, files), kNever);
  return index;
}

}  // namespace

TEST(moved_index_equals_the_index_that_is_built_anew) {
  const SessionRepository repository;
  const std::shared_ptr<Session> session = repository.open();
  const HandleLease handle = session->handle();
  std::mt19937 random(31);
  for (int round = 0; round < 600; round++) {
    const Files before = changed(random, {}, upTo(random, 40));
    const Files after = changed(random, before, upTo(random, 12));
    const Oid oldOid = treeOf(*handle, before), newOid = treeOf(*handle, after);
    std::map<std::string, FileStat> stats;
    const std::string bytes = textOf(serializeIndex(indexOf(*handle, before, stats, random)));

    std::map<std::string, std::optional<IndexEntry>> edits;
    for (const Change& change : diffTrees(*handle, oldOid, newOid, kNever)) edits[change.path];
    for (const auto& [path, file] : after)
      if (upTo(random, 5) == 0) edits[path];  // only its stat data
    for (const auto& edit : edits) stats.erase(edit.first);
    const IndexFile wanted = indexOf(*handle, after, stats, random);
    std::vector<IndexEdit> list;
    for (const auto& edit : edits) {
      const IndexEntry* entry = wanted.find(edit.first);
      list.push_back({edit.first, entry ? std::optional(*entry) : std::nullopt});
    }
    const auto moved = said([&] { return movedIndex(*handle, bytes, oldOid, newOid, list, kNever); });
    CHECK(moved.has_value());
    CHECK(*moved == textOf(serializeIndex(wanted)));
  }
}

TEST(moved_index_refuses_what_a_reset_does_not_write) {
  const SessionRepository repository;
  const std::shared_ptr<Session> session = repository.open();
  const HandleLease handle = session->handle();
  std::mt19937 random(37);
  const Files files = changed(random, {}, 30);
  const Oid treeOid = treeOf(*handle, files);
  std::map<std::string, FileStat> stats;
  const IndexFile index = indexOf(*handle, files, stats, random);
  const auto moves = [&](const IndexFile& other) {
    return movedIndex(*handle, serializeIndex(other), treeOid, treeOid, {}, kNever).has_value();
  };
  CHECK(moves(index));
  IndexFile other = index;
  other.version = 4;
  CHECK(!moves(other));
  other = index;
  other.entries.front().skipWorktree = true;
  CHECK(!moves(other));
  other = index;
  other.entries.back().assumeUnchanged = true;
  CHECK(!moves(other));
  other = index;
  other.entries.front().stage = 2;
  CHECK(!moves(other));
  other = index;
  other.treeExtension = std::nullopt;
  CHECK(!moves(other));
  other.treeExtension = std::string("\0-1 0\n", 6);
  CHECK(!moves(other));
  other = index;
  other.optionalExtensions.push_back({{'R', 'E', 'U', 'C'}, "data"});
  CHECK(!moves(other));
  CHECK(!movedIndex(*handle, serializeIndex(index), kEmptyTreeOid, treeOid, {}, kNever));
  const std::string bytes = textOf(serializeIndex(index));
  for (size_t size = 0; size < bytes.size(); size++)
    CHECK(!movedIndex(*handle, std::string_view(bytes).substr(0, size), treeOid, treeOid, {}, kNever));
}
