// Reading and writing git's index, against the git CLI: each version, flags, conflicts, extensions, damage.
#include "git/index_file.h"

#include <random>

#include "git/checksum.h"
#include "git/safe_path.h"
#include "test/git_repository.h"

using namespace coppice;
using namespace coppice::test;

namespace {

std::string indexPath(const GitRepository& repository) {
  return repository.path() + "/.git/index";
}

// `git ls-files --stage` of the same entries.
std::string staged(const IndexFile& index) {
  std::string text;
  for (const IndexEntry& entry : index.entries) {
    char mode[8];
    snprintf(mode, sizeof mode, "%06o", entry.mode);
    text += std::string(mode) + " " + toHex(entry.oid) + " " + std::to_string(entry.stage) + "\t" + entry.path + "\n";
  }
  if (!text.empty()) text.pop_back();
  return text;
}

void fill(const GitRepository& repository) {
  repository.write("a.txt", "a");
  repository.write("dir/b.txt", "b");
  repository.write("dir/sub/c", "c");
  repository.write("dir.txt", "d");
  repository.write(std::string(200, 'l') + "/" + std::string(200, 'm'), "long");
  repository.write("z/last", "z");
  repository.commitAll("first");
}

void writeBack(const GitRepository& repository, const IndexFile& index) {
  replaceFile(indexPath(repository), serializeIndex(index), Deadline(0), Cancel());
}

}  // namespace

TEST(checksum_is_sha1_both_ways) {
  for (const size_t size : {0, 1, 55, 56, 63, 64, 65, 119, 120, 4096, 100001}) {
    const std::string bytes(size, 'q');
    uint32_t plain[5] = {1, 2, 3, 4, 5}, fast[5] = {1, 2, 3, 4, 5};
    compressPlain(plain, reinterpret_cast<const unsigned char*>(bytes.data()), size / 64);
    if (processorHashes()) {
      compressByProcessor(fast, reinterpret_cast<const unsigned char*>(bytes.data()), size / 64);
      for (int i = 0; i < 5; i++)
        CHECK_EQ(plain[i], fast[i]);
    }
    Checksum pieces;
    for (size_t at = 0; at < size; at += 37)
      pieces.update(std::string_view(bytes).substr(at, 37));
    CHECK(pieces.finish() == Checksum::of(bytes));
  }
  Oid expected{};
  CHECK(parseOid("a9993e364706816aba3e25717850c26c9cd0d89d", expected));
  const Checksum::Digest digest = Checksum::of("abc");
  CHECK_EQ(std::memcmp(digest.data(), expected.id, 20), 0);
}

TEST(index_of_each_version_reads_and_writes_as_git_does) {
  for (const char* version : {"2", "3", "4"}) {
    const GitRepository repository;
    fill(repository);
    repository.git(std::string("update-index --index-version ") + version);
    if (std::string(version) == "3") {
      repository.write("planned", "p");
      repository.git("add -N planned");
      repository.git("update-index --skip-worktree a.txt");
    }
    repository.git("update-index --assume-unchanged dir.txt");
    const std::string before = repository.git("ls-files --stage -v -t --debug");
    const IndexFile index = IndexFile::read(indexPath(repository)).value();
    CHECK_EQ(std::to_string(index.version), version);
    CHECK_EQ(staged(index), repository.git("ls-files --stage"));
    CHECK(index.find("dir.txt")->assumeUnchanged);
    CHECK(index.find("dir") == nullptr);
    CHECK(index.treeExtension.has_value());
    const std::string original = readSmallFile(indexPath(repository), 1 << 20).value();
    CHECK(std::string_view(serializeIndex(index)) == original);
    writeBack(repository, index);
    CHECK_EQ(repository.git("ls-files --stage -v -t --debug"), before);
  }
}

TEST(index_keeps_conflict_stages) {
  const GitRepository repository;
  fill(repository);
  const std::string oid = repository.git("rev-parse HEAD:a.txt");
  repository.git("rm -q --cached a.txt");
  runCommand(repository.path(), "printf '100644 " + oid + " 1\\tboth\\n100644 " + oid + " 3\\tboth\\n' > .git/stages");
  repository.git("update-index --index-info < .git/stages");
  const IndexFile index = IndexFile::read(indexPath(repository)).value();
  CHECK_EQ(staged(index), repository.git("ls-files --stage"));
  CHECK(index.find("both") == nullptr);
  writeBack(repository, index);
  CHECK_EQ(staged(index), repository.git("ls-files --stage"));
}

TEST(index_paths_longer_than_the_length_field) {
  const GitRepository repository;
  std::string path = std::string(200, 'p');
  for (int i = 0; i < 20; i++)
    path += "/" + std::string(200, 'p');  // 4,220 bytes
  path.resize(4094);
  const std::string empty = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
  repository.git("update-index --add --cacheinfo 100644," + empty + "," + path);
  repository.git("update-index --add --cacheinfo 100644," + empty + "," + path + "q");
  for (const char* version : {"2", "4"}) {
    repository.git(std::string("update-index --index-version ") + version);
    const IndexFile index = IndexFile::read(indexPath(repository)).value();
    CHECK_EQ(index.entries.size(), 2u);
    CHECK_EQ(index.entries[1].path, path + "q");
    writeBack(repository, index);
    CHECK_EQ(staged(index), repository.git("ls-files --stage"));
  }
}

TEST(index_written_with_extended_flags_becomes_version_3) {
  const GitRepository repository;
  fill(repository);
  IndexFile index = IndexFile::read(indexPath(repository)).value();
  CHECK_EQ(index.version, 2u);
  index.entries[0].skipWorktree = true;
  writeBack(repository, index);
  CHECK_EQ(repository.git("ls-files -t").substr(0, 2), "S ");
}

TEST(index_drops_extensions_that_are_not_true_any_more) {
  const GitRepository repository;
  fill(repository);
  repository.git("-c core.untrackedCache=true update-index --untracked-cache");
  repository.git("-c core.untrackedCache=true status");
  IndexFile index = IndexFile::read(indexPath(repository)).value();
  CHECK(!index.optionalExtensions.empty());
  index.optionalExtensions.push_back({{'R', 'E', 'U', 'C'}, ""});
  writeBack(repository, index);
  const IndexFile again = IndexFile::read(indexPath(repository)).value();
  CHECK_EQ(again.optionalExtensions.size(), 1u);
  CHECK_EQ(std::string(again.optionalExtensions[0].signature, 4), "REUC");
}

TEST(index_that_is_missing_or_special_is_said_so) {
  const GitRepository repository;
  CHECK(!IndexFile::read(indexPath(repository)));
  fill(repository);
  repository.git("update-index --split-index");
  CHECK_EQ(failureCode([&] { IndexFile::read(indexPath(repository)); }), "UNSUPPORTED_REPOSITORY");
  const GitRepository sparse;
  fill(sparse);
  sparse.git("sparse-checkout set --cone --sparse-index z");
  CHECK_EQ(failureCode([&] { IndexFile::read(indexPath(sparse)); }), "UNSUPPORTED_REPOSITORY");
}

TEST(index_without_hash_is_read) {
  const GitRepository repository;
  fill(repository);
  std::string bytes = readSmallFile(indexPath(repository), 1 << 20).value();
  bytes.replace(bytes.size() - 20, 20, 20, '\0');
  replaceFile(indexPath(repository), bytes, Deadline(0), Cancel());
  CHECK_EQ(staged(IndexFile::read(indexPath(repository)).value()), repository.git("ls-files --stage"));
}

TEST(index_damaged_anywhere_never_gets_through) {
  for (const char* version : {"2", "4"}) {
    const GitRepository repository;
    fill(repository);
    repository.git(std::string("update-index --index-version ") + version);
    const std::string good = readSmallFile(indexPath(repository), 1 << 20).value();
    const std::string path = repository.folder().file("damaged");
    std::mt19937 random(7);
    for (int round = 0; round < 4000; round++) {
      std::string bad = good;
      const bool cut = round % 4 == 0;
      if (cut) bad.resize(random() % good.size());
      for (unsigned i = 0; i <= random() % 3 && !bad.empty(); i++)
        bad[random() % bad.size()] ^= static_cast<char>(1 + random() % 255);
      // Half of them with a valid checksum, so that the parser itself is reached.
      if (round % 2 == 0 && bad.size() > 32) {
        const Checksum::Digest digest = Checksum::of(std::string_view(bad).substr(0, bad.size() - 20));
        bad.replace(bad.size() - 20, 20, reinterpret_cast<const char*>(digest.data()), 20);
      }
      repository.folder().write("damaged", bad);
      const std::string code = failureCode([&] { IndexFile::read(path); });
      CHECK(code == "" || code == "CORRUPT" || code == "UNSUPPORTED_REPOSITORY");
      if (round % 2 == 1 && bad != good) CHECK(code != "");
    }
  }
}

TEST(index_entry_proves_only_what_it_can) {
  const GitRepository repository;
  fill(repository);
  repository.git("update-index --chmod=+x dir/b.txt");
  IndexFile index = IndexFile::read(indexPath(repository)).value();
  IndexEntry entry = *index.find("a.txt");
  struct stat status;
  CHECK_EQ(lstat((repository.path() + "/a.txt").c_str(), &status), 0);
  entry.stat = FileStat::of(status);
  index.mtimeSeconds = entry.stat.mtimeSeconds + 2;
  CHECK(index.proves(entry, status));
  IndexEntry changed = entry;
  changed.assumeUnchanged = true;
  CHECK(!index.proves(changed, status));
  changed = entry;
  changed.skipWorktree = true;
  CHECK(!index.proves(changed, status));
  changed = entry;
  changed.mode = kModeExecutable;
  CHECK(!index.proves(changed, status));
  changed.mode = kModeSymlink;
  CHECK(!index.proves(changed, status));
  changed = entry;
  changed.stat.size++;
  CHECK(!index.proves(changed, status));
  changed = entry;
  changed.stat.inode++;
  CHECK(!index.proves(changed, status));
  index.mtimeSeconds = entry.stat.mtimeSeconds;
  index.mtimeNanoseconds = entry.stat.mtimeNanoseconds;
  CHECK(!index.proves(entry, status));  // racy: written in the same tick
  index.mtimeNanoseconds = 0;
  index.mtimeSeconds = entry.stat.mtimeSeconds;
  CHECK(!index.proves(entry, status));  // a clock of whole seconds
}

TEST(index_tree_extension_is_invalidated_along_the_path) {
  const GitRepository repository;
  fill(repository);
  repository.git("write-tree");
  IndexFile index = IndexFile::read(indexPath(repository)).value();
  const std::string full = index.treeExtension.value();
  CHECK_EQ(invalidateTreeExtension(full, {}).value(), full);
  const std::string changed = invalidateTreeExtension(full, {"dir/sub/c", "z"}).value();
  CHECK(changed.find("sub") != std::string::npos);
  CHECK(changed.find(std::string("z\0", 2)) == std::string::npos);
  CHECK(!invalidateTreeExtension(full.substr(0, full.size() - 1), {"a"}));
  CHECK(!invalidateTreeExtension(full + "x", {"a"}));

  // An entry changed behind git's back: with the extension left as it was, git would write the old tree.
  Oid other{};
  CHECK(parseOid(repository.git("rev-parse HEAD:a.txt"), other));
  for (IndexEntry& entry : index.entries) {
    if (entry.path == "dir/sub/c") entry.oid = other;
  }
  index.treeExtension = changed;
  writeBack(repository, index);
  CHECK_EQ(repository.git("rev-parse " + repository.git("write-tree") + ":dir/sub/c"), toHex(other));
}
