// Resetting a worktree: after whatever a task has done, files, modes, index and admin directory are those of a fresh
// checkout.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "git/index_file.h"
#include "git/operations.h"
#include "git/safe_path.h"
#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;

namespace {

namespace fs = std::filesystem;

// A repository with two commits, a worktree of ours ("w01") and one that git made ("theirs") to compare with.
class Field : public SessionRepository {
 public:
  Field() {
    write(".gitignore", "*.log\n/cache/\n");
    write("a.txt", "a\n");
    write("tool", "#!/bin/sh\n");
    write("dir/b.txt", "b\n");
    write("dir/deep/er/c", "c\n");
    write("dir/deep/.gitignore", "*.tmp\n");
    write("dir.txt", "d\n");
    for (int i = 0; i < 40; i++)
      write("many/" + std::to_string(i), "file " + std::to_string(i) + "\n");
    fs::permissions(path() + "/tool", fs::perms::owner_exec, fs::perm_options::add);
    fs::create_symlink("dir/b.txt", path() + "/link");
    fs::create_directories(path() + "/modules/sub");
    git("add -A");
    git("update-index --add --cacheinfo 160000,1234567890123456789012345678901234567890,modules/sub");
    git("commit -q -m base");
    git("tag base");
    write("a.txt", "second\n");
    fs::remove(path() + "/dir.txt");
    write("dir.txt/now/a", "directory\n");
    fs::remove_all(path() + "/dir");
    write("dir", "a file\n");
    write(".gitignore", "*.log\n*.o\n");
    git("add -A");
    git("commit -q -m second");
    git("tag second");
    git("reset -q --hard base");
    git("worktree add -q --detach ../trees/theirs base");
    session = open();
    const Cancel cancel;
    AddWorktreeRequest request{"w01", root(), oid("base"), "leased", path()};
    said([&] { return addWorktree(*session, request, cancel); });
  }

  std::string root() const { return folder().file("trees/w01"); }
  std::string admin() const { return path() + "/.git/worktrees/w01"; }
  std::string file(const std::string& name) const { return root() + "/" + name; }
  void edit(const std::string& name, const std::string& content) const { folder().write("trees/w01/" + name, content); }
  std::string content(const std::string& name) const { return folder().read("trees/w01/" + name); }
  std::string gitThere(const std::string& arguments) const { return gitIn(root(), arguments); }

  ResetReply resetTo(const std::string& revision, bool keepIgnored = false,
                     const std::vector<std::string>& keep = {}) const {
    const Cancel cancel;
    return said([&] { return reset(*session, {"w01", root(), oid(revision), keepIgnored, keep}, cancel); });
  }

  // All that a fresh checkout of `revision` would show, and nothing else.
  void requireFresh(const std::string& revision) const {
    const std::string theirs = folder().file("trees/theirs");
    gitIn(theirs, "checkout -q --detach " + revision + " && git clean -q -ffdx && mkdir -p modules/sub");
    requireSame(folderPicture(root()), folderPicture(theirs), "files");
    requireSame(gitThere("status --porcelain --ignored"), "", "status");
    requireSame(gitThere("ls-files --stage -v"), gitIn(theirs, "ls-files --stage -v"), "index");
    const std::string commit = git("rev-parse " + revision + "^{commit}");
    CHECK_EQ(gitThere("rev-parse HEAD --git-dir"), commit + "\n" + admin());
    CHECK_EQ(gitThere("write-tree"), gitIn(theirs, "write-tree"));
    requireSame(runCommand(admin(), "find . -printf '%P %y\\n' | sort").output,
                " d\nHEAD f\ncommondir f\ngitdir f\nindex f\nlocked f\nlogs d\nlogs/HEAD f\n", "admin directory");
    const std::string listed = "worktree " + root() + "\nHEAD " + commit + "\ndetached\nlocked leased";
    CHECK(git("worktree list --porcelain").find(listed) != std::string::npos);
  }

  static void requireSame(const std::string& actual, const std::string& expected, const std::string& what) {
    if (actual == expected) return;
    const auto differ = std::mismatch(actual.begin(), actual.end(), expected.begin(), expected.end());
    const auto line = [](const std::string& text, std::string::const_iterator at) {
      const size_t start = text.rfind('\n', static_cast<size_t>(at - text.begin())) + 1;
      return text.substr(start, text.find('\n', start + 1) - start);
    };
    throw std::runtime_error(what + " differ: \"" + line(actual, differ.first) + "\" instead of \"" +
                             line(expected, differ.second) + "\"");
  }

  std::shared_ptr<Session> session;
};

}  // namespace

TEST(reset_of_an_untouched_worktree_writes_nothing) {
  const Field field;
  field.resetTo("base");  // whatever was racy after the checkout is proven by now
  const ResetReply reply = field.resetTo("base");
  CHECK_EQ(reply.written, 0u);
  CHECK_EQ(reply.removed, 0u);
  field.requireFresh("base");
}

TEST(reset_writes_only_what_differs) {
  const Field field;
  field.edit("a.txt", "changed\n");
  fs::remove(field.file("many/7"));
  field.edit("new", "new\n");
  field.edit("many/8", "file 8\n");  // the same content again
  struct stat before, after;
  CHECK_EQ(lstat(field.file("many/9").c_str(), &before), 0);
  const ResetReply reply = field.resetTo("base");
  CHECK_EQ(reply.written, 2u);
  CHECK_EQ(reply.removed, 1u);
  CHECK_EQ(lstat(field.file("many/9").c_str(), &after), 0);
  CHECK_EQ(before.st_ino, after.st_ino);
  field.requireFresh("base");
}

TEST(reset_moves_between_commits) {
  const Field field;
  for (const char* revision : {"second", "base", "second", "second", "base"}) {
    field.resetTo(revision);
    field.requireFresh(revision);
  }
}

TEST(reset_undoes_swaps_of_kinds) {
  const Field field;
  field.folder().write("outside/victim", "untouched");
  fs::remove(field.file("a.txt"));
  field.edit("a.txt/x/y", "a directory now");
  fs::remove_all(field.file("dir"));
  fs::create_directory_symlink(field.folder().file("outside"), field.file("dir"));
  fs::remove_all(field.file("many"));
  field.edit("many", "a file now");
  fs::remove(field.file("tool"));
  fs::create_symlink(field.folder().file("outside/victim"), field.file("tool"));
  fs::remove(field.file("link"));
  CHECK_EQ(mkfifo(field.file("link").c_str(), 0600), 0);
  field.edit("modules/sub/.git", "gitdir: nowhere\n");
  field.edit("modules/sub/file", "x");
  field.resetTo("base");
  field.requireFresh("base");
  fs::remove_all(field.file("modules"));
  field.edit("modules", "x");
  fs::remove(field.file("dir.txt"));
  CHECK_EQ(mkfifo(field.file("dir.txt").c_str(), 0600), 0);
  field.resetTo("base");
  field.requireFresh("base");
  CHECK_EQ(field.folder().read("outside/victim"), "untouched");
  CHECK_EQ(std::distance(fs::directory_iterator(field.folder().file("outside")), fs::directory_iterator()), 1);
}

TEST(reset_restores_modes_and_breaks_hard_links) {
  const Field field;
  fs::permissions(field.file("tool"), fs::perms::owner_read | fs::perms::owner_write);
  fs::permissions(field.file("a.txt"), fs::perms::owner_read);
  fs::permissions(field.file("many/3"), fs::perms::all);
  fs::permissions(field.file("many"), fs::perms::owner_read | fs::perms::owner_exec);
  fs::permissions(field.file("dir/deep"), fs::perms::all);
  fs::create_hard_link(field.file("dir.txt"), field.folder().file("leak"));
  field.resetTo("base");
  field.requireFresh("base");
  runCommand(field.folder().path().string(), "echo leaked > leak");
  CHECK_EQ(field.content("dir.txt"), "d\n");
}

TEST(reset_removes_nested_repositories_and_special_files) {
  const Field field;
  Field::gitIn(field.root(), "init -q nested");
  field.edit("nested/file", "x");
  Field::gitIn(field.root(), "init -q cache/ignored");
  Field::gitIn(field.root(), "init -q dir/deep");  // around files of the base
  field.edit("a/.git/config", "not a repository");
  const int socketFd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const OwnedFd owner(socketFd);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  field.file("sock").copy(address.sun_path, sizeof address.sun_path - 1);
  CHECK_EQ(bind(socketFd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  field.resetTo("base");
  field.requireFresh("base");
}

TEST(reset_gives_the_git_file_back) {
  const Field field;
  field.edit(".git", "gitdir: /somewhere/else\n");
  field.resetTo("base");
  field.requireFresh("base");
  fs::remove(field.file(".git"));
  field.resetTo("base");
  field.requireFresh("base");
  fs::remove(field.file(".git"));
  Field::gitIn(field.root(), "init -q .");
  Field::gitIn(field.root(), "add -A");
  field.resetTo("base");
  field.requireFresh("base");
  fs::remove(field.file(".git"));
  field.folder().write("copy", "gitdir: " + field.admin() + "\n");
  fs::create_symlink(field.folder().file("copy"), field.file(".git"));
  field.resetTo("base");
  CHECK(fs::is_regular_file(fs::symlink_status(field.file(".git"))));
}

TEST(reset_ends_what_a_tasks_git_has_begun) {
  const Field field;
  field.git("config extensions.worktreeConfig true");
  field.gitThere("checkout -q -b topic");
  field.edit("a.txt", "conflicting\n");
  field.gitThere("commit -q -a -m topic");
  Field::gitIn(field.root(), "merge second || true");
  field.gitThere("config --worktree core.fileMode false");
  field.gitThere("config --worktree core.excludesFile " + field.file("hide"));
  field.edit("hide", "*\n");
  field.edit("hidden", "x");
  field.gitThere("update-ref refs/worktree/mine HEAD");
  field.gitThere("update-ref refs/bisect/bad HEAD");
  field.gitThere("sparse-checkout set --no-cone many");
  for (const char* name : {"CHERRY_PICK_HEAD", "REVERT_HEAD", "BISECT_LOG", "AUTO_MERGE", "FETCH_HEAD", "index.lock",
                           "HEAD.lock", "unknown"})
    field.folder().write("repository/.git/worktrees/w01/" + std::string(name), "x\n");
  for (const char* name : {"rebase-merge/done", "rebase-apply/next", "sequencer/todo", "modules/sub/HEAD",
                           "refs/rewritten/onto", "logs/refs/worktree/mine"})
    field.folder().write("repository/.git/worktrees/w01/" + std::string(name), "x\n");
  field.resetTo("base");
  field.requireFresh("base");
  CHECK_EQ(field.git("log -1 --format=%s topic"), "topic");  // a branch is the repository's, not the worktree's
}

TEST(reset_replaces_an_index_that_cannot_be_read) {
  const Field field;
  for (const std::string& bytes : {std::string("damaged"), std::string()}) {
    field.folder().write("repository/.git/worktrees/w01/index", bytes);
    field.resetTo("base");
    field.requireFresh("base");
  }
  fs::remove(field.admin() + "/index");
  field.resetTo("base");
  field.requireFresh("base");
  field.gitThere("update-index --split-index");
  field.resetTo("base");
  field.requireFresh("base");
  fs::remove(field.admin() + "/index");
  fs::create_directories(field.admin() + "/index/x");
  fs::remove(field.admin() + "/HEAD");
  fs::create_symlink("/nonexistent", field.admin() + "/HEAD");
  field.folder().write("repository/.git/worktrees/w01/commondir", "/tmp\n");
  field.resetTo("base");
  field.requireFresh("base");
}

TEST(reset_sees_what_flags_and_races_hide) {
  const Field field;
  field.gitThere("update-index --assume-unchanged a.txt");
  field.gitThere("update-index --skip-worktree dir.txt");
  field.edit("a.txt", "A\n");
  fs::remove(field.file("dir.txt"));
  field.edit("many/1", "FILE 1\n");
  field.gitThere("add many/1");
  field.edit("many/1", "file X\n");
  field.resetTo("base");
  field.requireFresh("base");
}

TEST(reset_keeps_or_removes_what_is_ignored_by_the_base) {
  const Field field;
  const auto leave = [&] {
    field.edit("build.log", "log");
    field.edit("cache/deep/file", "cached");
    field.edit("dir/deep/x.tmp", "tmp");
    field.edit("kept/file", "not ignored");
    field.edit("mixed/x.log", "log");
    field.edit("mixed/y", "not ignored");
  };
  leave();
  field.resetTo("base", true);
  CHECK_EQ(field.content("cache/deep/file") + field.content("build.log") + field.content("dir/deep/x.tmp") +
               field.content("mixed/x.log"),
           "cachedlogtmplog");
  CHECK(!fs::exists(field.file("kept")) && !fs::exists(field.file("mixed/y")));
  CHECK_EQ(field.gitThere("status --porcelain"), "");

  // The task's own rules decide nothing: neither those that hide nor those that show.
  field.edit(".gitignore", "*.new\n");
  fs::remove(field.file("dir/deep/.gitignore"));
  field.edit("x.new", "hidden by the task");
  field.edit("sub/.gitignore", "deeper/\n");
  field.edit("sub/deeper/.gitignore", "secret/\n");
  field.edit("sub/deeper/secret/file", "x");
  field.edit("forced.log", "tracked by the task");
  field.gitThere("add -f forced.log x.new");
  field.resetTo("base", true);
  CHECK_EQ(field.content("cache/deep/file") + field.content("build.log") + field.content("dir/deep/x.tmp"),
           "cachedlogtmp");
  CHECK(!fs::exists(field.file("x.new")) && !fs::exists(field.file("sub")) && !fs::exists(field.file("forced.log")));
  CHECK_EQ(field.gitThere("status --porcelain"), "");

  field.resetTo("base", false);
  field.requireFresh("base");
}

TEST(reset_never_touches_provisioned_paths) {
  const Field field;
  for (const bool keepIgnored : {false, true}) {
    field.edit("node_modules/left/pad.js", "js");
    field.edit("cache/mine/file", "mine");
    field.edit("cache/other/file", "other");
    field.edit(".env", "SECRET=1");
    field.edit("pkg/node_modules/x", "x");
    field.edit("pkg/stray", "stray");
    field.resetTo("base", keepIgnored, {"node_modules", "cache/mine/", ".env", "pkg/node_modules"});
    CHECK_EQ(field.content("node_modules/left/pad.js") + field.content("cache/mine/file") + field.content(".env") +
                 field.content("pkg/node_modules/x"),
             "jsmineSECRET=1x");
    CHECK(!fs::exists(field.file("pkg/stray")));
    CHECK_EQ(fs::exists(field.file("cache/other/file")), keepIgnored);
  }
  field.resetTo("base");
  field.requireFresh("base");
}

TEST(reset_converts_content_and_refuses_filters) {
  const Field field;
  field.write(".gitattributes", "*.crlf text eol=crlf\n*.id ident\n*.rot filter=rot\n");
  field.write("a.crlf", "one\ntwo\n");
  field.write("b.id", "$Id$\n");
  field.write("c.rot", "content\n");
  field.commit("attributes");
  field.resetTo("main");
  field.requireFresh("main");
  field.edit("a.crlf", "one\ntwo\n");
  field.edit("b.id", "$Id: wrong $\n");
  runCommand(field.root(), "touch a.txt");
  field.resetTo("main");
  field.requireFresh("main");
  CHECK_EQ(field.content("a.crlf"), "one\r\ntwo\r\n");
  field.git("config filter.rot.smudge \"tr a-z b-za\"");
  field.resetTo("main");  // untouched, so nothing has to be made
  field.edit("c.rot", "changed\n");
  const Cancel cancel;
  CHECK_EQ(failureCode([&] {
             reset(*field.session, {"w01", field.root(), field.oid("main"), false, {}}, cancel);
           }),
           "UNSUPPORTED_FILTER");
}

TEST(reset_refuses_what_is_not_the_worktree) {
  const Field field;
  const Cancel cancel;
  const auto code = [&](const std::string& name, const std::string& path, const std::vector<std::string>& keep = {}) {
    return failureCode([&] { reset(*field.session, {name, path, field.oid("base"), false, keep}, cancel); });
  };
  field.edit("precious", "x");
  CHECK_EQ(code("w02", field.root()), "NOT_FOUND");
  CHECK_EQ(code("w01", field.path()), "INVALID");
  CHECK_EQ(code("../..", field.path()), "INVALID");
  CHECK_EQ(code("theirs", field.root()), "INVALID");
  CHECK_EQ(code("w01", field.root(), {"../x"}), "UNSAFE_PATH");
  CHECK_EQ(code("w01", field.root(), {""}), "UNSAFE_PATH");
  fs::rename(field.root(), field.folder().file("moved"));
  fs::create_directory_symlink(field.folder().file("moved"), field.root());
  CHECK_EQ(code("w01", field.root()), "INVALID");
  fs::remove(field.root());
  CHECK_EQ(code("w01", field.root()), "NOT_FOUND");
  fs::rename(field.folder().file("moved"), field.root());
  Cancel cancelled;
  cancelled.set();
  CHECK_EQ(failureCode([&] {
             reset(*field.session, {"w01", field.root(), field.oid("base"), false, {}}, cancelled);
           }),
           "CANCELLED");
  CHECK_EQ(field.content("precious"), "x");
}

TEST(reset_opens_closed_directories) {
  const Field field;
  field.edit("closed/inner/file", "x");
  field.edit("cache/closed/file", "x");
  field.gitThere("add closed");
  const bool root = geteuid() == 0;
  if (root) {  // root is stopped by no mode: become somebody else
    CHECK_EQ(runCommand(field.folder().path().string(), "chown -R 65534 . && chmod 755 \"$HOME\"").code, 0);
    CHECK_EQ(seteuid(65534), 0);
  }
  for (const char* name : {"closed/inner", "closed", "cache/closed", "dir/deep", "dir", "many"})
    fs::permissions(field.file(name), fs::perms::none);
  fs::permissions(field.file("a.txt"), fs::perms::none);
  fs::permissions(field.root(), fs::perms::none);
  const Cancel cancel;
  std::string problem;
  try {
    // A session of its own: the repository must belong to the one who opens it.
    const auto session = Session::open({field.path(), 2}, cancel);
    Oid base{};
    parseOid(runCommand(field.path(), "git -c safe.directory='*' rev-parse base").output.substr(0, 40), base);
    reset(*session, {"w01", field.root(), base, false, {}}, cancel);
  } catch (const Failure& failure) {
    problem = failure.code + " " + failure.operation + " " + failure.message + " " + failure.path;
  }
  if (root) {
    CHECK_EQ(seteuid(0), 0);
    CHECK_EQ(runCommand(field.folder().path().string(), "chown -R 0 .").code, 0);
  }
  CHECK_EQ(problem, "");
  runCommand(field.root(), "chmod 755 .");  // of the folder itself only the owner's rights are given back
  field.requireFresh("base");
}

TEST(reset_after_generated_edits_is_a_fresh_checkout) {
  const Field field;
  std::mt19937 random(5);
  const std::vector<std::string> places = {"a.txt",
                                           "tool",
                                           "dir",
                                           "dir/b.txt",
                                           "dir/deep",
                                           "dir/deep/er",
                                           "dir/deep/er/c",
                                           "dir/deep/.gitignore",
                                           ".gitignore",
                                           "dir.txt",
                                           "dir.txt/now",
                                           "dir.txt/now/a",
                                           "link",
                                           "many",
                                           "many/1",
                                           "many/2",
                                           "many/30",
                                           "modules",
                                           "modules/sub",
                                           "new",
                                           "new/file",
                                           "new/deep/file",
                                           "x.log",
                                           "cache",
                                           "cache/x",
                                           "dir/x.tmp",
                                           "dir/deep/x.tmp",
                                           "y.o"};
  const auto pick = [&] { return places[random() % places.size()]; };
  const std::vector<std::string> contents = {
      "", "a\n", "b\n", "file 1\n", "other\n", "*.log\n", "*\n", "!x.log\n", std::string(5000, 'z')};
  const auto action = [&](std::error_code& error) {
    const std::string path = field.file(pick());
    switch (random() % 12) {
      case 0:
        fs::remove_all(path, error);
        break;
      case 1:
      case 2:
      case 3: {
        fs::create_directories(fs::path(path).parent_path(), error);
        const OwnedFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0666));
        const std::string& text = contents[random() % contents.size()];
        if (file && write(file.get(), text.data(), text.size()) < 0) throw std::runtime_error("write");
        break;
      }
      case 4:
        fs::create_directories(path, error);
        break;
      case 5:
        fs::remove_all(path, error);
        fs::create_symlink(pick(), path, error);
        break;
      case 6:
        fs::rename(path, field.file(pick()), error);
        break;
      case 7:
        if (fs::is_regular_file(fs::symlink_status(path, error)))
          fs::permissions(path, static_cast<fs::perms>(random() % 01000) | fs::perms::owner_read, error);
        break;
      case 8:
        if (!fs::is_directory(fs::symlink_status(path, error))) fs::create_hard_link(path, field.file(pick()), error);
        break;
      case 9:
        runCommand(field.root(), "git add -A -f 2>/dev/null");
        break;
      case 10:
        runCommand(field.root(), "git checkout -q --force second 2>/dev/null");
        break;
      default:
        runCommand(field.root(),
                   "git -c user.name=x -c user.email=x@y commit -q -a -m x 2>/dev/null; git status -s >/dev/null 2>&1");
        break;
    }
  };
  for (int round = 0; round < 40; round++) {
    std::error_code ignored;
    for (unsigned i = 0; i < 1 + random() % 12; i++)
      action(ignored);
    const std::string revision = random() % 3 ? "base" : "second";
    RootDirectory::usePortableFallback(round % 4 == 3);
    if (round % 5 == 4) {
      field.resetTo(revision, true);
      CHECK_EQ(field.gitThere("status --porcelain"), "");
    }
    field.resetTo(revision);
    RootDirectory::usePortableFallback(false);
    try {
      field.requireFresh(revision);
    } catch (const std::exception& error) {
      throw std::runtime_error("round " + std::to_string(round) + ": " + error.what());
    }
  }
}
