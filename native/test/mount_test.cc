// Mounts that a task has left in its worktree: what lies behind them is never removed and never written. Each test has a table of
// mounts of its own (unshare), which needs root; without it the test says so and is over.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sched.h>
#include <sys/mount.h>
#endif

#include <cstdio>
#include <filesystem>
#include <functional>

#include "git/mount.h"
#include "git/operations.h"
#include "git/safe_path.h"
#include "git/trash.h"
#include "test/leased_worktree.h"
#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;

namespace {

namespace fs = std::filesystem;

const Cancel kNever;
constexpr int kNoMounts = 77;

#ifdef __linux__
bool ownMounts() {
  return ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

void bindOver(const std::string& from, const std::string& to) {
  if (::mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr) != 0) throw std::runtime_error("cannot bind " + to);
}

void mountMemory(const std::string& to) {
  if (::mount("none", to.c_str(), "tmpfs", 0, nullptr) != 0) throw std::runtime_error("cannot mount on " + to);
}

void unmount(const std::string& path) {
  if (::umount2(path.c_str(), MNT_DETACH) != 0) throw std::runtime_error("cannot unmount " + path);
}
#else
bool ownMounts() { return false; }
void bindOver(const std::string&, const std::string&) {}
void mountMemory(const std::string&) {}
void unmount(const std::string&) {}
#endif

// Runs `body` in a child whose mounts nobody else sees, and which takes them with it.
void amongOwnMounts(const std::function<void()>& body) {
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    if (!ownMounts()) ::_exit(kNoMounts);
    int code = 0;
    try {
      said([&] { body(); });
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      code = 1;
    }
    ::_exit(code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoMounts) {
    std::printf("       not looked at: mounting needs root\n");
    return;
  }
  CHECK_EQ(status, 0);
}

std::string mountedPath(const std::function<void()>& body) {
  try {
    body();
  } catch (const Failure& failure) {
    CHECK_EQ(failure.code, failure_code::kMounted);
    return failure.path;
  }
  throw std::runtime_error("no failure");
}

// A worktree at its base, and a folder of the user's elsewhere on the same filesystem.
struct Scene {
  Scene() {
    repository.write("src/a.txt", "base\n");
    repository.write(".gitignore", "/ignored/\n");
    repository.commit("base");
    repository.folder().write("precious/thesis.txt", "years of work\n");
    repository.folder().write("precious/deep/er/notes.txt", "more\n");
  }

  std::string precious() const { return repository.folder().file("precious"); }
  std::string at(const std::string& name) const { return worktree().path() + "/" + name; }
  std::string trash() const { return repository.folder().file("trash"); }
  const LeasedWorktree& worktree() const {
    if (!leased) leased = std::make_unique<LeasedWorktree>(repository);
    return *leased;
  }

  void mountIn(const std::string& name) const {
    fs::create_directories(at(name));
    bindOver(precious(), at(name));
  }
  void resetIt() const {
    reset(worktree().session(), {"w01", worktree().path(), worktree().baseOid(), false, {}}, kNever);
  }
  void removeIt() const { removeWorktree(worktree().session(), {"w01", worktree().path(), trash()}, kNever); }
  void requireUntouched() const {
    CHECK_EQ(repository.folder().read("precious/thesis.txt"), "years of work\n");
    CHECK_EQ(repository.folder().read("precious/deep/er/notes.txt"), "more\n");
    struct stat status;
    CHECK_EQ(::stat(precious().c_str(), &status), 0);
    CHECK_EQ(status.st_mode & 07777, 0755u);
  }

  SessionRepository repository;
  mutable std::unique_ptr<LeasedWorktree> leased;
};

}  // namespace

TEST(mount_is_told_from_a_folder_and_named) {
  const Scene scene;
  amongOwnMounts([&] {
    const RootDirectory root(scene.worktree().path());
    CHECK(!isMountPoint(root.get(), "src"));
    CHECK(!isMountPoint(root.get(), "nowhere"));
    CHECK_EQ(mountsBeneath(scene.worktree().path()), std::vector<std::string>());
    scene.mountIn("sp ace/data");
    CHECK(isMountPoint(RootDirectory(scene.at("sp ace")).get(), "data"));
    CHECK_EQ(mountsBeneath(scene.worktree().path()), std::vector<std::string>{scene.at("sp ace/data")});
    CHECK_EQ(mountsBeneath(scene.at("sp ace/data")), std::vector<std::string>());  // the folder itself may be one
    const ListHoldersReply reply = listHolders(scene.worktree().session(), {{scene.worktree().path()}}, kNever);
    CHECK_EQ(reply.mounts.size(), size_t{1});
    CHECK_EQ(reply.mounts[0].path, scene.worktree().path());
    CHECK_EQ(reply.mounts[0].mountPath, scene.at("sp ace/data"));
  });
}

TEST(mount_in_a_worktree_refuses_its_reset_and_its_removal_until_it_is_gone) {
  for (const char* name : {"data", "ignored/data", "src"}) {
    const Scene scene;
    amongOwnMounts([&] {
      scene.mountIn(name);
      scene.worktree().write("left.txt", "x");
      scene.worktree().shell("cp .git " + quoted(scene.worktree().gitDirectory() + "/MERGE_MSG"));
      CHECK_EQ(mountedPath([&] { scene.resetIt(); }), scene.at(name));
      CHECK_EQ(mountedPath([&] { scene.removeIt(); }), scene.at(name));
      scene.requireUntouched();
      CHECK(fs::exists(scene.at("left.txt")));  // nothing of it is half gone
      CHECK(fs::exists(scene.worktree().gitDirectory() + "/MERGE_MSG"));
      CHECK(!fs::exists(scene.trash()));
      unmount(scene.at(name));
      scene.resetIt();
      CHECK(!fs::exists(scene.at("left.txt")));
      scene.removeIt();
      sweepTrash(scene.worktree().session(), {scene.trash()}, kNever);
      CHECK(!fs::exists(scene.trash()));
      scene.requireUntouched();
    });
  }
}

TEST(mount_in_a_tracked_worktree_refuses_its_reset_too) {
  const Scene scene;
  amongOwnMounts([&] {
    const auto session = scene.repository.open();
    AddWorktreeRequest request;
    request.name = "w02";
    request.path = scene.repository.folder().file("trees/w02");
    request.baseOid = scene.repository.oid("HEAD");
    request.track = true;
    addWorktree(*session, request, kNever);
    const ResetRequest back{"w02", request.path, request.baseOid, false, {}};
    reset(*session, back, kNever);
    CHECK(!reset(*session, back, kNever).scanned.has_value());
    const std::string point = request.path + "/src";
    bindOver(scene.precious(), point);
    CHECK_EQ(mountedPath([&] { reset(*session, back, kNever); }), point);
    scene.requireUntouched();
    unmount(point);
    CHECK(reset(*session, back, kNever).scanned.has_value());
    CHECK(!reset(*session, back, kNever).scanned.has_value());
    scene.requireUntouched();
  });
}

TEST(mount_of_a_single_file_is_not_written_through) {
  const Scene scene;
  amongOwnMounts([&] {
    bindOver(scene.precious() + "/thesis.txt", scene.at("src/a.txt"));
    CHECK_EQ(mountedPath([&] { scene.resetIt(); }), scene.at("src/a.txt"));
    CHECK_EQ(mountedPath([&] { removeTree(RootDirectory(scene.at("src")).get(), "a.txt"); }), "a.txt");
    scene.requireUntouched();
  });
}

// The looks at the table of mounts come before: these are for what is mounted in between.
TEST(mount_stops_a_removal_that_is_under_way) {
  for (const char* deep : {"gone/data", "gone", "gone/a/b/c/data"}) {
    const TempDirectory folder;
    folder.write("precious/thesis.txt", "years of work\n");
    folder.write("precious/closed/notes.txt", "more\n");
    amongOwnMounts([&] {
      fs::permissions(folder.path() / "precious", fs::perms::owner_read | fs::perms::owner_exec);
      fs::create_directories(folder.file(deep));
      bindOver(folder.file("precious"), folder.file(deep));
      const RootDirectory root(folder.path().string());
      CHECK_EQ(mountedPath([&] { removeTree(root.get(), "gone"); }), fs::path(deep).filename().string());
      CHECK_EQ(folder.read("precious/thesis.txt"), "years of work\n");
      CHECK_EQ(folder.read("precious/closed/notes.txt"), "more\n");
      struct stat status;
      CHECK_EQ(::stat(folder.file("precious").c_str(), &status), 0);
      CHECK_EQ(status.st_mode & 07777, 0500u);
    });
  }
}

// Linux before 5.8, and other systems.
TEST(mount_of_another_device_is_told_without_the_numbers_of_mounts) {
  const TempDirectory folder;
  folder.write("gone/file", "x");
  fs::create_directories(folder.file("gone/a/data"));
  amongOwnMounts([&] {
    mountMemory(folder.file("gone/a/data"));
    folder.write("gone/a/data/thesis.txt", "years of work\n");
    tellMountsByDevice(true);
    RootDirectory::usePortableFallback(true);
    const RootDirectory root(folder.path().string(), Mounts::kRefused);
    CHECK(root.openFile("gone/file", O_RDONLY));
    CHECK(!root.openFile("gone/a/data/thesis.txt", O_RDONLY));
    CHECK_EQ(mountedPath([&] { removeTree(root.get(), "gone"); }), "data");
    CHECK_EQ(folder.read("gone/a/data/thesis.txt"), "years of work\n");
    unmount(folder.file("gone/a/data"));
    removeTree(root.get(), "gone");
    CHECK(!fs::exists(folder.file("gone")));
  });
}

TEST(mount_below_the_depth_from_which_a_removal_lifts_stops_it_too) {
  const TempDirectory folder;
  folder.write("precious/thesis.txt", "years of work\n");
  amongOwnMounts([&] {
    std::string deep = "gone";
    for (int i = 0; i < 70; i++) deep += "/d";
    fs::create_directories(folder.file(deep));
    bindOver(folder.file("precious"), folder.file(deep));
    const RootDirectory root(folder.path().string());
    mountedPath([&] { removeTree(root.get(), "gone"); });
    CHECK_EQ(folder.read("precious/thesis.txt"), "years of work\n");
  });
}

TEST(mount_in_the_trash_keeps_that_entry_whole_and_no_other) {
  const TempDirectory folder;
  folder.write("precious/thesis.txt", "years of work\n");
  amongOwnMounts([&] {
    const std::string trash = folder.file("trash");
    for (const char* name : {"w01", "w02", "w03"}) {
      folder.write(std::string(name) + "/file", "x");
      moveToTrash(folder.file(name), name, trash);
    }
    std::string entry;
    for (const auto& found : fs::directory_iterator(trash))
      if (found.path().filename().string().rfind("w02-", 0) == 0) entry = found.path().string() + "/worktree";
    fs::create_directories(entry + "/a/data");
    bindOver(folder.file("precious"), entry + "/a/data");
    CHECK_EQ(mountedPath([&] { emptyTrash(trash, kNever); }), entry + "/a/data");
    CHECK_EQ(folder.read("precious/thesis.txt"), "years of work\n");
    CHECK(fs::exists(entry + "/file"));
    CHECK_EQ(std::distance(fs::directory_iterator(trash), fs::directory_iterator()), std::ptrdiff_t{2});  // and the mark
    unmount(entry + "/a/data");
    emptyTrash(trash, kNever);
    CHECK(!fs::exists(trash));
    CHECK_EQ(folder.read("precious/thesis.txt"), "years of work\n");
  });
}

TEST(mount_is_entered_or_refused_by_both_ways_of_opening) {
  const TempDirectory folder;
  folder.write("precious/thesis.txt", "years of work\n");
  folder.write("root/file", "x");
  fs::create_directories(folder.path() / "root/a/data");
  amongOwnMounts([&] {
    bindOver(folder.file("root"), folder.file("root"));  // the root may be a mount itself
    bindOver(folder.file("precious"), folder.file("root/a/data"));
    bindOver(folder.file("precious/thesis.txt"), folder.file("root/file"));
    for (const bool portable : {false, true}) {
      RootDirectory::usePortableFallback(portable);
      const RootDirectory entering(folder.file("root"));
      CHECK(entering.openFile("a/data/thesis.txt", O_RDONLY));
      CHECK(entering.openFile("file", O_RDONLY));
      const RootDirectory refusing(folder.file("root"), Mounts::kRefused);
      CHECK(refusing.openDirectory("a"));
      for (const char* path : {"a/data/thesis.txt", "a/data", "file"}) {
        CHECK(!refusing.openFile(path, O_RDONLY));
        CHECK_EQ(errno, EXDEV);
      }
      CHECK(!refusing.openParent("a/data/thesis.txt"));
      CHECK_EQ(mountedPath([&] { refusing.makeDirectory("a/data/new/folder"); }), "a/data/new/folder");
    }
  });
}

TEST(snapshot_takes_what_is_mounted_as_git_does) {
  const Scene scene;
  amongOwnMounts([&] {
    scene.mountIn("data");
    scene.mountIn("ignored/data");
    const SnapshotReply reply = scene.worktree().checkedSnapshot();
    CHECK_EQ(pathsOf(reply.changes), "data/deep/er/notes.txt\ndata/thesis.txt\n");
  });
}
