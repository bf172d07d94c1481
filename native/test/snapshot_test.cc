// Snapshots: what a task can do to a worktree, once by hand each. Edit sequences are generated in
// snapshot_property_test.cc.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <set>
#include <thread>

#include "git/operations.h"
#include "git/tree.h"
#include "git/working_file.h"
#include "test/leased_worktree.h"

using namespace coppice;
using namespace coppice::test;
namespace fs = std::filesystem;

namespace {

const Cancel kNever;

// A repository with a few files, and a worktree of it.
struct Task {
  SessionRepository repository;
  LeasedWorktree lease;

  explicit Task(const std::string& prepare = "") : lease(prepared(repository, prepare)) {}

  static const SessionRepository& prepared(const SessionRepository& repository, const std::string& prepare) {
    for (const char* path : {"a", "b", "dir/c", "dir/deep/d", "script"})
      repository.write(path, std::string(path) + "\n");
    repository.git("config user.name Author");
    repository.git("config user.email author@example.com");
    const CommandResult done = runCommand(repository.path(), "chmod +x script && ln -s a link\n" + prepare);
    if (done.code != 0) throw std::runtime_error(done.output);
    repository.commit("base");
    return repository;
  }

  std::string contentOf(const SnapshotReply& reply, const std::string& path) const {
    return lease.content(reply.treeOid, path);
  }
  std::string baseListing() const { return lease.listing(treeOfTreeish(*lease.session().handle(), lease.baseOid())); }
};

std::string messages(const SnapshotReply& reply) {
  std::string text;
  for (const TaskCommit& commit : reply.taskCommits)
    text += commit.message;
  return text;
}

}  // namespace

TEST(snapshot_of_an_unchanged_worktree_is_none) {
  const Task task;
  task.lease.shell("touch a b && mkdir empty");
  const SnapshotReply reply = task.lease.checkedSnapshot();
  CHECK(!reply.snapshotOid.has_value());
  CHECK(reply.changes.empty() && reply.unheld.empty() && reply.taskCommits.empty());
  CHECK_EQ(task.lease.session().store().bytes(), size_t{0});
}

TEST(snapshot_holds_each_kind_of_change) {
  const Task task;
  task.lease.shell(
      "echo new > a && rm b && chmod +x dir/c && chmod -x script && mv dir/deep moved && ln -sf b link && echo x > new"
      " && mkdir -p n/e/w && echo y > n/e/w/file && ln -s nowhere n/link");
  const SnapshotReply reply = task.lease.checkedSnapshot();
  CHECK_EQ(pathsOf(reply.changes), "a\nb\ndir/c\ndir/deep/d\nlink\nmoved/d\nn/e/w/file\nn/link\nnew\nscript\n");
  CHECK(reply.unheld.empty());
  const HandleLease handle = task.lease.session().handle();
  const std::string commit = *handle->read(*reply.snapshotOid, GIT_OBJECT_COMMIT).data;
  CHECK_EQ(commit, "tree " + toHex(reply.treeOid) + "\nparent " + toHex(task.lease.baseOid()) +
                       "\nauthor Author <author@example.com> 1700000000 +0000\n"
                       "committer Author <author@example.com> 1700000000 +0000\n\nsnapshot\n");
}

TEST(snapshot_only_reads_the_worktree) {
  const Task task;
  task.lease.shell("echo new > a && echo x > new && git add a && git rm -q --cached b");
  const auto fingerprint = [&] {
    return runCommand(task.lease.path(), "find . " + test::quoted(task.lease.gitDirectory()) +
                                             " -printf '%p %i %s %T@ %C@\\n' | sort && sha1sum " +
                                             test::quoted(task.lease.gitDirectory() + "/index"))
        .output;
  };
  const std::string before = fingerprint();
  task.lease.snapshot();
  CHECK_EQ(fingerprint(), before);
}

TEST(snapshot_writes_only_what_changed) {
  const Task task;
  task.lease.write("dir/deep/d", "changed\n");
  task.lease.snapshot();
  // A blob, three trees, a commit.
  CHECK_EQ(task.lease.session().store().pending().size(), size_t{5});
}

// Nothing but a ref keeps an object from gc, and a task's index goes with its worktree.
TEST(snapshot_stores_what_the_task_staged_itself) {
  const Task task;
  task.lease.write("a", "staged\n");
  task.lease.write("new", "staged too\n");
  task.lease.git("add a new");
  task.lease.shell("touch -d '2020-01-01' a new && git add a new");  // proven by their stat: never read from disk
  const SnapshotReply reply = task.lease.checkedSnapshot();
  for (const Change& change : reply.changes)
    CHECK(task.lease.session().store().find(*change.newOid).has_value());
  CHECK_EQ(pathsOf(reply.changes), "a\nnew\n");
}

TEST(snapshot_reads_the_file_when_a_staged_blob_is_gone) {
  const Task task;
  task.lease.write("new", "staged\n");
  task.lease.git("add new");
  task.lease.shell("touch -d '2020-01-01' new && git add new");
  const std::string oid = task.lease.git("hash-object new");
  fs::remove(task.repository.path() + "/.git/objects/" + oid.substr(0, 2) + "/" + oid.substr(2));
  CHECK_EQ(task.contentOf(task.lease.snapshot(), "new"), "staged\n");
}

TEST(snapshot_follows_what_the_task_tracks) {
  const Task task(
      "printf 'ignored/\\n*.log\\n' > .gitignore && mkdir ignored && echo 1 > ignored/tracked && git add -f "
      "ignored/tracked");
  task.lease.write("ignored/tracked", "changed\n");  // tracked although ignored
  task.lease.write("ignored/untracked", "x");        // not held
  task.lease.write("forced.log", "x");               // held: the task forced it
  task.lease.git("add -f forced.log");
  task.lease.write("own.log", "x");    // not held
  task.lease.git("rm -q --cached a");  // untracked now, but there
  task.lease.git("rm -q --cached b");
  task.lease.write(".gitignore", "ignored/\n*.log\n/b\n");  // b is ignored now: gone
  task.lease.write("intended", "x");
  task.lease.git("add -N intended");
  const SnapshotReply reply = task.lease.checkedSnapshot();
  CHECK_EQ(pathsOf(reply.changes), ".gitignore\nb\nforced.log\nignored/tracked\nintended\n");
}

TEST(snapshot_looks_at_marked_files) {
  const Task task;
  task.lease.git("update-index --assume-unchanged a");
  task.lease.git("update-index --skip-worktree b script dir/c");
  task.lease.write("a", "changed\n");
  task.lease.write("b", "changed\n");
  task.lease.shell("rm script dir/c");
  const SnapshotReply reply = task.lease.checkedSnapshot();
  CHECK_EQ(pathsOf(reply.changes), "a\nb\n");
}

TEST(snapshot_lets_a_file_take_the_place_of_absent_sparse_ones) {
  const Task task;
  task.lease.git("update-index --skip-worktree dir/c dir/deep/d a");
  task.lease.shell("rm -r dir a && echo file > dir && mkdir a && echo x > a/inside");
  const SnapshotReply reply = task.lease.checkedSnapshot();
  CHECK_EQ(pathsOf(reply.changes), "a\na/inside\ndir\ndir/c\ndir/deep/d\n");
}

TEST(snapshot_takes_the_files_of_a_merge_left_open) {
  const Task task(
      "git add -A && git commit -qm before && git checkout -q -b side && echo side > a && echo side > b && rm dir/c"
      " && git commit -qam side && git checkout -q main");
  task.lease.write("a", "ours\n");
  task.lease.write("b", "ours\n");
  task.lease.write("dir/c", "ours\n");
  task.lease.git("commit -qam ours");
  CHECK(!task.lease.gitSucceeds("merge side"));
  task.lease.shell("rm b");
  const SnapshotReply reply = task.lease.checkedSnapshot();
  CHECK_EQ(task.contentOf(reply, "a"), "<<<<<<< HEAD\nours\n=======\nside\n>>>>>>> side\n");
  CHECK_EQ(pathsOf(reply.changes), "a\nb\ndir/c\n");
}

TEST(snapshot_does_without_an_index) {
  const Task task("printf '*.log\\n' > .gitignore && echo 1 > tracked.log && git add -f tracked.log");
  task.lease.write("a", "changed\n");
  task.lease.write("tracked.log", "changed\n");
  task.lease.write("untracked.log", "x");
  task.lease.write("new", "x\n");
  task.lease.shell("rm b");
  const std::string expected = "a\nb\nnew\ntracked.log\n";
  const std::string index = task.lease.gitDirectory() + "/index";
  task.lease.git("update-index --split-index");
  CHECK_EQ(pathsOf(task.lease.snapshot().changes), expected);
  runCommand(task.lease.path(), "echo garbage > " + test::quoted(index));
  CHECK_EQ(pathsOf(task.lease.snapshot().changes), expected);
  fs::remove(index);
  CHECK_EQ(pathsOf(task.lease.snapshot().changes), expected);
  // A commit of the task's own says more than the base about what it tracks.
  task.lease.git("reset -q");
  task.lease.write("own.log", "x\n");
  task.lease.git("add -f own.log");
  task.lease.git("commit -qm own own.log");
  fs::remove(index);
  CHECK_EQ(pathsOf(task.lease.snapshot().changes), "a\nb\nnew\nown.log\ntracked.log\n");
}

TEST(snapshot_does_without_an_admin_directory) {
  const Task task;
  task.lease.write("a", "changed\n");
  fs::remove(task.lease.path() + "/.git");
  CHECK_EQ(pathsOf(task.lease.snapshot().changes), "a\n");
  fs::remove_all(task.lease.gitDirectory());
  CHECK_EQ(pathsOf(task.lease.snapshot().changes), "a\n");
}

TEST(snapshot_names_what_it_cannot_hold) {
  const Task task;
  task.lease.shell(
      "git init -q nested && echo x > nested/file && mkfifo pipe && rm a && mkfifo a && mkdir .GIT 'sub dir' && echo x "
      "> .GIT/config"
      " && echo x > 'git~1' && echo x > new && ln -s x 'sub dir/.gitmodules' && rm b && git init -q b && rm script");
  const SnapshotReply reply = task.lease.snapshot();
  CHECK_EQ(listed(reply.unheld),
           ".GIT/config unsafe-name\na special-file\nb nested-repository\ngit~1 unsafe-name\nnested nested-repository\n"
           "pipe special-file\nsub dir/.gitmodules unsafe-name\n");
  // What is there but cannot be held stays as it was.
  CHECK_EQ(pathsOf(reply.changes), "new\nscript\n");
}

TEST(snapshot_leaves_gitlinks_as_they_were) {
  const Task task(
      "git add -A && git commit -qm first && for s in kept full gone file; do git update-index --add --cacheinfo"
      " 160000,$(git rev-parse HEAD),$s && mkdir $s; done");
  task.lease.shell("rmdir gone file && echo x > file && git init -q full && echo x > full/inside");
  const SnapshotReply reply = task.lease.snapshot();
  CHECK_EQ(listed(reply.unheld), "full nested-repository\n");
  CHECK_EQ(pathsOf(reply.changes), "file\ngone\n");
  fs::remove_all(task.lease.path() + "/full");
  fs::create_directory(task.lease.path() + "/full");
  task.lease.checkedSnapshot();
}

TEST(snapshot_goes_into_a_nested_repository_where_files_are_tracked) {
  const Task task;
  task.lease.shell("git init -q dir && echo x > dir/new");
  const SnapshotReply reply = task.lease.checkedSnapshot();
  CHECK_EQ(listed(reply.unheld), "dir/.git nested-repository\n");
  CHECK_EQ(pathsOf(reply.changes), "dir/new\n");
}

TEST(snapshot_names_what_it_cannot_read) {
  const Task task("mkdir locked && echo 1 > locked/file");
  task.lease.shell("echo changed > a && chmod 000 a locked && echo x > new && chmod 000 new && echo y > fine");
  const bool root = ::geteuid() == 0;
  if (root) task.lease.shell("chown -R 65534 . " + test::quoted(task.repository.path()) + " && chmod a+x .. \"$HOME\"");
  if (root) CHECK_EQ(::seteuid(65534), 0);
  SnapshotReply reply;
  std::string failure;
  try {
    reply = task.lease.snapshot();
  } catch (const std::exception& error) {
    failure = error.what();
  }
  if (root) CHECK_EQ(::seteuid(0), 0);
  task.lease.shell("chmod 755 locked");
  CHECK_EQ(failure, "");
  CHECK_EQ(listed(reply.unheld), "a unreadable\nlocked unreadable\nnew unreadable\n");
  CHECK_EQ(pathsOf(reply.changes), "fine\n");
}

TEST(snapshot_refuses_filters_and_encodings_that_it_cannot_apply) {
  const Task task(
      "printf '*.big filter=shout\\n*.utf16 working-tree-encoding=UTF-16\\n' > .gitattributes"
      " && git config filter.shout.clean 'tr a-z A-Z' && git config filter.shout.smudge cat && git config "
      "filter.shout.required true"
      " && echo one > one.big && echo two > two.big && printf '\\376\\377\\0a' > one.utf16");
  task.lease.write("one.big", "changed\n");
  task.lease.write("new.big", "new\n");
  task.lease.shell(
      "printf '\\376\\377\\0b' > one.utf16 && rm two.big && echo staged > staged.big && git add staged.big"
      " && touch -d '2020-01-01' staged.big && git add staged.big");
  const SnapshotReply reply = task.lease.snapshot();
  CHECK_EQ(listed(reply.unheld), "new.big filter\none.big filter\none.utf16 encoding\n");
  // A deletion needs no filter, and what the task's own git staged went through it.
  CHECK_EQ(pathsOf(reply.changes), "staged.big\ntwo.big\n");
  CHECK_EQ(task.contentOf(reply, "staged.big"), "STAGED\n");
}

TEST(snapshot_converts_line_ends_by_attributes_new_and_old) {
  const Task task("printf 'old.txt text\\n' > .gitattributes && printf 'x\\r\\n' > raw");
  task.lease.shell(
      "printf 'one\\r\\n' > old.txt && printf 'one\\r\\n' > raw2 && mkdir sub && printf 'two\\r\\n' > sub/file"
      " && echo '* text' > sub/.gitattributes && echo .gitattributes >> $(git rev-parse --git-path info/exclude)");
  const SnapshotReply reply = task.lease.checkedSnapshot();
  CHECK_EQ(task.contentOf(reply, "old.txt"), "one\n");
  CHECK_EQ(task.contentOf(reply, "sub/file"), "two\n");  // by an ignored, untracked rule file: it counts in git too
  CHECK_EQ(task.contentOf(reply, "raw2"), "one\r\n");
  CHECK_EQ(pathsOf(reply.changes), "old.txt\nraw2\nsub/file\n");
}

TEST(snapshot_leaves_out_what_was_provided) {
  Task task("mkdir provided && echo 1 > provided/tracked");
  task.lease.request.exclude = {"provided", "node_modules", "dir/.env", "a"};
  task.lease.shell(
      "ln -s / node_modules && rm -r provided && echo x > dir/.env && echo changed > a && git add a && echo x > new");
  const SnapshotReply reply = task.lease.snapshot();
  CHECK_EQ(pathsOf(reply.changes), "new\n");
  CHECK(reply.unheld.empty());
}

TEST(snapshot_holds_what_is_within_the_limits_and_names_the_rest) {
  Task task;
  task.lease.shell("rm b && for i in 1 2 3 4 5; do echo 123456789 > n$i; done && touch a");
  task.lease.request.limits.files = 4;  // b, n1, n2, n3
  SnapshotReply reply = task.lease.snapshot();
  CHECK_EQ(pathsOf(reply.changes), "b\nn1\nn2\nn3\n");
  CHECK_EQ(listed(reply.unheld), "n4 limit\nn5 limit\n");
  task.lease.request.limits.files = 0;
  task.lease.request.limits.bytes = 35;
  reply = task.lease.snapshot();
  CHECK_EQ(pathsOf(reply.changes), "b\nn1\nn2\nn3\n");
  CHECK_EQ(listed(reply.unheld), "n4 limit\nn5 limit\n");
  // One that is too big alone is left out, the small ones behind it are not; a tracked one stays as it was.
  task.lease.shell("head -c 1000 /dev/zero > a && rm n3 n4 n5");
  reply = task.lease.snapshot();
  CHECK_EQ(pathsOf(reply.changes), "b\nn1\nn2\n");
  CHECK_EQ(listed(reply.unheld), "a limit\n");
}

TEST(snapshot_leaves_out_new_files_that_lie_too_deep_or_have_too_long_a_path) {
  Task task("mkdir -p one/two/three && echo x > one/two/three/based");
  task.lease.shell("echo y > one/two/three/based && echo x > one/two/three/new && echo x > one/two/new && echo x > a-long-name");
  task.lease.request.limits.depth = 2;
  CHECK_EQ(listed(task.lease.snapshot().unheld), "one/two/three/new limit\n");
  task.lease.request.limits.depth = 0;
  task.lease.request.limits.pathBytes = 10;
  const SnapshotReply reply = task.lease.snapshot();
  CHECK_EQ(listed(reply.unheld), "a-long-name limit\none/two/new limit\none/two/three/new limit\n");
  CHECK_EQ(pathsOf(reply.changes), "one/two/three/based\n");
}

TEST(snapshot_leaves_out_new_names_that_are_not_portable_when_asked_to) {
  Task task("echo x > nul");
  task.lease.shell("echo y > nul && mkdir con.d && echo x > con.d/x && echo x > ok && echo x > 'a:b'");
  CHECK(task.lease.snapshot().unheld.empty());
  task.lease.request.limits.portablePaths = true;
  const SnapshotReply reply = task.lease.snapshot();
  CHECK_EQ(listed(reply.unheld), "a:b unportable-name\ncon.d/x unportable-name\n");
  CHECK_EQ(pathsOf(reply.changes), "nul\nok\n");
}

TEST(snapshot_does_not_count_what_was_only_touched) {
  Task task("head -c 1000 /dev/zero > big");
  task.lease.shell("touch big && echo x > a");
  task.lease.request.limits.bytes = 100;
  const SnapshotReply reply = task.lease.snapshot();
  CHECK_EQ(pathsOf(reply.changes), "a\n");
  CHECK(reply.unheld.empty());
}

TEST(snapshot_lists_the_commits_of_the_task) {
  const Task task;
  CHECK_EQ(messages(task.lease.snapshot()), "");
  task.lease.write("a", "1\n");
  task.lease.git("commit -qam first");
  task.lease.git("checkout -q -b own");
  task.lease.write("a", "2\n");
  task.lease.git("commit -qam second");
  task.lease.write("a", "3\n");
  const SnapshotReply reply = task.lease.checkedSnapshot();
  CHECK_EQ(messages(reply), "first\nsecond\n");
  CHECK_EQ(toHex(reply.taskCommits[1].commitOid), task.lease.git("rev-parse HEAD"));
  // Back at the base: its commits are not in the worktree any more.
  task.lease.git("checkout -q -f --detach " + toHex(task.lease.baseOid()));
  CHECK_EQ(messages(task.lease.snapshot()), "");
  // A HEAD that names nothing costs the list, not the work.
  runCommand(task.lease.path(),
             "echo nonsense > " + test::quoted(task.lease.gitDirectory() + "/HEAD") + "; echo 4 > a");
  CHECK_EQ(pathsOf(task.lease.snapshot().changes), "a\n");
}

TEST(snapshot_lists_at_most_a_thousand_commits) {
  const Task task;
  std::string stream = "reset refs/heads/many\nfrom " + toHex(task.lease.baseOid()) + "\n";
  for (int i = 1; i <= 1005; i++)
    stream += "commit refs/heads/many\ncommitter C <c@example.com> " + std::to_string(1700000000 + i) +
              " +0000\ndata <<E\nc" + std::to_string(i) + "\nE\n";
  task.repository.git("fast-import --quiet", stream);
  task.lease.git("checkout -q many");
  const SnapshotReply reply = task.lease.snapshot();
  CHECK_EQ(reply.taskCommits.size(), size_t{1000});
  CHECK_EQ(reply.taskCommits.front().message, "c6\n");
  CHECK_EQ(reply.taskCommits.back().message, "c1005\n");
}

TEST(snapshot_sees_writes_within_the_tick_of_the_index) {
  const Task task;
  for (int round = 0; round < 40; round++) {
    const std::string content = round % 2 ? "one\n" : "two\n";
    task.lease.write("a", "xxx\n");
    task.lease.git("add a");
    task.lease.write("a", content);
    CHECK_EQ(task.contentOf(task.lease.snapshot(), "a"), content);
  }
}

TEST(snapshot_follows_core_symlinks) {
  const Task task;
  task.lease.git("config core.symlinks false");
  task.lease.shell("rm link && printf b > link");
  const SnapshotReply reply = task.lease.checkedSnapshot();
  CHECK_EQ(reply.changes.size(), size_t{1});
  CHECK_EQ(reply.changes[0].newMode, kModeSymlink);
}

TEST(snapshot_reads_the_worktrees_own_configuration) {
  const Task task;
  task.repository.git("config extensions.worktreeConfig true");
  task.lease.git("config --worktree core.fileMode false");
  task.lease.git("config --worktree core.excludesFile " + test::quoted(task.repository.path() + "/.git/own-rules"));
  task.repository.write(".git/own-rules", "ignored\n");
  task.lease.shell("chmod +x a && echo x > ignored && echo x > new");
  CHECK_EQ(pathsOf(task.lease.checkedSnapshot().changes), "new\n");
}

TEST(snapshot_does_not_follow_links_out_of_the_worktree) {
  const Task task;
  const TempDirectory outside;
  outside.write("c", "outside\n");
  outside.write("deep/d", "outside\n");
  task.lease.shell("rm -r dir && ln -s " + test::quoted(outside.path().string()) + " dir");
  const SnapshotReply reply = task.lease.checkedSnapshot();
  CHECK_EQ(pathsOf(reply.changes), "dir\ndir/c\ndir/deep/d\n");
}

TEST(snapshot_can_be_cancelled_and_refuses_a_bad_name) {
  Task task;
  Cancel cancel;
  cancel.set();
  CHECK_EQ(failureCode([&] { snapshot(task.lease.session(), task.lease.request, cancel); }), failure_code::kCancelled);
  task.lease.request.name = "../w01";
  CHECK_EQ(failureCode([&] { snapshot(task.lease.session(), task.lease.request, kNever); }), failure_code::kInvalid);
}

TEST(working_file_is_read_as_a_whole_while_it_is_replaced) {
  const TempDirectory folder;
  const std::string contents[2] = {std::string(3000000, 'a'), std::string(2000000, 'b')};
  folder.write("file", contents[0]);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 1; !stop; i++) {
      folder.write("next", contents[i % 2]);
      fs::rename(folder.file("next"), folder.file("file"));
    }
  });
  const RootDirectory root(folder.path().string());
  bool whole = true;
  for (int i = 0; i < 40; i++) {
    const WorkingFile file = readWorkingFile(root, "file", 0, kNever);
    whole = whole && file.kind == WorkingFile::Kind::kFile && (file.bytes == contents[0] || file.bytes == contents[1]);
  }
  stop = true;
  writer.join();
  CHECK(whole);
}

TEST(working_file_never_waits_for_a_pipe) {
  const TempDirectory folder;
  CHECK_EQ(::mkfifo(folder.file("pipe").c_str(), 0600), 0);
  const RootDirectory root(folder.path().string());
  CHECK(readWorkingFile(root, "pipe", 0, kNever).kind == WorkingFile::Kind::kSpecial);
  CHECK(readWorkingFile(root, "pipe/below", 0, kNever).kind == WorkingFile::Kind::kGone);
  CHECK(readWorkingFile(root, "nothing", 0, kNever).kind == WorkingFile::Kind::kGone);
}

TEST(ignored_files_are_listed_with_whole_directories) {
  const SessionRepository repository;
  repository.write(".gitignore", "node_modules/\n.env\n*.log\n");
  repository.commit("base");
  for (const char* path : {"node_modules/a/b", "packages/x/node_modules/c", ".env", "b.log", "kept"})
    repository.write(path, "x");
  const auto session = repository.open();
  const auto list = [&](uint32_t maxEntries) {
    std::string text;
    for (const std::string& path : said([&] {
                                     return listIgnored(*session, {repository.path(), maxEntries}, kNever);
                                   }).paths)
      text += path + "\n";
    return text;
  };
  CHECK_EQ(list(0), ".env\nb.log\nnode_modules/\npackages/x/node_modules/\n");
  CHECK_EQ(list(2), ".env\nb.log\n");
}
