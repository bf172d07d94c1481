// Processes that hold a worktree: children that hold it in one way each, and say so through a pipe before they are
// looked for.
#include "git/holder.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "git/operations.h"
#include "git/process_kinds.h"
#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;

namespace {

const Cancel kNever;

class Child {
 public:
  // `hold` runs in the child; it then waits to be killed.
  explicit Child(const std::function<bool()>& hold) {
    int ready[2];
    if (::pipe2(ready, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    pid_ = ::fork();
    if (pid_ == 0) {
      const char said = hold() ? 'y' : 'n';
      if (::write(ready[1], &said, 1) != 1) ::_exit(1);
      for (;;)
        ::pause();
    }
    ::close(ready[1]);
    char said = 'n';
    const bool read = ::read(ready[0], &said, 1) == 1;
    ::close(ready[0]);
    if (!read || said != 'y') throw std::runtime_error("the child could not hold what it should");
  }
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  uint32_t pid() const { return static_cast<uint32_t>(pid_); }

 private:
  pid_t pid_ = -1;
};

std::string kindOf(const Child& child, const std::string& root) {
  for (const Holder& holder : findHolders({root}, kNever))
    if (holder.pid == child.pid()) return holder.kind + " " + holder.command;
  return "";
}

}  // namespace

#ifdef __linux__

TEST(holder_finds_what_a_task_started_by_its_environment) {
  const TempDirectory folder;
  folder.write("root/file", "content");
  const std::string root = folder.file("root"), variable = "COPPICE_WORKTREE=" + root;
  std::string other = variable + "-not";
  // Only a program that is started has an environment for others to read: the shell says that it runs, and stays.
  const auto start = [&](std::string given) {
    int ready[2];
    if (::pipe2(ready, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    const pid_t pid = ::fork();
    if (pid == 0) {
      char shell[] = "sh", command[] = "-c", script[] = "echo y; while :; do sleep 60; done";
      char* arguments[] = {shell, command, script, nullptr};
      char path[] = "PATH=/usr/bin:/bin";
      char* environment[] = {path, given.data(), nullptr};
      if (::chdir("/") != 0 || ::dup2(ready[1], 1) != 1) ::_exit(1);
      ::execve("/bin/sh", arguments, environment);
      ::_exit(1);
    }
    char said = 'n';
    const bool read = ::read(ready[0], &said, 1) == 1;
    ::close(ready[0]);
    ::close(ready[1]);
    if (!read || said != 'y') throw std::runtime_error("the shell did not start");
    return pid;
  };
  const pid_t held = start(variable), free = start(other);
  std::string kinds;
  for (const Holder& holder : findHolders({root}, kNever)) {
    CHECK(holder.pid != static_cast<uint32_t>(free));
    if (holder.pid == static_cast<uint32_t>(held)) kinds += holder.kind;
  }
  for (const pid_t pid : {held, free}) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  CHECK_EQ(kinds, "environment");
}

TEST(holder_finds_working_directories_descriptors_and_mappings) {
  const TempDirectory folder;
  folder.write("root/sub/file", "content");
  const std::string root = folder.file("root"), file = folder.file("root/sub/file"), sub = folder.file("root/sub");
  const Child inDirectory([&] { return ::chdir(sub.c_str()) == 0; });
  const Child inRoot([&] { return ::chdir(root.c_str()) == 0; });
  const Child writing([&] { return ::open(file.c_str(), O_WRONLY) >= 0; });
  const Child mapping([&] {
    const int fd = ::open(file.c_str(), O_RDWR);
    const void* address = ::mmap(nullptr, 7, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return fd >= 0 && address != MAP_FAILED && ::close(fd) == 0;
  });
  CHECK_EQ(kindOf(inDirectory, root), "cwd native_test");
  CHECK_EQ(kindOf(inRoot, root), "cwd native_test");
  CHECK_EQ(kindOf(writing, root), "descriptor native_test");
  CHECK_EQ(kindOf(mapping, root), "mapping native_test");
}

TEST(holder_leaves_readers_and_neighbours_out) {
  const TempDirectory folder;
  folder.write("root/file", "content");
  folder.write("root-beside/file", "content");
  const std::string root = folder.file("root"), file = folder.file("root/file"),
                    beside = folder.file("root-beside/file");
  const Child reading([&] { return ::open(file.c_str(), O_RDONLY) >= 0; });
  const Child elsewhere([&] { return ::open(beside.c_str(), O_WRONLY) >= 0; });
  const Child privately([&] {
    const int fd = ::open(file.c_str(), O_RDONLY);
    return ::mmap(nullptr, 7, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0) != MAP_FAILED;
  });
  CHECK_EQ(kindOf(reading, root) + kindOf(elsewhere, root) + kindOf(privately, root), "");
  const OwnedFd own(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  CHECK_EQ(findHolders({root}, kNever).size(), size_t{0});
}

TEST(holder_tells_for_each_root_who_holds_it) {
  const TempDirectory folder;
  folder.write("one/file", "content");
  folder.write("two/file", "content");
  folder.write("free/file", "content");
  const std::string one = folder.file("one"), two = folder.file("two"), file = folder.file("two/file");
  const Child both([&] { return ::chdir(one.c_str()) == 0 && ::open(file.c_str(), O_WRONLY) >= 0; });
  const std::vector<Holder> holders = findHolders({two, folder.file("free"), one}, kNever);
  CHECK_EQ(holders.size(), size_t{2});
  CHECK_EQ(holders[0].path + " " + holders[0].kind, one + " cwd");
  CHECK_EQ(holders[1].path + " " + holders[1].kind, two + " descriptor");
  CHECK(holders[0].pid == both.pid() && holders[1].pid == both.pid());
}

// Asked by a child, its parent is a process that began before.
TEST(holder_asks_an_older_process_for_its_working_directory_only) {
  const TempDirectory folder;
  folder.write("entered/file", "content");
  folder.write("written/file", "content");
  const std::string entered = folder.file("entered"), written = folder.file("written");
  const OwnedFd writing(::open(folder.file("written/file").c_str(), O_WRONLY | O_CLOEXEC));
  const OwnedFd before(::open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  CHECK(writing && before && ::chdir(entered.c_str()) == 0);
  // Processes are dated by the tick; the child's must be a later one than ours.
  struct tms unused;
  for (const clock_t now = ::times(&unused); ::times(&unused) < now + 2;) ::sched_yield();
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    std::string seen;
    for (const Holder& holder : findHolders({entered, written}, kNever))
      if (holder.pid == static_cast<uint32_t>(parent)) seen += holder.kind + " " + holder.path + ";";
    ::_exit(seen == "cwd " + entered + ";" ? 0 : 1);
  }
  int status = -1;
  CHECK(child > 0 && ::waitpid(child, &status, 0) == child);
  CHECK(::fchdir(before.get()) == 0);
  CHECK_EQ(status, 0);
}

// What was learnt of one process says nothing about another that gets its number, nor to a child of the one that learnt it.
TEST(holder_knows_a_process_by_more_than_its_number) {
  ProcessKinds kinds;
  kinds.begin(1);
  kinds.keep(7, 100, ProcessKind::kOlder);
  CHECK(kinds.find(7, 100) == ProcessKind::kOlder);
  CHECK(!kinds.find(7, 101));
  kinds.begin(1);
  CHECK(kinds.find(7, 100) == ProcessKind::kOlder);
  const pid_t child = ::fork();
  if (child == 0) {
    kinds.begin(1);
    ::_exit(kinds.find(7, 100) ? 1 : 0);
  }
  int status = -1;
  CHECK(child > 0 && ::waitpid(child, &status, 0) == child);
  CHECK_EQ(status, 0);
  for (uint64_t pid = 1; pid <= 5; pid++) kinds.keep(pid, 100, ProcessKind::kKernel);
  kinds.begin(1);
  CHECK(!kinds.find(1, 100));

  const std::string before = "8 (a (b) c) S 1 1 1 0 -1 ";
  const std::string between = " 0 0 0 0 0 0 0 0 20 0 1 0 ";  // from the 10th field to the 21st
  const std::string user = before + "4194304" + between + "500 0 0", kernel = before + "2129984" + between + "500 0 0";
  CHECK_EQ(processStart(user), uint64_t{500});
  CHECK(processKind(user, 500) == ProcessKind::kNewer);
  CHECK(processKind(user, 501) == ProcessKind::kOlder);
  CHECK(processKind(kernel, 501) == ProcessKind::kKernel);
  CHECK(!processKind("", 501));
}

TEST(holder_finds_who_holds_what_was_deleted) {
  const TempDirectory folder;
  folder.write("root/sub/file", "content");
  const std::string root = folder.file("root"), sub = folder.file("root/sub");
  const Child inDirectory([&] { return ::chdir(sub.c_str()) == 0; });
  std::filesystem::remove_all(sub);
  CHECK_EQ(kindOf(inDirectory, root), "cwd native_test");
}

#endif

TEST(holder_follows_a_link_to_the_worktree_and_can_be_cancelled) {
  const SessionRepository repository;
  const auto session = repository.open();
  const TempDirectory folder;
  std::filesystem::create_directory_symlink(repository.path(), folder.file("link"));
  const Child inDirectory([&] { return ::chdir(repository.path().c_str()) == 0; });
  const ListHoldersReply reply = said([&] { return listHolders(*session, {{folder.file("link")}}, kNever); });
#ifdef __linux__
  CHECK_EQ(reply.holders.size(), size_t{1});
  CHECK_EQ(reply.holders[0].pid, inDirectory.pid());
  CHECK_EQ(reply.holders[0].path, folder.file("link"));
  Cancel cancel;
  cancel.set();
  CHECK_EQ(failureCode([&] { listHolders(*session, {{repository.path()}}, cancel); }), failure_code::kCancelled);
#else
  CHECK(reply.holders.empty());
#endif
  CHECK_EQ(said([&] { return listHolders(*session, {{folder.file("nowhere")}}, kNever); }).holders.size(), size_t{0});
  folder.write("file", "");
  CHECK_EQ(failureCode([&] { listHolders(*session, {{folder.file("file/below")}}, kNever); }), failure_code::kSystem);
}
