// Refs under git's locks: git sees every change, and neither side overtakes the other.
#include "git/ref.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "git/operations.h"
#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;

namespace {

const Cancel kNever;

RefPlace placeOf(const SessionRepository& repository) { return {repository.path() + "/.git", repository.path() + "/.git"}; }

LockedRef lock(const SessionRepository& repository, const std::string& name, uint32_t timeoutMs = 0) {
  return said([&] { return LockedRef::take(placeOf(repository), name, Deadline(timeoutMs), kNever); });
}

void set(const SessionRepository& repository, const std::string& name, const Oid& oid) { lock(repository, name, 5000).set(oid); }

void remove(const SessionRepository& repository, const std::string& name) {
  said([&] { lock(repository, name, 5000).remove(Deadline(5000), kNever); });
}

std::string lockCode(const SessionRepository& repository, const std::string& name) {
  return failureCode([&] { LockedRef::take(placeOf(repository), name, Deadline(0), kNever); });
}

std::string listed(const SessionRepository& repository, const std::string& prefix) {
  std::string text;
  for (const Ref& ref : said([&] { return listRefs(placeOf(repository), prefix, kNever); })) {
    text += (text.empty() ? "" : "\n") + toHex(ref.oid) + " " + ref.refName;
  }
  return text;
}

std::string gitList(const SessionRepository& repository, const std::string& pattern) {
  return repository.git("for-each-ref --format='%(objectname) %(refname)' " + pattern);
}

void dieWithLock(const SessionRepository& repository, const std::string& name) {
  const pid_t pid = fork();
  if (pid == 0) {
    try {
      const LockedRef ref = LockedRef::take(placeOf(repository), name, Deadline(0), kNever);
      _exit(0);
    } catch (...) {
      _exit(1);
    }
  }
  int status = 0;
  waitpid(pid, &status, 0);
  CHECK_EQ(status, 0);
}

}  // namespace

TEST(ref_set_read_and_removed_as_git_sees_it) {
  const SessionRepository repository;
  const Oid first = repository.commit("first");
  const Oid second = repository.commit("second");
  const std::string name = "refs/coppice/run/effects/e1";
  set(repository, name, first);
  CHECK(repository.oid(name) == first);
  CHECK(*readRef(placeOf(repository), name).oid == first);
  set(repository, name, second);
  CHECK(repository.oid(name) == second);
  repository.git("pack-refs --all");
  CHECK(!std::filesystem::exists(repository.path() + "/.git/" + name));
  CHECK(*readRef(placeOf(repository), name).oid == second);
  set(repository, name, first);
  CHECK(repository.oid(name) == first);
  remove(repository, name);
  CHECK(!repository.gitSucceeds("rev-parse --verify " + name));
  CHECK(!readRef(placeOf(repository), name).exists());
  CHECK(!std::filesystem::exists(repository.path() + "/.git/refs/coppice/run"));
  remove(repository, name);
  CHECK_EQ(repository.git("fsck --strict"), "");
  CHECK(std::filesystem::is_empty(repository.path() + "/.git/coppice/locks"));
}

TEST(ref_removal_never_writes_packed_refs_that_git_refuses) {
  const SessionRepository repository;
  repository.commit("first");
  repository.git("branch topic");
  repository.git("tag -a -m tag v1");
  repository.git("pack-refs --all");
  const std::string packed = repository.read(".git/packed-refs");
  const auto header = packed.substr(0, packed.find('\n') + 1), refs = packed.substr(header.size());
  const auto removal = [&] {
    LockedRef::take(placeOf(repository), "refs/heads/topic", Deadline(0), kNever).remove(Deadline(0), kNever);
  };
  const std::string oid(40, 'a');
  const std::vector<std::string> damaged{
      packed + packed,                                   // two headers
      "# pack-r%fs with: peeled \n" + refs,
      "#\n" + refs,
      header + "# a comment\n" + refs,
      header + "\n" + refs,
      header + "^" + oid + "\n" + refs,                  // of no ref
      packed + "^" + oid + "\n^" + oid + "\n",            // of one that has one
      header + refs + "^" + oid.substr(1) + "\n",
  };
  for (const std::string& text : damaged) {
    repository.write(".git/packed-refs", text);
    CHECK(!repository.gitSucceeds("for-each-ref"));
    CHECK_EQ(failureCode(removal), failure_code::kCorrupt);
    CHECK_EQ(repository.read(".git/packed-refs"), text);
  }
  // Without the header, as git wrote it once, and with one of less.
  for (const std::string& text : {refs, "# pack-refs with: peeled \n" + refs}) {
    repository.write(".git/packed-refs", text);
    CHECK_EQ(failureCode(removal), "");
    CHECK(repository.gitSucceeds("for-each-ref"));
  }
}

TEST(ref_removal_leaves_the_other_packed_refs_and_peeled_tags) {
  const SessionRepository repository;
  repository.commit("first");
  for (const char* name : {"a", "b", "c"}) repository.git(std::string("tag -a -m note ") + name);
  repository.git("branch topic");
  repository.git("pack-refs --all");
  const std::string before = gitList(repository, "refs/tags/a refs/tags/c refs/heads");
  remove(repository, "refs/tags/b");
  CHECK_EQ(gitList(repository, ""), before);
  CHECK_EQ(repository.git("show-ref -d --tags | grep -c '\\^{}'"), "2");
  CHECK(repository.read(".git/packed-refs").find("fully-peeled") != std::string::npos);
}

TEST(ref_listing_equals_git_over_loose_packed_and_both) {
  const SessionRepository repository;
  const Oid first = repository.commit("first");
  const Oid second = repository.commit("second");
  for (const char* name : {"refs/coppice/r1/anchor", "refs/coppice/r1/effects/a", "refs/coppice/r2/ledger"}) set(repository, name, first);
  repository.git("pack-refs --all");
  set(repository, "refs/coppice/r1/effects/a", second);
  set(repository, "refs/coppice/r1/effects/a-b", second);
  set(repository, "refs/coppice/r3/anchor", second);
  repository.git("symbolic-ref refs/coppice/r3/link refs/heads/main");
  repository.write(".git/refs/coppice/r3/half.lock", "");
  CHECK_EQ(listed(repository, "refs/coppice/r1/"), gitList(repository, "refs/coppice/r1"));
  CHECK_EQ(listed(repository, "refs/coppice/r1/effects/a"), gitList(repository, "'refs/coppice/r1/effects/a*'"));
  CHECK_EQ(listed(repository, "refs/coppice/r3/"), toHex(second) + " refs/coppice/r3/anchor");
  CHECK_EQ(listed(repository, "refs/heads/"), gitList(repository, "refs/heads"));
  CHECK_EQ(listed(repository, "refs/nothing/"), "");
  for (const char* prefix : {"", "HEAD", "refs", "refs/../x", "/refs/"}) {
    CHECK_EQ(failureCode([&] { listRefs(placeOf(repository), prefix, kNever); }), failure_code::kInvalid);
  }
}

TEST(ref_names_that_need_each_other_as_directory_are_refused) {
  const SessionRepository repository;
  const Oid oid = repository.commit("first");
  set(repository, "refs/coppice/a/b", oid);
  CHECK_EQ(lockCode(repository, "refs/coppice/a/b/c"), failure_code::kExists);
  CHECK_EQ(lockCode(repository, "refs/coppice/a"), failure_code::kExists);
  repository.git("pack-refs --all");
  CHECK_EQ(lockCode(repository, "refs/coppice/a/b/c"), failure_code::kExists);
  CHECK_EQ(lockCode(repository, "refs/coppice/a"), failure_code::kExists);
  remove(repository, "refs/coppice/a/b");
  std::filesystem::create_directories(repository.path() + "/.git/refs/coppice/a/b/empty");
  set(repository, "refs/coppice/a", oid);
  CHECK(repository.oid("refs/coppice/a") == oid);
  CHECK_EQ(repository.git("fsck --strict"), "");
}

TEST(ref_bad_names_are_refused) {
  const SessionRepository repository;
  for (const char* name : {"", "main", "refs/", "refs/a..b", "refs/a.lock", "refs/../../x", "refs/a//b", "refs/.a", "HEAD2", "refs/a b", "refs/bisect/bad",
                           "refs/worktree/x"}) {
    CHECK_EQ(lockCode(repository, name), failure_code::kInvalid);
  }
}

TEST(ref_symbolic_refs_are_shown_and_not_followed) {
  const SessionRepository repository;
  const Oid oid = repository.commit("first");
  CHECK_EQ(*readRef(placeOf(repository), "HEAD").symbolicTarget, "refs/heads/main");
  repository.git("symbolic-ref refs/coppice/link refs/heads/main");
  LockedRef ref = lock(repository, "refs/coppice/link");
  CHECK(!ref.value().oid.has_value());
  CHECK_EQ(*ref.value().symbolicTarget, "refs/heads/main");
  repository.write(".git/refs/coppice/broken", "nonsense\n");
  CHECK_EQ(failureCode([&] { readRef(placeOf(repository), "refs/coppice/broken"); }), failure_code::kCorrupt);
  CHECK(repository.oid("refs/heads/main") == oid);
}

TEST(ref_locks_exclude_git_and_are_excluded_by_it) {
  const SessionRepository repository;
  const Oid oid = repository.commit("first");
  {
    const LockedRef ref = lock(repository, "refs/coppice/x");
    CHECK(!repository.gitSucceeds("update-ref refs/coppice/x " + toHex(oid)));
    CHECK_EQ(lockCode(repository, "refs/coppice/x"), failure_code::kLocked);
  }
  repository.git("update-ref refs/coppice/x " + toHex(oid));
  repository.write(".git/refs/coppice/x.lock", "");
  CHECK_EQ(lockCode(repository, "refs/coppice/x"), failure_code::kLocked);
  CHECK(std::filesystem::exists(repository.path() + "/.git/refs/coppice/x.lock"));
}

// What a process says of a lock that it cannot have.
std::string lockMessage(const SessionRepository& repository, const std::string& name) {
  try {
    LockedRef::take(placeOf(repository), name, Deadline(0), kNever);
  } catch (const Failure& failure) {
    return failure.message + " | " + failure.path;
  }
  return "it was free";
}

// A child that does `hold` and lives until this object goes.
class Holding {
 public:
  template <class Hold>
  explicit Holding(Hold hold) {
    int ready[2];
    if (::pipe(ready) != 0) throw std::runtime_error("pipe failed");
    pid_ = ::fork();
    if (pid_ == 0) {
      const auto held = hold();
      const bool told = ::write(ready[1], "x", 1) == 1;
      while (told) ::pause();
      ::_exit(1);
    }
    ::close(ready[1]);
    char byte;
    const bool told = ::read(ready[0], &byte, 1) == 1;
    ::close(ready[0]);
    if (!told) throw std::runtime_error("the child has not said that it holds it");
  }
  ~Holding() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::string name() const { return "process " + std::to_string(pid_); }

 private:
  pid_t pid_ = 0;
};

TEST(ref_lock_that_cannot_be_had_names_path_owner_and_age) {
  const SessionRepository repository;
  repository.commit("first");
  const std::string name = "refs/coppice/x", path = repository.path() + "/.git/" + name + ".lock";
  const auto says = [&](const std::string& text) { return lockMessage(repository, name).find(text) != std::string::npos; };
  repository.write(".git/" + name + ".lock", "somebody's");
  CHECK(says("no process is seen to hold it"));
  CHECK(says(" since 0 s") || says(" since 1 s"));
  CHECK(says("| " + path));
  CHECK_EQ(repository.read(".git/" + name + ".lock"), "somebody's");
#ifdef __linux__
  {
    const Holding git([&] { return OwnedFd(::open(path.c_str(), O_WRONLY)); });
    CHECK(says("held by " + git.name() + " ("));
  }
  std::filesystem::remove(path);
  {
    const Holding ours([&] { return LockedRef::take(placeOf(repository), name, Deadline(0), kNever); });
    CHECK(says("held by " + ours.name() + " ("));
  }
  // Its owner is dead now.
  const LockedRef own = lock(repository, name);
  CHECK(says("held by this process since"));
#endif
}

TEST(ref_lock_of_a_dead_process_is_removed) {
  const SessionRepository repository;
  const Oid oid = repository.commit("first");
  for (const char* name : {"refs/coppice/x", "refs/heads/main"}) {
    dieWithLock(repository, name);
    CHECK(std::filesystem::exists(repository.path() + "/.git/" + name + ".lock"));
    set(repository, name, oid);
    CHECK(repository.oid(name) == oid);
  }
  CHECK(std::filesystem::is_empty(repository.path() + "/.git/coppice/locks"));
}

TEST(ref_lock_of_git_is_not_taken_for_that_of_the_dead) {
  const SessionRepository repository;
  repository.commit("first");
  dieWithLock(repository, "refs/coppice/x");
  std::filesystem::remove(repository.path() + "/.git/refs/coppice/x.lock");
  repository.write(".git/refs/coppice/x.lock", "");
  CHECK_EQ(lockCode(repository, "refs/coppice/x"), failure_code::kLocked);
  CHECK(std::filesystem::exists(repository.path() + "/.git/refs/coppice/x.lock"));
}

TEST(ref_locks_of_dead_processes_go_when_the_repository_is_cleared_up) {
  const SessionRepository repository;
  const Oid oid = repository.commit("first");
  for (const char* name : {"refs/coppice/x", "refs/heads/main", "HEAD"}) dieWithLock(repository, name);
  repository.write(".git/refs/heads/gits.lock", "");
  const LockedRef alive = lock(repository, "refs/coppice/alive");
  const std::string list = "ls-files --others --exclude-standard; find .git -name '*.lock' -o -path '.git/coppice/locks/*' | sort";
  const std::string before = repository.git(list);
  const std::string git = repository.path() + "/.git/";
  const std::vector<std::string> dead{git + "HEAD.lock", git + "refs/coppice/x.lock", git + "refs/heads/main.lock"};
  // Neither opening nor looking removes any.
  auto found = clearUp(*repository.open(), {true}, Cancel()).locks;
  std::sort(found.begin(), found.end());
  CHECK(found == dead);
  CHECK_EQ(repository.git(list), before);
  found = clearUp(*repository.open(), {false}, Cancel()).locks;
  std::sort(found.begin(), found.end());
  CHECK(found == dead);
  CHECK_EQ(repository.git("ls-files --others --exclude-standard; find .git -name '*.lock' | sort"),
           ".git/refs/coppice/alive.lock\n.git/refs/heads/gits.lock");
  repository.git("update-ref refs/coppice/x " + toHex(oid));
}

TEST(ref_clearing_up_leaves_the_lock_of_an_index_to_the_landing) {
  const SessionRepository repository;
  repository.commit("first");
  const std::string index = repository.path() + "/.git/index";
  const pid_t pid = fork();
  if (pid == 0) {
    try {
      const LockFile lock = LockFile::take(repository.path() + "/.git", index, Deadline(0), kNever);
      _exit(0);
    } catch (...) {
      _exit(1);
    }
  }
  waitpid(pid, nullptr, 0);
  repository.open();
  CHECK(std::filesystem::exists(index + ".lock"));
  said([&] { LockFile::take(repository.path() + "/.git", index, Deadline(0), kNever); });
  CHECK(!std::filesystem::exists(index + ".lock"));
  CHECK(std::filesystem::is_empty(repository.path() + "/.git/coppice/locks"));
}

TEST(ref_reflog_is_gits) {
  const SessionRepository repository;
  const Oid first = repository.commit("first");
  const Oid second = repository.commit("second");
  const Person ada{"Ada", "ada@example.org", 1700000000, 90};
  set(repository, "refs/heads/topic", first);
  appendReflog(placeOf(repository), "refs/heads/topic", Oid{}, first, ada, "coppice: made");
  appendReflog(placeOf(repository), "refs/heads/topic", first, second, ada, "two\nlines");
  set(repository, "refs/heads/topic", second);
  CHECK_EQ(repository.git("log -g --format='%gd %gs %gn' --date=iso topic"),
           "topic@{2023-11-14 23:43:20 +0130} two lines Ada\ntopic@{2023-11-14 23:43:20 +0130} coppice: made Ada");
  remove(repository, "refs/heads/topic");
  CHECK(!std::filesystem::exists(repository.path() + "/.git/logs/refs/heads/topic"));
}

// Two of our threads and a git process count one ref up; a count that somebody overwrote would be missing at the end.
TEST(ref_compare_and_swap_races_with_git_lose_nothing) {
  const SessionRepository repository;
  repository.commit("0");
  std::vector<Oid> steps{repository.oid("HEAD")};
  constexpr int kSteps = 90;
  for (int i = 1; i <= kSteps; i++) {
    Oid oid{};
    CHECK(parseOid(repository.git("commit-tree -p HEAD -m " + std::to_string(i) + " HEAD^{tree}"), oid));
    steps.push_back(oid);
  }
  const std::string name = "refs/coppice/counter";
  set(repository, name, steps[0]);
  const auto position = [&](const Oid& oid) {
    for (size_t i = 0; i < steps.size(); i++) {
      if (steps[i] == oid) return i;
    }
    throw std::runtime_error("a value that nobody wrote");
  };
  std::atomic<int> failures{0};
  std::atomic<size_t> moved{0};
  const auto ours = [&] {
    for (int i = 0; i < 30; i++) {
      try {
        LockedRef ref = LockedRef::take(placeOf(repository), name, Deadline(20000), kNever);
        std::move(ref).set(steps[position(*ref.value().oid) + 1]);
        moved++;
      } catch (...) {
        failures++;
      }
    }
  };
  std::thread one(ours), two(ours);
  for (size_t done = 0, tries = 0; done < 30 && tries < 3000; tries++) {
    const Oid now = *readRef(placeOf(repository), name).oid;
    if (position(now) + 1 >= steps.size()) break;
    if (tries % 7 == 0) repository.tryGit("pack-refs --all");
    if (!repository.gitSucceeds("update-ref " + name + " " + toHex(steps[position(now) + 1]) + " " + toHex(now))) continue;
    done++;
    moved++;
  }
  one.join();
  two.join();
  CHECK_EQ(failures.load(), 0);
  CHECK_EQ(position(repository.oid(name)), moved.load());
}
