// Adding, listing, locking and removing worktrees, with the git CLI as the oracle: what it sees, what it says is clean,
// what it would prune.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <filesystem>
#include <thread>

#include "git/admin_directory.h"
#include "git/index_file.h"
#include "git/operations.h"
#include "git/safe_path.h"
#include "git/trash.h"
#include "test/at_step.h"
#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;

namespace {

namespace fs = std::filesystem;

// A repository with every kind of entry, and room beside it for worktrees.
class Forest : public SessionRepository {
 public:
  explicit Forest(const std::string& initOptions = "") : SessionRepository(initOptions) {}

  void fill() {
    write("a.txt", "a\n");
    write("empty", "");
    write("dir/b.txt", "b\n");
    write("dir/deep/er/c", std::string(100000, 'c'));
    write("dir.txt", "d\n");
    write("tool", "#!/bin/sh\n");
    write("large", std::string(3 << 20, 'L'));
    write("sp ace/\xc3\xa9\n\"quote", "odd name\n");
    for (int i = 0; i < 200; i++)
      write("many/" + std::to_string(i), "file " + std::to_string(i) + "\n");
    fs::permissions(path() + "/tool", fs::perms::owner_exec, fs::perm_options::add);
    fs::create_directories(path() + "/modules/sub");
    fs::create_symlink("dir/b.txt", path() + "/link");
    fs::create_symlink("/nonexistent/target", path() + "/dir/dangling");
    git("add -A");
    git("update-index --add --cacheinfo 160000,1234567890123456789012345678901234567890,modules/sub");
    git("commit -q -m base");
    // Old enough that the index proves the files: nothing is racy.
    runCommand(path(), "find . -path ./.git -prune -o -type f -print0 | xargs -0 touch -h -d '2001-01-01 01:01:01.5'");
    git("update-index -q --refresh");
  }

  std::string place(const std::string& name) const { return folder().file("trees/" + name); }
  std::string admin(const std::string& name) const { return path() + "/.git/worktrees/" + name; }

  AddWorktreeReply add(Session& session, const std::string& name, bool copy,
                       const std::string& revision = "HEAD") const {
    AddWorktreeRequest request;
    request.name = name;
    request.path = place(name);
    request.baseOid = oid(revision);
    request.lockReason = "coppice: lease of " + name;
    if (copy) request.copyFrom = path();
    const Cancel cancel;
    return said([&] { return addWorktree(session, request, cancel); });
  }

  std::string addFails(Session& session, const std::string& name, bool copy,
                       const std::string& revision = "HEAD") const {
    AddWorktreeRequest request{name, place(name), oid(revision), "reason", std::nullopt};
    if (copy) request.copyFrom = path();
    const Cancel cancel;
    return failureCode([&] { addWorktree(session, request, cancel); });
  }

  void requireClean(const std::string& name) const {
    const std::string status = gitIn(place(name), "status --porcelain --ignored");
    if (!status.empty()) throw std::runtime_error(name + " is not clean: " + status);
    CHECK_EQ(gitIn(place(name), "write-tree"), gitIn(place(name), "rev-parse HEAD^{tree}"));
    gitIn(place(name), "fsck --strict --no-dangling");
  }
};

std::string treeBytes(const std::vector<std::tuple<std::string, std::string, Oid>>& entries) {
  std::string bytes;
  for (const auto& [mode, name, oid] : entries)
    bytes += mode + " " + name + '\0' + std::string(reinterpret_cast<const char*>(oid.id), 20);
  return bytes;
}

}  // namespace

TEST(worktree_added_is_what_git_would_have_made) {
  Forest forest;
  forest.fill();
  const auto session = forest.open();
  forest.git("worktree add -q --detach ../trees/theirs");
  const uint32_t files = 211;
  const AddWorktreeReply inflated = forest.add(*session, "w01", false);
  CHECK_EQ(inflated.files, files);
  CHECK_EQ(inflated.copied, 0u);
  const AddWorktreeReply copied = forest.add(*session, "w02", true);
  CHECK_EQ(copied.files, files);
  CHECK_EQ(copied.copied, files - 3);  // not the links, not the gitlink
  CHECK_EQ(copied.bytes, inflated.bytes);
  for (const char* name : {"w01", "w02"}) {
    forest.requireClean(name);
    CHECK_EQ(folderPicture(forest.place(name)), folderPicture(forest.place("theirs")));
    const std::string list = forest.git("worktree list --porcelain");
    const std::string expected = "worktree " + forest.place(name) + "\nHEAD " + toHex(forest.oid("HEAD")) +
                                 "\ndetached\nlocked coppice: lease of " + name;
    CHECK(list.find(expected) != std::string::npos);
    CHECK_EQ(forest.gitIn(forest.place(name), "reflog show --format=%H HEAD"), toHex(forest.oid("HEAD")));
  }
  forest.git("worktree prune --expire=now");
  CHECK(fs::exists(forest.admin("w01")));
  CHECK_EQ(forest.git("status --porcelain"), "");
  CHECK(fs::is_empty(forest.path() + "/.git/coppice/worktrees"));
}

TEST(worktree_added_by_the_portable_walk_is_the_same) {
  Forest forest;
  forest.fill();
  const auto session = forest.open();
  forest.add(*session, "w01", false);
  RootDirectory::usePortableFallback(true);
  forest.add(*session, "w02", true);
  RootDirectory::usePortableFallback(false);
  forest.requireClean("w02");
  CHECK_EQ(folderPicture(forest.place("w01")), folderPicture(forest.place("w02")));
}

TEST(worktree_copies_nothing_that_is_not_proven) {
  Forest forest;
  forest.fill();
  // Edited; edited behind assume-unchanged; racy; and an index that lies about the content of a file it has just seen.
  forest.write("a.txt", "A\n");
  forest.git("update-index --assume-unchanged dir/b.txt");
  forest.write("dir/b.txt", "B\n");
  forest.git("update-index --skip-worktree dir.txt");
  fs::remove(forest.path() + "/dir.txt");
  fs::remove(forest.path() + "/empty");
  fs::create_symlink("a.txt", forest.path() + "/empty");
  forest.write("many/7", "evil 7\n");
  IndexFile index = IndexFile::read(forest.path() + "/.git/index").value();
  for (IndexEntry& entry : index.entries) {
    struct stat status;
    CHECK_EQ(lstat((forest.path() + "/" + entry.path).c_str(), &status) == 0 || entry.path == "dir.txt" ||
                 entry.path == "modules/sub",
             true);
    if (entry.path == "many/7") entry.stat = FileStat::of(status);
  }
  // The lie must not be excused as racy.
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  replaceFile(forest.path() + "/.git/index", serializeIndex(index), Deadline(0), Cancel());
  const auto session = forest.open();
  const AddWorktreeReply reply = forest.add(*session, "w01", true);
  CHECK_EQ(reply.copied, 211u - 3 - 5);
  forest.requireClean("w01");
  CHECK_EQ(forest.folder().read("trees/w01/a.txt"), "a\n");
  CHECK_EQ(forest.folder().read("trees/w01/dir/b.txt"), "b\n");
  CHECK_EQ(forest.folder().read("trees/w01/dir.txt"), "d\n");
  CHECK_EQ(forest.folder().read("trees/w01/empty"), "");
  CHECK_EQ(forest.folder().read("trees/w01/many/7"), "file 7\n");
}

TEST(worktree_of_another_commit_takes_what_is_equal) {
  Forest forest;
  forest.fill();
  forest.git("tag base");
  forest.write("a.txt", "changed\n");
  fs::remove_all(forest.path() + "/many");
  forest.write("many", "a file now\n");
  forest.commit("second");
  const auto session = forest.open();
  const AddWorktreeReply reply = forest.add(*session, "w01", true, "base");
  CHECK(reply.copied > 0 && reply.copied < 12);
  forest.requireClean("w01");
  CHECK_EQ(forest.folder().read("trees/w01/a.txt"), "a\n");
  CHECK_EQ(forest.folder().read("trees/w01/many/3"), "file 3\n");
}

TEST(worktree_converts_as_git_does_and_refuses_what_it_cannot) {
  Forest forest;
  forest.write(".gitattributes",
               "*.txt text eol=crlf\n*.id ident\n*.bin filter=lfs -text\n*.x filter=rot\n*.utf16 "
               "working-tree-encoding=UTF-16LE\n");
  forest.write("a.txt", "one\ntwo\n");
  forest.write("b.id", "$Id$\n");
  forest.write("c.bin", "pointer\n");
  forest.commit("base");
  const auto session = forest.open();
  CHECK_EQ(forest.add(*session, "w01", true).copied, 2u);  // .gitattributes and c.bin
  forest.requireClean("w01");
  forest.git("worktree add -q --detach ../trees/theirs");
  CHECK_EQ(folderPicture(forest.place("w01")), folderPicture(forest.place("theirs")));
  CHECK_EQ(forest.folder().read("trees/w01/a.txt"), "one\r\ntwo\r\n");

  forest.git("config filter.rot.clean \"tr a-z b-za\"");
  forest.git("config filter.rot.smudge \"tr b-za a-z\"");
  forest.write("d.x", "hello\n");
  forest.write("e.utf16", std::string("h\0i\0\n\0", 6));
  forest.commit("filtered");
  runCommand(forest.path(), "touch -d '2001-01-01' d.x e.utf16");
  forest.git("update-index -q --refresh");
  CHECK_EQ(forest.add(*session, "w02", true).copied, 4u);
  forest.requireClean("w02");
  CHECK_EQ(forest.folder().read("trees/w02/d.x"), "hello\n");
  CHECK_EQ(forest.folder().read("trees/w02/e.utf16"), std::string("h\0i\0\n\0", 6));
  CHECK_EQ(forest.addFails(*session, "w03", false), "UNSUPPORTED_FILTER");
  CHECK(!fs::exists(forest.place("w03")));
  CHECK(!fs::exists(forest.admin("w03")));
  forest.write("d.x", "dirty\n");
  CHECK_EQ(forest.addFails(*session, "w03", true), "UNSUPPORTED_FILTER");
}

TEST(worktree_is_not_copied_through_an_attribute_that_is_older_than_its_files) {
  Forest forest;
  forest.write("a.txt", "one\n");
  forest.commit("base");
  forest.write(".gitattributes", "*.txt eol=crlf\n");
  forest.commit("attributes");  // a.txt stays as it was, and git calls it clean
  CHECK_EQ(forest.git("status --porcelain"), "");
  runCommand(forest.path(), "touch -d '2001-01-01' a.txt");
  forest.git("update-index -q --refresh");
  const auto session = forest.open();
  forest.add(*session, "w01", true);
  CHECK_EQ(forest.folder().read("trees/w01/a.txt"), "one\r\n");
  forest.requireClean("w01");
  // And the other way round: CRLF in the source, nothing asked at the base.
  runCommand(forest.path(), "rm a.txt && " + std::string("git checkout -q a.txt && touch -d '2001-01-01' a.txt"));
  forest.git("update-index -q --refresh");
  CHECK_EQ(forest.read("a.txt"), "one\r\n");
  forest.add(*session, "w02", true, "HEAD~1");
  CHECK_EQ(forest.folder().read("trees/w02/a.txt"), "one\n");
  forest.requireClean("w02");
}

TEST(worktree_respects_core_symlinks_and_filemode) {
  Forest forest;
  forest.fill();
  forest.git("config core.symlinks false");
  forest.git("config core.filemode false");
  const auto session = forest.open();
  forest.add(*session, "w01", false);
  CHECK(fs::is_regular_file(fs::symlink_status(forest.place("w01") + "/link")));
  CHECK_EQ(forest.folder().read("trees/w01/link"), "dir/b.txt");
  forest.requireClean("w01");
}

TEST(worktree_of_a_bare_repository_and_of_a_linked_one) {
  Forest forest;
  forest.fill();
  forest.git("clone -q --bare . ../bare.git");
  const Cancel cancel;
  const auto bare = Session::open({forest.folder().file("bare.git"), 2}, cancel);
  forest.add(*bare, "w01", true);
  forest.requireClean("w01");
  CHECK_EQ(said([&] { return listWorktrees(*bare, {}, cancel); }).worktrees.size(), 1u);
  const auto linked = Session::open({forest.place("w01"), 2}, cancel);
  AddWorktreeRequest request{"w02", forest.place("w02"), forest.oid("HEAD"), "r", forest.place("w01")};
  CHECK(said([&] { return addWorktree(*linked, request, cancel); }).copied > 200);
  forest.requireClean("w02");
  CHECK(fs::exists(forest.folder().file("bare.git/worktrees/w02/HEAD")));
}

TEST(worktree_that_cannot_be_added_leaves_nothing) {
  Forest forest;
  forest.fill();
  const auto session = forest.open();
  forest.folder().write("trees/taken/file", "mine");
  const std::string before = folderPicture(forest.folder().path().string());
  CHECK_EQ(forest.addFails(*session, "taken", true), "EXISTS");
  CHECK_EQ(forest.folder().read("trees/taken/file"), "mine");
  for (const char* name : {"", ".", "..", "a/b", "../x", ".hidden", "x.lock", "a b", "x..y"})
    CHECK_EQ(forest.addFails(*session, name, true), "INVALID");
  const Cancel cancel;
  AddWorktreeRequest request{"w01", "relative/path", forest.oid("HEAD"), "r", std::nullopt};
  for (const std::string& path : {std::string("relative"), forest.folder().file("x/../y"), forest.folder().file("x/"),
                                  forest.folder().file("new/.git")}) {
    request.path = path;
    CHECK_EQ(failureCode([&] { addWorktree(*session, request, cancel); }), "INVALID");
  }
  request.path = forest.folder().file("new/parent/w01");
  request.baseOid = forest.oid("HEAD^{tree}");
  CHECK_EQ(failureCode([&] { addWorktree(*session, request, cancel); }), "INVALID");
  request.baseOid = forest.oid("HEAD");
  Cancel cancelled;
  cancelled.set();
  CHECK_EQ(failureCode([&] { addWorktree(*session, request, cancelled); }), "CANCELLED");
  // A blob that is not there is found in the middle of the work.
  const std::string blob = forest.git("rev-parse HEAD:dir/deep/er/c");
  fs::rename(forest.path() + "/.git/objects/" + blob.substr(0, 2) + "/" + blob.substr(2),
             forest.folder().file("hidden"));
  CHECK_EQ(failureCode([&] { addWorktree(*session, request, cancel); }), "NOT_FOUND");
  fs::rename(forest.folder().file("hidden"),
             forest.path() + "/.git/objects/" + blob.substr(0, 2) + "/" + blob.substr(2));
  CHECK_EQ(folderPicture(forest.folder().path().string()), before);
  CHECK(!fs::exists(forest.path() + "/.git/worktrees"));
  forest.folder().write("repository/.git/worktrees/w01/gitdir", "/elsewhere/.git\n");
  CHECK_EQ(failureCode([&] { addWorktree(*session, request, cancel); }), "EXISTS");
}

TEST(worktree_of_a_hostile_tree_writes_nothing_outside) {
  Forest forest;
  forest.write("outside/victim", "untouched");
  forest.write("f", "evil\n");
  forest.commit("base");
  const Oid blob = forest.oid("HEAD:f");
  Oid link = hashObject(GIT_OBJECT_BLOB, "../../outside");
  forest.git("hash-object -w --stdin", "../../outside");
  const auto rawTree = [&](const std::vector<std::tuple<std::string, std::string, Oid>>& entries) {
    Oid oid{};
    CHECK(parseOid(forest.git("hash-object -t tree --literally -w --stdin", treeBytes(entries)), oid));
    return oid;
  };
  const Oid inner = rawTree({{"100644", "victim", blob}});
  const Oid hooks = rawTree({{"100755", "post-checkout", blob}});
  const std::vector<std::vector<std::tuple<std::string, std::string, Oid>>> trees = {
      {{"40000", ".git", hooks}},
      {{"40000", ".GIT", hooks}},
      {{"40000", "git~1", hooks}},
      {{"40000", "GIT~1", hooks}},
      {{"40000", "..", inner}},
      {{"40000", ".", inner}},
      {{"100644", "../victim", blob}},
      {{"100644", "/tmp/victim", blob}},
      {{"100644", ".git::$INDEX_ALLOCATION", blob}},
      {{"40000", ".git.", hooks}},
      {{"40000", ".git ", hooks}},
      {{"100644", "", blob}},
      {{"120000", "a", link}, {"40000", "a", inner}},
      {{"120000", "a", link}, {"100644", "a.x", blob}, {"40000", "a", inner}},
      {{"120000", ".gitmodules", link}},
      {{"40000", ".g\xe2\x80\x8cit", hooks}},
      {{"100644", ".git\\config", blob}},
      {{"40000", "x", rawTree({{"40000", ".git", hooks}})}},
  };
  const auto session = forest.open();
  int number = 0;
  for (const auto& entries : trees) {
    const std::string commit = forest.git("commit-tree -m hostile " + toHex(rawTree(entries)));
    for (const bool portable : {false, true}) {
      RootDirectory::usePortableFallback(portable);
      const std::string name = "w" + std::to_string(number++);
      const std::string code = forest.addFails(*session, name, false, commit);
      RootDirectory::usePortableFallback(false);
      if (code != "UNSAFE_PATH" && code != "CORRUPT")
        throw std::runtime_error("tree " + std::to_string(number / 2) + " gave \"" + code + "\"");
      CHECK(!fs::exists(forest.place(name)));
    }
  }
  CHECK_EQ(forest.read("outside/victim"), "untouched");
  CHECK(!fs::exists("/tmp/victim"));
  CHECK_EQ(forest.git("status --porcelain"), "");
}

TEST(worktrees_are_listed_as_git_lists_them) {
  Forest forest;
  forest.fill();
  const auto session = forest.open();
  forest.add(*session, "w01", true);
  forest.git("worktree add -q -b topic ../trees/branch");
  forest.git("worktree add -q --detach ../trees/gone");
  forest.git("worktree lock --reason 'on a stick' ../trees/branch");
  fs::remove_all(forest.place("gone"));
  forest.write(".git/worktrees/damaged/gitdir", "");
  forest.write(".git/worktrees/odd/gitdir", forest.place("odd") + "/.git\n");
  fs::create_directories(forest.path() + "/.git/worktrees/odd/HEAD");
  const Cancel cancel;
  const auto list = said([&] { return listWorktrees(*session, {}, cancel); }).worktrees;
  CHECK_EQ(list.size(), 5u);
  CHECK_EQ(list[0].name, "");
  CHECK_EQ(list[0].path, forest.path());
  CHECK_EQ(list[0].headRef.value(), "refs/heads/main");
  CHECK(list[0].headOid.value() == forest.oid("HEAD"));
  CHECK(list[0].present && !list[0].lockReason);
  CHECK_EQ(list[1].name, "branch");
  CHECK_EQ(list[1].headRef.value(), "refs/heads/topic");
  CHECK_EQ(list[1].lockReason.value(), "on a stick");
  CHECK_EQ(list[2].name, "gone");
  CHECK(!list[2].present && list[2].headOid.has_value());
  CHECK_EQ(list[3].name, "odd");
  CHECK(!list[3].headOid && !list[3].present);
  CHECK_EQ(list[4].name, "w01");
  CHECK_EQ(list[4].path, forest.place("w01"));
  CHECK(list[4].present && !list[4].headRef && list[4].headOid.value() == forest.oid("HEAD"));

  said([&] { return lockWorktree(*session, {"w01", "coppice: another"}, cancel); });
  CHECK(forest.git("worktree list --porcelain").find("locked coppice: another") != std::string::npos);
  said([&] { return lockWorktree(*session, {"w01", std::nullopt}, cancel); });
  said([&] { return lockWorktree(*session, {"w01", std::nullopt}, cancel); });
  CHECK(!said([&] { return listWorktrees(*session, {}, cancel); }).worktrees[4].lockReason);
  CHECK_EQ(failureCode([&] { lockWorktree(*session, {"none", "x"}, cancel); }), "NOT_FOUND");
}

TEST(worktree_removed_goes_to_the_trash_and_the_trash_away) {
  Forest forest;
  forest.fill();
  const auto session = forest.open();
  const Cancel cancel;
  const std::string trash = forest.place("trash");
  forest.add(*session, "w01", true);
  forest.add(*session, "w02", true);
  fs::create_directory_symlink(forest.path(), forest.place("w01") + "/back");
  fs::remove(forest.place("w01") + "/.git");  // what the task did there changes nothing
  CHECK_EQ(failureCode([&] { removeWorktree(*session, {"w01", forest.place("w02"), trash}, cancel); }), "INVALID");
  CHECK_EQ(failureCode([&] { removeWorktree(*session, {"w09", forest.place("w02"), trash}, cancel); }), "NOT_FOUND");
  CHECK_EQ(failureCode([&] { removeWorktree(*session, {"", forest.path(), trash}, cancel); }), "INVALID");
  CHECK(fs::exists(forest.place("w02") + "/a.txt"));
  said([&] { return removeWorktree(*session, {"w01", forest.place("w01"), trash}, cancel); });
  CHECK(!fs::exists(forest.place("w01")));
  CHECK(!fs::exists(forest.admin("w01")));
  CHECK(forest.git("worktree list").find("w01") == std::string::npos);
  said([&] { return removeWorktree(*session, {"w01", forest.place("w01"), trash}, cancel); });  // once more is harmless
  fs::rename(forest.place("w02"), forest.place("elsewhere"));
  said([&] {
    return removeWorktree(*session, {"w02", forest.place("w02"), trash}, cancel);
  });  // only the admin directory is left
  CHECK(!fs::exists(forest.path() + "/.git/worktrees"));
  Cancel cancelled;
  cancelled.set();
  CHECK_EQ(failureCode([&] { sweepTrash(*session, {trash}, cancelled); }), "CANCELLED");
  said([&] { return sweepTrash(*session, {trash}, cancel); });
  CHECK(!fs::exists(trash));
  CHECK(fs::exists(forest.path() + "/a.txt"));  // seen through the link, not followed
  said([&] { return sweepTrash(*session, {trash}, cancel); });
}

TEST(trash_goes_whatever_is_in_it_and_nothing_behind_its_links) {
  Forest forest;
  forest.fill();
  const auto session = forest.open();
  const Cancel cancel;
  const std::string trash = forest.folder().file("trash");
  forest.folder().write("mine/file", "precious");
  forest.add(*session, "w01", true);
  const std::string place = forest.place("w01");
  for (int i = 0; i < 100; i++) fs::create_directories(place + "/many" + std::to_string(i) + "/inner/deep");
  fs::create_directories(place + "/src/locked/in");
  fs::create_directory_symlink(forest.folder().file("mine"), place + "/outside");
  fs::create_directory_symlink(forest.folder().file("mine"), place + "/src/outside");
  fs::permissions(place + "/src/locked", fs::perms::none);
  fs::permissions(place + "/src", fs::perms::none);
  said([&] { return removeWorktree(*session, {"w01", place, trash}, cancel); });
  said([&] { return sweepTrash(*session, {trash}, cancel); });
  CHECK(!fs::exists(trash));
  CHECK(fs::exists(forest.folder().file("mine/file")));
}

TEST(trash_that_is_emptied_at_that_moment_takes_the_folder_all_the_same) {
  Forest forest;
  forest.fill();
  const auto session = forest.open();
  const Cancel cancel;
  const std::string trash = forest.folder().file("trash");
  forest.add(*session, "w01", true);
  {
    const AtStep step("trash.entry-made", [&] { emptyTrash(trash, cancel); });
    said([&] { return removeWorktree(*session, {"w01", forest.place("w01"), trash}, cancel); });
  }
  CHECK(!fs::exists(forest.place("w01")));
  CHECK(!fs::exists(forest.admin("w01")));
  forest.add(*session, "w02", true);
  {
    // Gone by another's hand: that is what was wanted.
    const AtStep step("trash.entry-made", [&] { fs::remove_all(forest.place("w02")); });
    said([&] { return removeWorktree(*session, {"w02", forest.place("w02"), trash}, cancel); });
  }
  CHECK(!fs::exists(forest.admin("w02")));
  said([&] { return sweepTrash(*session, {trash}, cancel); });
  CHECK(!fs::exists(trash));
}

TEST(trash_is_never_a_folder_with_other_things) {
  Forest forest;
  forest.fill();
  const auto session = forest.open();
  const Cancel cancel;
  forest.add(*session, "w01", true);
  forest.folder().write("mine/file", "precious");
  CHECK_EQ(failureCode([&] { sweepTrash(*session, {forest.folder().file("mine")}, cancel); }), "INVALID");
  CHECK_EQ(failureCode([&] {
             removeWorktree(*session, {"w01", forest.place("w01"), forest.folder().file("mine")}, cancel);
           }),
           "INVALID");
  CHECK(fs::exists(forest.place("w01") + "/a.txt"));
  CHECK(fs::exists(forest.admin("w01")));
  CHECK_EQ(forest.folder().read("mine/file"), "precious");
}

TEST(worktrees_added_side_by_side_do_not_disturb_each_other) {
  Forest forest;
  forest.fill();
  const auto session = forest.open();
  std::vector<std::thread> threads;
  std::vector<std::string> problems(8);
  for (int i = 0; i < 8; i++) {
    threads.emplace_back([&, i] {
      const std::string name = "w" + std::to_string(i);
      const Cancel cancel;
      try {
        AddWorktreeRequest request{name, forest.place(name), forest.oid("HEAD"), "r", forest.path()};
        addWorktree(*session, request, cancel);
        // Every sibling that a git sees at this moment is whole.
        const CommandResult list =
            runCommand(forest.place(name), "git worktree list --porcelain && git status --porcelain");
        if (list.code != 0) problems[i] = list.output;
        if (i % 2) removeWorktree(*session, {name, forest.place(name), forest.place("trash")}, cancel);
      } catch (const Failure& failure) {
        problems[i] = failure.code + " " + failure.message + " " + failure.path;
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
  for (const std::string& problem : problems)
    CHECK_EQ(problem, "");
  for (int i = 0; i < 8; i += 2)
    forest.requireClean("w" + std::to_string(i));
  CHECK_EQ(std::distance(fs::directory_iterator(forest.path() + "/.git/worktrees"), fs::directory_iterator()), 4);
}

TEST(worktree_is_not_begun_without_room_for_all_of_it) {
  Forest forest;
  forest.fill();
  const auto session = forest.open();
  struct statvfs filesystem;
  CHECK_EQ(::statvfs(forest.path().c_str(), &filesystem), 0);
  const uint64_t free = filesystem.f_bavail * filesystem.f_frsize;
  const auto others = session->diskRoom().take(forest.path(), {free - free / 1000, 0}, 0);
  AddWorktreeRequest request{"w01", forest.place("w01"), forest.oid("HEAD"), "reason", std::nullopt, false, 1u << 30};
  const Cancel cancel;
  CHECK_EQ(failureCode([&] { addWorktree(*session, request, cancel); }), "NO_SPACE");
  CHECK(!fs::exists(forest.place("w01")));
  CHECK(!fs::exists(forest.admin("w01")));
}
