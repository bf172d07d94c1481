// An index spliced equals the index built entry by entry, and git reads both as the same.
#include "git/index_splice.h"

#include <algorithm>
#include <map>
#include <random>

#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;

namespace {

size_t upTo(std::mt19937& random, size_t most) { return std::uniform_int_distribution<size_t>(0, most)(random); }

// Short names over few letters: many common prefixes, files beside directories of their name, neighbours of every kind.
std::string randomPath(std::mt19937& random) {
  std::string path;
  for (size_t parts = 1 + upTo(random, 2); parts > 0; parts--) {
    if (!path.empty()) path += '/';
    for (size_t size = 1 + upTo(random, 9); size > 0; size--) path += "ab-0z"[upTo(random, 4)];
  }
  return path;
}

IndexEntry randomEntry(std::mt19937& random, const std::string& path, bool mayBeExtended) {
  IndexEntry entry;
  entry.path = path;
  entry.mode = upTo(random, 3) == 0 ? kModeExecutable : kModeFile;
  for (unsigned char& byte : entry.oid.id) byte = static_cast<unsigned char>(random());
  entry.stat.mtimeSeconds = static_cast<uint32_t>(random());
  entry.stat.size = 1 + static_cast<uint32_t>(upTo(random, 1000));
  entry.stat.inode = static_cast<uint32_t>(random());
  entry.assumeUnchanged = upTo(random, 9) == 0;
  entry.skipWorktree = mayBeExtended && upTo(random, 4) == 0;
  return entry;
}

std::string textOf(const PageString& bytes) { return {bytes.data(), bytes.size()}; }

// The way that needs no bytes to copy from.
std::string rebuilt(IndexFile index, const std::vector<IndexEdit>& edits, const std::vector<size_t>& distrusted) {
  index.source = nullptr;
  return textOf(splicedIndex(index, edits, distrusted));
}

struct Case {
  std::vector<IndexEdit> edits;
  std::vector<size_t> distrusted;
};

Case randomCase(std::mt19937& random, const IndexFile& index, bool mayBeExtended) {
  std::map<std::string, std::optional<IndexEntry>> edits;
  for (size_t count = upTo(random, 8); count > 0; count--) {
    const bool present = !index.entries.empty() && upTo(random, 2) > 0;
    const std::string path = present ? index.entries[upTo(random, index.entries.size() - 1)].path : randomPath(random);
    edits[path] = upTo(random, 2) == 0 ? std::nullopt : std::optional(randomEntry(random, path, mayBeExtended));
  }
  // Runs of neighbours.
  if (!index.entries.empty() && upTo(random, 1) == 0) {
    const size_t start = upTo(random, index.entries.size() - 1);
    for (size_t i = start; i < std::min(start + upTo(random, 6), index.entries.size()); i++) {
      const std::string& path = index.entries[i].path;
      edits[path] = upTo(random, 1) == 0 ? std::nullopt : std::optional(randomEntry(random, path, mayBeExtended));
    }
  }
  Case made;
  for (const auto& [path, entry] : edits) made.edits.push_back({path, entry});
  std::shuffle(made.edits.begin(), made.edits.end(), random);
  for (size_t i = 0; i < index.entries.size(); i++) {
    if (upTo(random, 5) == 0 && edits.count(index.entries[i].path) == 0) made.distrusted.push_back(i);
  }
  return made;
}

}  // namespace

TEST(index_splice_equals_the_index_that_is_built_anew) {
  std::mt19937 random(29);
  const TempDirectory folder;
  for (int round = 0; round < 1500; round++) {
    IndexFile made;
    made.version = static_cast<uint32_t>(2 + round % 3);
    std::map<std::string, bool> paths;
    for (size_t count = upTo(random, 40); count > 0; count--) paths[randomPath(random)] = true;
    for (const auto& [path, present] : paths) {
      if (upTo(random, 15) == 0) {  // a conflict: up to three stages of one path
        for (uint8_t stage = 1; stage <= 3; stage++) {
          made.entries.push_back(randomEntry(random, path, made.version > 2));
          made.entries.back().stage = stage;
        }
      } else {
        made.entries.push_back(randomEntry(random, path, made.version > 2));
      }
    }
    made.optionalExtensions.push_back({{'R', 'E', 'U', 'C'}, "data"});
    made.optionalExtensions.push_back({{'U', 'N', 'T', 'R'}, "stale"});
    if (upTo(random, 1) == 0) made.treeExtension = std::string("\0-1 0\n", 6);
    folder.write("index", textOf(serializeIndex(made)));
    const IndexFile index = said([&] { return *IndexFile::read(folder.file("index")); });
    const Case edit = randomCase(random, index, index.version > 2);
    const std::string spliced = textOf(splicedIndex(index, edit.edits, edit.distrusted));
    CHECK(spliced == rebuilt(index, edit.edits, edit.distrusted));
    folder.write("spliced", spliced);
    const IndexFile read = said([&] { return *IndexFile::read(folder.file("spliced")); });
    for (const IndexEdit& each : edit.edits) CHECK_EQ(read.find(each.path) != nullptr, each.entry.has_value());
    CHECK_EQ(read.optionalExtensions.size(), size_t{1});
  }
}

TEST(index_splice_is_read_by_git_in_every_version) {
  for (const char* version : {"2", "3", "4"}) {
    const SessionRepository repository;
    for (int i = 0; i < 60; i++) repository.write("folder" + std::to_string(i % 7) + "/file" + std::to_string(i), std::to_string(i));
    repository.commit("base");
    if (*version == '3') {
      repository.git("update-index --skip-worktree folder1/file1");
    } else {
      repository.git(std::string("update-index --index-version ") + version);
    }
    const std::string path = repository.path() + "/.git/index";
    const IndexFile index = said([&] { return *IndexFile::read(path); });
    CHECK_EQ(std::to_string(index.version), version);
    IndexEntry changed = *index.find("folder3/file3"), added = changed;
    changed.oid = repository.oid("HEAD:folder4/file4");
    added.path = "folder3/file30";
    std::string expected;
    {
      repository.git("update-index --add --cacheinfo 100644," + toHex(changed.oid) + ",folder3/file3");
      repository.git("update-index --add --cacheinfo 100644," + toHex(added.oid) + ",folder3/file30");
      repository.git("update-index --force-remove folder5/file5");
      expected = repository.git("ls-files -s -t") + repository.git("write-tree");
    }
    repository.folder().write("repository/.git/index",
                              textOf(splicedIndex(index, {{"folder5/file5", std::nullopt}, {added.path, added}, {changed.path, changed}}, {0})));
    CHECK_EQ(repository.git("ls-files -s -t") + repository.git("write-tree"), expected);
    repository.git("fsck --strict");
  }
}

TEST(index_splice_that_needs_version_3_makes_it) {
  const SessionRepository repository;
  repository.write("a", "1");
  repository.write("b", "2");
  repository.commit("base");
  const std::string path = repository.path() + "/.git/index";
  const IndexFile index = said([&] { return *IndexFile::read(path); });
  IndexEntry sparse = *index.find("a");
  sparse.skipWorktree = true;
  repository.folder().write("repository/.git/index", textOf(splicedIndex(index, {{"a", sparse}}, {})));
  CHECK_EQ(repository.git("ls-files -t"), "S a\nH b");
  CHECK_EQ(failureCode([&] { splicedIndex(index, {{"a", sparse}, {"a", sparse}}, {}); }), failure_code::kInvalid);
}
