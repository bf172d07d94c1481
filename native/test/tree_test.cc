// Trees: untrusted bytes are refused, and every result is git's own.
#include "git/tree.h"

#include <random>
#include <set>

#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;

namespace {

const Cancel kNever;

std::string entry(const std::string& mode, const std::string& name) {
  return mode + " " + name + std::string(1, '\0') + std::string(20, '\x11');
}

std::string parseCode(const std::string& bytes) {
  return failureCode([&] { Tree::parse(bytes, Oid{}); });
}

}  // namespace

TEST(tree_parse_refuses_malformed_bytes) {
  const std::string good = entry("100644", "a") + entry("40000", "b");
  CHECK_EQ(parseCode(good), "");
  for (size_t size = 1; size < good.size(); size++) {
    if (size == entry("100644", "a").size()) continue;
    CHECK_EQ(parseCode(good.substr(0, size)), failure_code::kCorrupt);
  }
  CHECK_EQ(parseCode(entry("100644", "")), failure_code::kCorrupt);
  CHECK_EQ(parseCode(entry("100644", "a/b")), failure_code::kCorrupt);
  CHECK_EQ(parseCode(entry("100644", "..")), failure_code::kUnsafePath);
  CHECK_EQ(parseCode(entry("40000", ".")), failure_code::kUnsafePath);
  CHECK_EQ(parseCode(entry("10064x", "a")), failure_code::kCorrupt);
  CHECK_EQ(parseCode(entry("010000", "a")), failure_code::kCorrupt);
  CHECK_EQ(parseCode(entry("77777777777777100644", "a")), failure_code::kCorrupt);
  CHECK_EQ(parseCode(entry("100644", "b") + entry("100644", "a")), failure_code::kCorrupt);
  CHECK_EQ(parseCode(entry("100644", "a") + entry("100644", "a")), failure_code::kCorrupt);
  CHECK_EQ(parseCode(entry("100644", "a") + entry("100644", "a-b") + entry("40000", "a")), failure_code::kCorrupt);
  CHECK_EQ(parseCode(entry("100644", "a") + entry("40000", "a")), failure_code::kCorrupt);
}

TEST(tree_find_sees_both_kinds) {
  const auto tree = Tree::parse(entry("100644", "a") + entry("100644", "a-b") + entry("40000", "b") + entry("100644", "c"), Oid{});
  CHECK(tree->find("a") != nullptr && tree->find("b")->isTree() && tree->find("c") != nullptr);
  CHECK(tree->find("a-") == nullptr && tree->find("d") == nullptr && tree->find("") == nullptr);
}

TEST(tree_old_group_writable_modes_read_as_git_reads_them) {
  CHECK_EQ(Tree::parse(entry("100664", "a"), Oid{})->entries[0].mode, kModeFile);
  CHECK_EQ(Tree::parse(entry("100775", "a"), Oid{})->entries[0].mode, kModeExecutable);
}

TEST(tree_round_trip_gives_the_same_bytes) {
  const SessionRepository repository;
  repository.write("a", "1");
  repository.write("a-b", "2");
  repository.write("a.d/x", "3");
  repository.write("d/e/f", "4");
  repository.commit("first");
  const auto session = repository.open();
  const HandleLease handle = session->handle();
  const Oid treeOid = repository.oid("HEAD^{tree}");
  const TreePtr tree = said([&] { return readTree(*handle, treeOid); });
  CHECK(writeTree(*handle, tree->entries) == treeOid);
  CHECK(treeOfTreeish(*handle, repository.oid("HEAD")) == treeOid);
  repository.git("tag -a -m tag t HEAD");
  repository.git("tag -a -m tag t2 t");
  CHECK(said([&] { return treeOfTreeish(*handle, repository.oid("t2")); }) == treeOid);
  CHECK_EQ(failureCode([&] { treeOfTreeish(*handle, repository.oid("HEAD:a")); }), failure_code::kInvalid);
}

TEST(tree_empty_tree_is_known_without_an_object) {
  const SessionRepository repository;
  const auto session = repository.open();
  const HandleLease handle = session->handle();
  CHECK_EQ(toHex(kEmptyTreeOid), repository.git("hash-object -t tree /dev/null"));
  CHECK(readTree(*handle, kEmptyTreeOid)->entries.empty());
  CHECK(writeTree(*handle, {}) == kEmptyTreeOid);
}

TEST(tree_listing_and_differences_are_gits) {
  const SessionRepository repository;
  for (const char* name : {"a", "a-b", "a0", "b/c/d", "b/c-d", "b.c", "z/y/x/w", "gone/x", "turns"}) repository.write(name, name);
  repository.commit("first");
  repository.write("b/c/d", "changed");
  repository.write("new/file", "new");
  repository.git("rm -q -r gone turns");
  repository.write("turns/into", "a directory");
  repository.commit("second");
  const auto session = repository.open();
  const HandleLease handle = session->handle();
  std::string listed, changed;
  for (const TreeFile& file : said([&] { return listTree(*handle, repository.oid("HEAD^{tree}"), kNever); })) {
    listed += (listed.empty() ? "" : "\n") + file.path;
  }
  CHECK_EQ(listed, repository.git("ls-files"));
  for (const Change& change : diffTrees(*handle, repository.oid("HEAD~^{tree}"), repository.oid("HEAD^{tree}"), kNever)) {
    const char letter = !change.oldOid ? 'A' : !change.newOid ? 'D' : 'M';
    changed += (changed.empty() ? "" : "\n") + std::string(1, letter) + "\t" + change.path;
  }
  CHECK_EQ(changed, repository.git("diff-tree -r --no-renames --name-status HEAD~ HEAD"));
}

TEST(tree_cancelled_walks_stop) {
  const SessionRepository repository;
  repository.write("a", "1");
  repository.commit("first");
  const auto session = repository.open();
  const HandleLease handle = session->handle();
  Cancel cancel;
  cancel.set();
  CHECK_EQ(failureCode([&] { listTree(*handle, repository.oid("HEAD^{tree}"), cancel); }), failure_code::kCancelled);
}
