// editTree against git's own index: some hundred generated sets of edits, and what it must refuse.
#include <map>
#include <random>

#include "git/tree.h"
#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;

namespace {

const Cancel kNever;
using Files = std::map<std::string, std::string>;  // path -> content

// Few names, so that files and directories of one name meet often; the odd ones sort on either side of '/'.
std::string randomPath(std::mt19937& random) {
  static const char* const names[] = {"a", "a-", "a0", "b", "b.c", "x"};
  std::string path = names[random() % 6];
  for (unsigned depth = random() % 3; depth > 0; depth--) path += std::string("/") + names[random() % 6];
  return path;
}

bool collides(const Files& files, const std::string& path) {
  for (size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    if (files.count(path.substr(0, slash))) return true;
  }
  const auto below = files.lower_bound(path + "/");
  return below != files.end() && below->first.rfind(path + "/", 0) == 0;
}

std::string indexInfo(const Files& files) {
  std::string text;
  for (const auto& [path, content] : files) text += "100644 " + toHex(hashObject(GIT_OBJECT_BLOB, content)) + "\t" + path + "\n";
  return text;
}

// What git makes of these files, in an index of its own.
std::string gitTree(const SessionRepository& repository, const Files& files) {
  repository.git("read-tree --empty");
  if (!files.empty()) repository.git("update-index --index-info", indexInfo(files));
  return repository.git("write-tree --missing-ok");
}

}  // namespace

TEST(tree_edit_equals_git_on_generated_edits) {
  const SessionRepository repository;
  const auto session = repository.open();
  const HandleLease handle = session->handle();
  std::mt19937 random(20261122);
  Files files;
  Oid treeOid = kEmptyTreeOid;
  for (int round = 0; round < 300; round++) {
    std::vector<TreeEdit> edits;
    for (unsigned count = random() % 6; count > 0; count--) {
      const std::string path = randomPath(random);
      if (random() % 3 == 0) {
        edits.push_back({path, 0, {}});
        files.erase(path);
      } else if (!collides(files, path)) {
        const std::string content = std::to_string(random() % 50);
        edits.push_back({path, kModeFile, handle->write(GIT_OBJECT_BLOB, content)});
        files[path] = content;
      }
    }
    treeOid = said([&] { return editTree(*handle, treeOid, edits, kNever); });
    CHECK_EQ(toHex(treeOid), gitTree(repository, files));
  }
}

TEST(tree_edit_changes_a_file_into_a_directory_only_when_the_file_goes) {
  const SessionRepository repository;
  const auto session = repository.open();
  const HandleLease handle = session->handle();
  const Oid blob = handle->write(GIT_OBJECT_BLOB, "x");
  const auto edit = [&](const Oid& tree, std::vector<TreeEdit> edits) { return editTree(*handle, tree, std::move(edits), kNever); };
  const Oid file = edit(kEmptyTreeOid, {{"a", kModeFile, blob}, {"keep", kModeFile, blob}});
  CHECK_EQ(failureCode([&] { edit(file, {{"a/b", kModeFile, blob}}); }), failure_code::kInvalid);
  const Oid directory = said([&] { return edit(file, {{"a", 0, {}}, {"a/b", kModeFile, blob}}); });
  CHECK_EQ(toHex(directory), gitTree(repository, {{"a/b", "x"}, {"keep", "x"}}));
  CHECK_EQ(failureCode([&] { edit(directory, {{"a", kModeFile, blob}}); }), failure_code::kInvalid);
  CHECK(said([&] { return edit(directory, {{"a/b", 0, {}}, {"a", kModeFile, blob}}); }) == file);
  CHECK(edit(directory, {{"a", 0, {}}}) == directory);
  CHECK(edit(file, {{"a", 0, {}}, {"keep", 0, {}}}) == kEmptyTreeOid);
}

TEST(tree_edit_refuses_paths_and_modes_that_no_file_has) {
  const SessionRepository repository;
  const auto session = repository.open();
  const HandleLease handle = session->handle();
  const Oid blob = handle->write(GIT_OBJECT_BLOB, "x");
  const auto code = [&](const std::string& path, uint32_t mode) {
    return failureCode([&] { editTree(*handle, kEmptyTreeOid, {{path, mode, blob}}, kNever); });
  };
  for (const char* path : {"/a", "a/", "a//b", "../a", "a/..", ".", "a/./b"}) CHECK_EQ(code(path, kModeFile), failure_code::kUnsafePath);
  CHECK_EQ(code("", kModeFile), failure_code::kInvalid);
  CHECK_EQ(code(std::string("a\0b", 3), kModeFile), failure_code::kInvalid);
  CHECK_EQ(code(std::string(5000, 'a'), kModeFile), failure_code::kInvalid);
  CHECK_EQ(code("a", kModeTree), failure_code::kInvalid);
  CHECK_EQ(code("a", 0100664), failure_code::kInvalid);
}
