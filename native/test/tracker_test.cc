// Tracked worktrees: what each kind of event leads to, and when everything is scanned instead. Sequences of edits are
// generated in test/property/tracking.test.ts.
#ifdef __linux__

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "git/directory_watches.h"
#include "git/operations.h"
#include "git/tracker.h"
#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;

namespace {

namespace fs = std::filesystem;

const Cancel kNever;

class Watched : public SessionRepository {
 public:
  explicit Watched(uint64_t watches = 0) {
    DirectoryWatches::limit(watches);
    write(".gitignore", "*.log\n/cache/\n");
    write("a", "one\n");
    write("b", "two\n");
    write("dir/c", "three\n");
    write("dir/deep/d", "four\n");
    write("dir/deep/er/e", "five\n");
    write("other/f", "six\n");
    fs::create_directories(path() + "/modules/sub");
    git("add -A");
    git("update-index --add --cacheinfo 160000,1234567890123456789012345678901234567890,modules/sub");
    git("commit -q -m base");
    git("tag base");
    write("a", "second\n");
    write("dir/new/g", "seven\n");
    fs::remove_all(path() + "/other");
    commit("second");
    git("tag second");
    session = open();
    AddWorktreeRequest request{"w01", root(), oid("base"), "leased", std::nullopt, true};
    untracked = said([&] { return addWorktree(*session, request, kNever); }).untracked;
    // What was racy is proven by the first reset.
    if (!untracked) CHECK_EQ(reset("base").scanned.value_or("tracked"), "tracked");
  }
  ~Watched() { DirectoryWatches::limit(0); }

  std::string root() const { return folder().file("trees/w01"); }
  std::string index() const { return path() + "/.git/worktrees/w01/index"; }
  std::string gitThere(const std::string& arguments) const { return gitIn(root(), arguments); }
  void shell(const std::string& command) const {
    const CommandResult done = runCommand(root(), command);
    if (done.code != 0) throw std::runtime_error(command + ": " + done.output);
  }

  SnapshotReply snapshotBy(Session& by, bool verify = false) const {
    SnapshotRequest request;
    request.name = "w01";
    request.path = root();
    request.baseOid = oid(at);
    request.author = request.committer = {"Author", "author@example.com", 1700000000, 0};
    request.message = "snapshot";
    request.verify = verify;
    return said([&] { return coppice::snapshot(by, request, kNever); });
  }

  ResetReply reset(const std::string& revision, bool keepIgnored = false) {
    at = revision;
    return said([&] { return coppice::reset(*session, {"w01", root(), oid(revision), keepIgnored, {}}, kNever); });
  }

  // The changed paths, by tracking alone, after a scan by another session has found the same.
  std::string changed() const {
    const SnapshotReply reply = snapshotBy(*session);
    CHECK_EQ(reply.scanned.value_or("tracked"), "tracked");
    const SnapshotReply scanned = snapshotBy(*open());
    CHECK(scanned.scanned.has_value());
    CHECK_EQ(toHex(reply.treeOid), toHex(scanned.treeOid));
    std::string text;
    for (const Change& change : reply.changes)
      text += change.path + " ";
    for (const Unheld& unheld : reply.unheld)
      text += unheld.path + ": " + unheld.reason + " ";
    return text;
  }

  // A tracked reset after which git finds nothing, and nothing is suspect.
  void resetTracked(const std::string& revision) {
    CHECK_EQ(reset(revision).scanned.value_or("tracked"), "tracked");
    requireFresh();
  }
  void requireFresh() const {
    CHECK_EQ(gitThere("--no-optional-locks status --porcelain --ignored"), "");
    CHECK_EQ(gitThere("rev-parse HEAD"), git("rev-parse " + at + "^{commit}"));
    CHECK(session->trackers().find("w01")->suspects().empty());
    CHECK_EQ(changed(), "");
  }
  std::string whySnapshotScans() const { return snapshotBy(*session).scanned.value_or("tracked"); }

  std::shared_ptr<Session> session;
  std::optional<std::string> untracked;
  std::string at = "base";
};

std::string pathsOf(const Watched& worktree) {
  std::string text;
  for (const Change& change : worktree.snapshotBy(*worktree.session).changes)
    text += change.path + " ";
  return text;
}

uint64_t inodeOf(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

}  // namespace

TEST(tracking_sees_each_kind_of_change) {
  Watched worktree;
  CHECK_EQ(worktree.changed(), "");
  worktree.shell("echo x >> a && rm b && chmod +x dir/c && ln -s a link && echo n > new && printf five > dir/deep/er/e");
  CHECK_EQ(worktree.changed(), "a b dir/c dir/deep/er/e link new ");
  worktree.resetTracked("base");
}

TEST(tracking_finds_files_made_before_their_directory_was_known) {
  Watched worktree;
  worktree.shell("mkdir -p x/y/z && echo 1 > x/y/z/file && echo 2 > x/y.log");
  CHECK_EQ(worktree.changed(), "x/y/z/file ");
  worktree.shell("echo 3 > x/y/later && rm x/y/z/file");
  CHECK_EQ(worktree.changed(), "x/y/later ");
  worktree.resetTracked("base");
}

TEST(tracking_follows_directories_that_move) {
  Watched worktree;
  worktree.shell("mv dir/deep moved && echo x >> moved/er/e && mv moved dir/again && echo y >> dir/again/d");
  CHECK_EQ(worktree.changed(), "dir/again/d dir/again/er/e dir/deep/d dir/deep/er/e ");
  worktree.shell("mv dir/again dir/deep && echo z >> dir/deep/er/e");
  CHECK_EQ(worktree.changed(), "dir/deep/d dir/deep/er/e ");
  worktree.resetTracked("base");
  worktree.shell("mv dir ../out && echo x >> ../out/c && mkdir ../in && echo i > ../in/i && mv ../in inside");
  CHECK_EQ(worktree.changed(), "dir/c dir/deep/d dir/deep/er/e inside/i ");
  worktree.resetTracked("base");
  // The directories that were made anew are watched.
  worktree.shell("echo x >> dir/deep/er/e");
  CHECK_EQ(worktree.changed(), "dir/deep/er/e ");
  worktree.resetTracked("base");
}

TEST(tracking_leaves_a_directory_that_moved_out) {
  Watched worktree;
  worktree.shell("mv dir ../out");
  worktree.resetTracked("base");
  worktree.shell("echo x > ../out/c && echo x > ../out/deep/d");
  CHECK(worktree.session->trackers().find("w01")->drain().empty());
}

TEST(tracking_sees_what_a_submodule_gets) {
  Watched worktree;
  for (int round = 0; round < 2; round++) {
    worktree.shell("echo x > modules/sub/x");
    CHECK_EQ(worktree.changed(), "modules/sub: nested-repository ");
    worktree.resetTracked("base");
    worktree.shell("rmdir modules/sub");  // and the folder that is made anew is watched too
    worktree.resetTracked("base");
  }
}

TEST(tracking_sees_swaps_of_kinds) {
  Watched worktree;
  worktree.shell("rm a && mkdir a && echo x > a/x && rm -r dir && echo file > dir && mv other away && ln -s away other");
  CHECK_EQ(worktree.changed(), "a a/x away/f dir dir/c dir/deep/d dir/deep/er/e other other/f ");
  worktree.resetTracked("base");
  worktree.shell("rm -r dir other && rm a b");
  CHECK_EQ(worktree.changed(), "a b dir/c dir/deep/d dir/deep/er/e other/f ");
  worktree.resetTracked("base");
}

TEST(tracking_decides_by_the_ignore_rules_of_now) {
  Watched worktree;
  worktree.shell("echo 1 > x.log && mkdir cache && echo 2 > cache/y");
  CHECK_EQ(worktree.changed(), "");
  CHECK(!worktree.reset("base", true).scanned);
  CHECK_EQ(worktree.changed(), "");
  // Kept files that are ignored no more are part of the change, without an event of their own.
  worktree.shell("echo nothing > .gitignore");
  CHECK_EQ(worktree.changed(), ".gitignore cache/y x.log ");
  worktree.resetTracked("base");
  CHECK(!fs::exists(worktree.root() + "/x.log"));
}

TEST(tracking_sees_nested_repositories) {
  Watched worktree;
  worktree.shell("git init -q dir/deep && git init -q nested && echo x > nested/file");
  CHECK_EQ(worktree.changed(), "dir/deep/.git: nested-repository nested: nested-repository ");
  worktree.resetTracked("base");
}

TEST(tracking_counts_what_a_task_staged_itself) {
  Watched worktree;
  worktree.shell("echo x > new.log && git add -f new.log && git rm -q --cached b && echo y >> a && git status -s");
  CHECK_EQ(worktree.changed(), "a new.log ");
  worktree.gitThere("commit -qm task");
  worktree.shell("rm dir/c && git rm -rq --cached other && rm other/f");
  CHECK_EQ(worktree.changed(), "a dir/c new.log other/f ");
  worktree.resetTracked("base");
}

TEST(tracking_moves_between_trees) {
  Watched worktree;
  for (const char* revision : {"second", "base", "second", "second", "base"}) {
    worktree.resetTracked(revision);
    worktree.shell("echo x >> a && mkdir -p dir/new && echo y >> dir/new/g");
    CHECK_EQ(worktree.changed(), "a dir/new/g ");
  }
}

// Git finds files that were restored by their stat data, and the index need not be written for them (P4).
TEST(tracking_leaves_the_index_alone_for_the_same_tree) {
  Watched worktree;
  const uint64_t inode = inodeOf(worktree.index());
  worktree.shell("echo One > a");
  worktree.resetTracked("base");
  CHECK_EQ(inodeOf(worktree.index()), inode);
  worktree.shell("printf 'eno\\n' > a");  // within the same second, of the same length
  CHECK_EQ(worktree.gitThere("--no-optional-locks status --porcelain"), " M a");
  CHECK_EQ(worktree.changed(), "a ");
  worktree.shell("git add a");
  const uint64_t added = inodeOf(worktree.index());  // in use until the new one takes its name, so that cannot have the same
  worktree.resetTracked("base");
  CHECK(inodeOf(worktree.index()) != added);
}

TEST(tracking_overwrites_files_that_nobody_has_touched) {
  Watched worktree;
  const uint64_t inode = inodeOf(worktree.root() + "/a");
  for (const char* revision : {"second", "base", "second"}) {  // longer, shorter, longer
    worktree.resetTracked(revision);
    CHECK_EQ(inodeOf(worktree.root() + "/a"), inode);
    CHECK_EQ(runCommand(worktree.root(), "cat a").output, worktree.git("show " + std::string(revision) + ":a") + "\n");
    CHECK_EQ(worktree.gitThere("diff-files"), "");  // by the stat data in the index alone
  }
  // A task that wrote into it may still have it open.
  worktree.shell("echo x >> a");
  worktree.resetTracked("base");
  CHECK(inodeOf(worktree.root() + "/a") != inode);
}

// Giving a file another name raises no event. That name belongs to somebody else.
TEST(tracking_never_overwrites_a_file_with_another_name) {
  Watched worktree;
  worktree.shell("ln a ../outside");
  CHECK(worktree.reset("second").scanned.has_value());
  worktree.requireFresh();
  CHECK_EQ(runCommand(worktree.root(), "cat ../outside").output, "one\n");
  CHECK(inodeOf(worktree.root() + "/a") != inodeOf(worktree.root() + "/../outside"));
}

// Whoever writes while the worktree is moved: undone by this reset, or seen by the next look.
TEST(tracking_catches_what_is_written_while_it_is_moved) {
  Watched worktree;
  const std::string file = worktree.root() + "/a";
  for (int round = 0; round < 60; round++) {
    const std::string revision = round % 2 == 0 ? "second" : "base";
    const uint64_t before = fs::file_size(file);
    std::atomic<bool> done{false};
    std::thread stray([&] {
      while (!done && fs::file_size(file) == before) {
      }
      const int fd = ::open(file.c_str(), O_WRONLY);
      if (fd < 0) return;
      const char byte = static_cast<char>('A' + round % 26);
      if (::pwrite(fd, &byte, 1, 0) != 1) std::abort();
      ::close(fd);
    });
    worktree.reset(revision);
    done = true;
    stray.join();
    worktree.reset(revision);
    worktree.requireFresh();
  }
}

TEST(tracking_catches_what_is_written_into_a_parked_worktree) {
  Watched worktree;
  worktree.shell("echo task >> a");
  CHECK_EQ(worktree.changed(), "a ");
  worktree.resetTracked("base");
  worktree.shell("echo stray >> b && echo stray > stray && mkdir cache && echo stray > cache/z");
  worktree.resetTracked("base");  // as the next lease is given out
  CHECK_EQ(runCommand(worktree.root(), "cat b").output, "two\n");
  CHECK(!fs::exists(worktree.root() + "/stray"));
  CHECK(!fs::exists(worktree.root() + "/cache"));
}

TEST(tracking_scans_after_an_overflow_and_begins_anew) {
  Watched worktree;
  const std::string a = worktree.root() + "/a", b = worktree.root() + "/b";
  for (int i = 0; i < 20000; i++) {  // two files in turn: the kernel joins events that are alike
    CHECK_EQ(::chmod(a.c_str(), 0644), 0);
    CHECK_EQ(::chmod(b.c_str(), 0644), 0);
  }
  worktree.shell("echo x >> dir/c");
  CHECK_EQ(worktree.whySnapshotScans(), "more happened than the event queue holds");
  CHECK_EQ(pathsOf(worktree), "dir/c ");
  CHECK(worktree.reset("base").scanned.has_value());
  worktree.requireFresh();
  worktree.shell("echo x >> dir/deep/d");
  CHECK_EQ(worktree.changed(), "dir/deep/d ");
}

TEST(tracking_stops_when_too_many_directories_would_be_watched) {
  Watched worktree(4);
  CHECK(worktree.untracked.has_value());
  worktree.shell("echo x >> dir/deep/er/e");
  CHECK_EQ(worktree.whySnapshotScans(), *worktree.untracked);
  CHECK_EQ(worktree.reset("base").scanned.value_or("tracked"), *worktree.untracked);
  CHECK_EQ(worktree.gitThere("status --porcelain"), "");
}

TEST(tracking_scans_when_a_changed_file_has_another_name) {
  Watched worktree;
  worktree.shell("ln a alias && echo x >> alias");
  CHECK_EQ(worktree.whySnapshotScans(), "a file that changed has another name");
  CHECK_EQ(pathsOf(worktree), "a alias ");
  CHECK(worktree.reset("base").scanned.has_value());
  worktree.requireFresh();
}

// The hole that no event shows; it is why a child process's work is verified.
TEST(tracking_misses_a_write_through_a_name_outside_and_verifying_finds_it) {
  Watched worktree;
  worktree.shell("ln a ../outside && echo x >> ../outside");
  CHECK_EQ(worktree.snapshotBy(*worktree.session).changes.size(), size_t{0});
  const SnapshotReply verified = worktree.snapshotBy(*worktree.session, true);
  CHECK(!verified.scanned);
  CHECK_EQ(verified.missed.size(), size_t{1});
  CHECK_EQ(verified.missed.front(), "a");
  CHECK_EQ(verified.changes.size(), size_t{1});
  CHECK_EQ(worktree.whySnapshotScans(), "tracking missed a change before");
  CHECK(worktree.reset("base").scanned.has_value());
  CHECK_EQ(worktree.gitThere("status --porcelain"), "");
}

// Given another name, but not written yet: whoever has that name could write into the next task's worktree.
TEST(tracking_gives_a_file_with_a_name_outside_back_as_a_new_one) {
  Watched worktree;
  worktree.shell("ln a ../outside");
  CHECK(worktree.snapshotBy(*worktree.session, true).missed.empty());
  CHECK(worktree.reset("base").scanned.has_value());
  CHECK(inodeOf(worktree.root() + "/a") != inodeOf(worktree.root() + "/../outside"));
}

TEST(tracking_sees_a_store_through_a_mapping_when_it_is_unmapped) {
  Watched worktree;
  OwnedFd file(::open((worktree.root() + "/a").c_str(), O_RDWR | O_CLOEXEC));
  void* bytes = ::mmap(nullptr, 4, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  CHECK(bytes != MAP_FAILED);
  file.reset();
  static_cast<char*>(bytes)[0] = 'O';
  CHECK_EQ(::munmap(bytes, 4), 0);
  CHECK_EQ(worktree.changed(), "a ");
  worktree.resetTracked("base");
}

TEST(tracking_ends_with_the_worktree) {
  Watched worktree;
  const RemoveWorktreeRequest request{"w01", worktree.root(), worktree.folder().file("trees/.trash")};
  said([&] { return removeWorktree(*worktree.session, request, kNever); });
  CHECK(worktree.session->trackers().find("w01") == nullptr);
}

#endif
