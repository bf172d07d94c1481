// Names that may be written, and opening beneath a root: both ways (openat2 and the walk), against links and swaps.
#include "git/safe_path.h"

#include <fcntl.h>

#include <filesystem>
#include <thread>

#include "git/new_file.h"
#include "git/oid.h"
#include "test/git_repository.h"

using namespace coppice;
using namespace coppice::test;

namespace {

namespace fs = std::filesystem;

const Cancel kNever;

const std::vector<std::string> kTrickyNames = {
    "a",
    "a/b",
    ".gitignore",
    ".gitx",
    "git",
    ".gi",
    "a..b",
    "...",
    "a\\b",
    "con",
    "a:b",
    "git~2",
    "git~1x",
    ".git x",
    "\xe2\x80\x8c",
    "a\xe2\x80\x8c"
    "b",
    ".gitmodules",
    "..git",
    "x.git",
    "\xef\xbb\xbfgit",
    ".g\xe2\x80\x90it",
    "caf\xc3\xa9",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "./a",
    "../a",
    "a/..",
    "a/./b",
    "a/../b",
    ".git",
    ".GIT",
    ".Git/config",
    "a/.git",
    "a/.git/b",
    "git~1",
    "GIT~1/x",
    "git~1.",
    "git~1 . ",
    ".git.",
    ".git ",
    ".git. .",
    ".git::$INDEX_ALLOCATION",
    ".git:stream",
    "git~1:x",
    ".g\xe2\x80\x8cit",
    "\xe2\x80\x8e.git",
    ".git\xef\xbb\xbf",
    "\xef\xbb\xbf.GIT/x",
    ".g\xe2\x81\xafit",
    ".g\xe2\x80\xaait",
    ".git\\x",
    "git~1\\x",
    "a\\.git",
    "a\\.git\\b",
    "a\\git~1",
    ".git\\",
};

// Both ways of opening, one after the other.
void eachWay(const std::function<void()>& body) {
  for (const bool portable : {false, true}) {
    RootDirectory::usePortableFallback(portable);
    try {
      body();
    } catch (...) {
      RootDirectory::usePortableFallback(false);
      throw;
    }
  }
  RootDirectory::usePortableFallback(false);
}

bool gitAccepts(const GitRepository& repository, const std::string& mode, const std::string& path) {
  repository.git("read-tree --empty");
  return repository
             .tryGit("-c core.protectHFS=true -c core.protectNTFS=true update-index --add --cacheinfo " +
                     quoted(mode + ",e69de29bb2d1d6434b8b29ae775ad8c2e48c5391," + path))
             .code == 0;
}

}  // namespace

TEST(safe_path_agrees_with_git) {
  const GitRepository repository;
  for (const std::string& path : kTrickyNames) {
    if (isSafePath(path) != gitAccepts(repository, "100644", path)) throw std::runtime_error("git disagrees: " + path);
  }
}

TEST(safe_path_agrees_with_git_on_gitmodules_links) {
  const GitRepository repository;
  for (const std::string path :
       {".gitmodules", ".GITMODULES", "a/.gitmodules", ".gitmodules ", ".gitmodules::$DATA", "gitmod~1", "gitmod~4.",
        "gitmod~5", "gi7eba~1", "gi7eb~10", "gi7eba~0", "~1000000", "gi7d29~1", "gitmodules", ".gitmodulesx",
        ".git\xe2\x80\x8cmodules", "a\\.gitmodules", "b"}) {
    if (isSafePath(path, kModeSymlink) != gitAccepts(repository, "120000", path))
      throw std::runtime_error("git disagrees: " + path);
    CHECK(isSafePath(path, kModeFile));
  }
}

TEST(safe_path_refuses_nul_and_excess) {
  CHECK(!isSafePath(std::string_view("a\0b", 3)));
  CHECK(!isSafePath(""));
  CHECK(!isSafePath(std::string(4097, 'a')));
  CHECK_EQ(failureCode([] { requireSafePath(".git/config", "test"); }), "UNSAFE_PATH");
}

TEST(safe_path_never_follows_a_link) {
  const TempDirectory folder;
  folder.write("root/real/file", "inside");
  folder.write("outside/file", "outside");
  fs::create_directory_symlink(folder.file("outside"), folder.path() / "root/link");
  fs::create_symlink(folder.file("outside/file"), folder.path() / "root/filelink");
  fs::create_directory_symlink("real", folder.path() / "root/inner");
  eachWay([&] {
    const RootDirectory root(folder.file("root"));
    CHECK(root.openFile("real/file", O_RDONLY));
    for (const char* path : {"link/file", "filelink", "inner/file", "../outside/file", "real/../../outside/file"}) {
      CHECK(!root.openFile(path, O_RDONLY));
      CHECK(!root.openFile(path, O_WRONLY | O_CREAT | O_TRUNC, 0666));
    }
    CHECK(!root.openParent("link/new"));
    CHECK(!root.openDirectory("link"));
    CHECK_EQ(failureCode([&] { root.makeParent("link/new/file"); }), "UNSAFE_PATH");
    CHECK_EQ(failureCode([&] { root.makeParent("real/file/x"); }), "UNSAFE_PATH");
    CHECK_EQ(folder.read("outside/file"), "outside");
    CHECK(!fs::exists(folder.path() / "outside/new"));
  });
}

TEST(root_directory_is_no_link) {
  const TempDirectory folder;
  folder.write("outside/file", "outside");
  fs::create_directory_symlink(folder.file("outside"), folder.path() / "root");
  CHECK(failureCode([&] { const RootDirectory root(folder.file("root")); }) != "");
  fs::remove(folder.path() / "root");
  folder.write("root/file", "inside");
  const RootDirectory root(folder.file("root"));
  // Swapped for a link since it was opened: what is written goes where it was.
  fs::rename(folder.path() / "root", folder.path() / "moved");
  fs::create_directory_symlink(folder.file("outside"), folder.path() / "root");
  writeNewFile(root, "new", "bytes", 0666);
  CHECK_EQ(failureCode([&] { writeNewFile(root, "new", "bytes", 0666); }), "EXISTS");
  CHECK_EQ(folder.read("moved/new"), "bytes");
  CHECK(!fs::exists(folder.path() / "outside/new"));
}

TEST(safe_path_makes_parents_and_files) {
  const TempDirectory folder;
  int round = 0;
  eachWay([&] {
    const std::string name = "made" + std::to_string(round++) + "/b/c";
    const RootDirectory root(folder.path().string());
    CHECK(!root.openParent(name + "/file"));
    CHECK(root.makeParent(name + "/file"));
    const OwnedFd file = root.openFile(name + "/file", O_WRONLY | O_CREAT | O_EXCL, 0666);
    CHECK(file);
    writeAll(file.get(), "x", 1, name);
    CHECK_EQ(folder.read(name + "/file"), "x");
    CHECK(root.openParent("top"));
  });
}

TEST(safe_path_does_not_wait_for_a_fifo) {
  const TempDirectory folder;
  CHECK_EQ(mkfifo(folder.file("fifo").c_str(), 0600), 0);
  eachWay([&] {
    const RootDirectory root(folder.path().string());
    CHECK(root.openFile("fifo", O_RDONLY));
  });
  CHECK_EQ(failureCode([&] { readSmallFile(folder.file("fifo"), 10); }), "INVALID");
}

TEST(small_file_is_replaced_by_lock_and_rename) {
  const TempDirectory folder;
  replaceFile(folder.file("HEAD"), "one", Deadline(0), kNever);
  CHECK_EQ(readSmallFile(folder.file("HEAD"), 10).value(), "one");
  CHECK_EQ(chmod(folder.file("HEAD").c_str(), 0664), 0);
  replaceFile(folder.file("HEAD"), "two", Deadline(0), kNever);
  CHECK_EQ(folder.read("HEAD"), "two");
  struct stat status;
  CHECK_EQ(stat(folder.file("HEAD").c_str(), &status), 0);
  CHECK_EQ(status.st_mode & 0777, 0664u);
  folder.write("HEAD.lock", "");
  CHECK_EQ(failureCode([&] { replaceFile(folder.file("HEAD"), "three", Deadline(0), kNever); }), "LOCKED");
  CHECK_EQ(folder.read("HEAD"), "two");
  CHECK(fs::exists(folder.path() / "HEAD.lock"));  // another's lock stays
}

TEST(small_file_is_replaced_when_its_lock_is_free) {
  const TempDirectory folder;
  folder.write("HEAD.lock", "");
  const Deadline deadline(60'000);
  Cancel aborted;
  aborted.set();
  CHECK_EQ(failureCode([&] { replaceFile(folder.file("HEAD"), "one", deadline, aborted); }), "CANCELLED");
  std::thread owner([&] { fs::remove(folder.path() / "HEAD.lock"); });
  replaceFile(folder.file("HEAD"), "one", deadline, kNever);
  owner.join();
  CHECK_EQ(folder.read("HEAD"), "one");
}

TEST(small_file_has_limits) {
  const TempDirectory folder;
  folder.write("file", "12345");
  CHECK_EQ(readSmallFile(folder.file("file"), 5).value(), "12345");
  CHECK_EQ(failureCode([&] { readSmallFile(folder.file("file"), 4); }), "LIMIT");
  CHECK(!readSmallFile(folder.file("none"), 5));
  CHECK(!readSmallFile(folder.file("file/below"), 5));
  writeNewFile(folder.file("new"), "x", 0644, true);
  CHECK_EQ(failureCode([&] { writeNewFile(folder.file("new"), "y", 0644, false); }), "EXISTS");
  CHECK_EQ(folder.read("new"), "x");
}

TEST(remove_tree_leaves_what_links_point_at) {
  const TempDirectory folder;
  folder.write("outside/file", "kept");
  folder.write("gone/a/b/file", "x");
  fs::create_directory_symlink(folder.file("outside"), folder.path() / "gone/a/link");
  fs::create_directory_symlink(folder.file("outside"), folder.path() / "toplink");
  const RootDirectory root(folder.path().string());
  removeTree(root.get(), "gone");
  removeTree(root.get(), "toplink");
  removeTree(root.get(), "never-was");
  CHECK(!fs::exists(folder.path() / "gone"));
  CHECK(!fs::is_symlink(folder.path() / "toplink"));
  CHECK_EQ(folder.read("outside/file"), "kept");
}

TEST(remove_tree_goes_any_depth) {
  const TempDirectory folder;
  OwnedFd directory(open(folder.path().c_str(), O_RDONLY | O_DIRECTORY));
  for (int depth = 0; depth < 3000; depth++) {
    CHECK_EQ(mkdirat(directory.get(), "d", 0777), 0);
    directory = OwnedFd(openat(directory.get(), "d", O_RDONLY | O_DIRECTORY));
    CHECK(OwnedFd(openat(directory.get(), "file", O_CREAT | O_WRONLY, 0666)));
  }
  const RootDirectory root(folder.path().string());
  removeTree(root.get(), "d");
  CHECK_EQ(namesIn(root.get(), "").size(), 0u);
}

TEST(remove_tree_opens_closed_directories) {
  const TempDirectory folder;
  folder.write("gone/closed/inner/file", "x");
  fs::permissions(folder.path() / "gone/closed/inner", fs::perms::none);
  fs::permissions(folder.path() / "gone/closed", fs::perms::owner_read);
  fs::permissions(folder.path() / "gone", fs::perms::none);
  const bool root = geteuid() == 0;
  if (root) {  // root is stopped by no mode: become somebody else
    CHECK_EQ(runCommand(folder.path().string(), "chown -R 65534 .").code, 0);
    CHECK_EQ(seteuid(65534), 0);
  }
  std::string code;
  {
    const RootDirectory parent(folder.path().string());
    code = failureCode([&] { removeTree(parent.get(), "gone"); });
  }
  if (root) CHECK_EQ(seteuid(0), 0);
  CHECK_EQ(code, "");
  CHECK(!fs::exists(folder.path() / "gone"));
}

TEST(remove_tree_can_be_cancelled) {
  const TempDirectory folder;
  folder.write("kept/file", "x");
  const RootDirectory root(folder.path().string());
  Cancel cancel;
  cancel.set();
  CHECK_EQ(failureCode([&] { removeTree(root.get(), "kept", &cancel); }), "CANCELLED");
  CHECK_EQ(folder.read("kept/file"), "x");
}
