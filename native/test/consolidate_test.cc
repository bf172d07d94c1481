// Packs of a session become one: nothing is lost for any reader at any moment, whatever git does beside it, and whoever dies.
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "git/commit.h"
#include "git/flush.h"
#include "git/gc_lock.h"
#include "git/operations.h"
#include "git/path_swap.h"
#include "git/ref.h"
#include "git/session_packs.h"
#include "test/at_step.h"
#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;

namespace {

namespace fs = std::filesystem;

const Cancel kNever;
const Person kAda{"Ada", "ada@example.org", 1700000000, 0};

std::set<std::string> packFiles(const SessionRepository& repository, const std::string& ending) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(repository.path() + "/.git/objects/pack")) {
    if (entry.path().extension() == ending) names.insert(entry.path().stem().string());
  }
  return names;
}

std::string packPath(const SessionRepository& repository, const std::string& name) {
  return repository.path() + "/.git/objects/pack/" + name;
}

void checkSound(const SessionRepository& repository) {
  CHECK_EQ(repository.git("fsck --full --strict --no-dangling 2>&1 | { grep -v '^notice:' || true; }"), "");
}

ConsolidateReply consolidateTo(Session& session, uint32_t atMost) {
  return said([&] { return consolidate(session, {atMost}, kNever); });
}

// A branch that grows by one commit a flush: ten folders of files, one of which changes.
class Growth {
 public:
  explicit Growth(Session& session, std::string refName = "refs/heads/main") : session_(session), refName_(std::move(refName)) {
    std::vector<TreeEdit> edits;
    const HandleLease handle = session_.handle();
    const Oid blob = handle->write(GIT_OBJECT_BLOB, "0");
    for (int i = 0; i < 200; i++) edits.push_back({pathOf(i), kModeFile, blob});
    tree_ = editTree(*handle, kEmptyTreeOid, edits, kNever);
  }

  Oid commitNext() {
    return said([&] {
      const HandleLease handle = session_.handle();
      for (int edit = 0; edit < 3; edit++) {
        const Oid blob = handle->write(GIT_OBJECT_BLOB, refName_ + std::to_string(number_) + "." + std::to_string(edit));
        tree_ = editTree(*handle, tree_, {{pathOf(number_ * 7 + edit), kModeFile, blob}}, kNever);
      }
      number_++;
      std::vector<Oid> parents;
      if (tip) parents.push_back(*tip);
      tip = commit(session_, {tree_, parents, kAda, kAda, "c"}, kNever).oid;
      return *tip;
    });
  }
  FlushReply flushNext() {
    const Oid next = commitNext();
    return said([&] { return flush(session_, {{{refName_, next, false, {}, {}}}}, kNever); });
  }

  std::optional<Oid> tip;

 private:
  static std::string pathOf(int i) { return "folder" + std::to_string(i % 200 / 20) + "/file" + std::to_string(i % 200); }
  Session& session_;
  std::string refName_;
  Oid tree_{};
  int number_ = 0;
};

}  // namespace

TEST(consolidate_makes_one_pack_of_many_that_git_accepts) {
  const SessionRepository repository;
  const auto session = repository.open();
  Growth growth(*session);
  uint32_t packs = 0;
  for (int i = 0; i < 12; i++) packs = growth.flushNext().packs;
  CHECK_EQ(packs, 12u);
  const std::string listing = repository.git("ls-tree -r main");
  const std::string objects = repository.git("cat-file --batch-all-objects --batch-check | sort");
  const ConsolidateReply reply = consolidateTo(*session, 1);
  CHECK_EQ(reply.replaced, 12u);
  CHECK_EQ(reply.packs, 1u);
  CHECK(packFiles(repository, ".pack") == std::set<std::string>{*reply.packName});
  CHECK(packFiles(repository, ".idx") == std::set<std::string>{*reply.packName});
  CHECK(packFiles(repository, ".keep").empty());
  CHECK_EQ(fs::file_size(packPath(repository, *reply.packName) + ".pack"), reply.bytes);
  CHECK(!fs::exists(repository.path() + "/.git/gc.pid"));
  CHECK_EQ(repository.git("cat-file --batch-all-objects --batch-check | sort"), objects);
  repository.git("index-pack --strict -o " + quoted(repository.folder().file("idx")) + " " +
                 quoted(packPath(repository, *reply.packName) + ".pack"));
  CHECK(repository.folder().read("idx") == repository.folder().read("repository/.git/objects/pack/" + *reply.packName + ".idx"));
  checkSound(repository);
  CHECK(!consolidateTo(*session, 1).packName.has_value());
  growth.flushNext();
  CHECK_EQ(consolidateTo(*session, 1).replaced, 2u);
  repository.git("repack -q -adf");
  repository.git("gc --quiet --prune=now");
  CHECK_EQ(repository.git("ls-tree -r main~1"), listing);
  checkSound(repository);
}

// Objects that are in several packs, deltas on them from each, and chains that grow by that.
TEST(consolidate_keeps_every_object_of_random_packs_once) {
  std::mt19937 random(17);
  const auto upTo = [&](size_t most) { return std::uniform_int_distribution<size_t>(0, most)(random); };
  for (int round = 0; round < 6; round++) {
    const SessionRepository repository;
    const auto session = repository.open();
    std::map<std::string, std::string> contents;
    std::vector<std::string> versions{std::string(2000, 'x')};
    for (int step = 0; step < 30; step++) {
      for (size_t puts = upTo(20); puts > 0; puts--) {
        const HandleLease handle = session->handle();
        const std::string& from = versions[upTo(versions.size() - 1)];
        std::string next = from;
        next.replace(upTo(next.size() - 10), 5, std::to_string(upTo(99999)));
        const Oid previous = handle->write(GIT_OBJECT_BLOB, from);
        contents[toHex(previous)] = from;
        contents[toHex(handle->write(GIT_OBJECT_BLOB, next, &previous))] = next;
        versions.push_back(next);
      }
      said([&] { return flush(*session, {{}}, kNever); });
      if (upTo(3) == 0) consolidateTo(*session, static_cast<uint32_t>(upTo(4)));
    }
    const ConsolidateReply reply = consolidateTo(*session, 1);
    CHECK_EQ(reply.packs, 1u);
    const std::string name = *packFiles(repository, ".pack").begin();
    repository.git("verify-pack " + quoted(packPath(repository, name) + ".idx"));
    std::string expected;
    for (const auto& [oid, bytes] : contents) expected += oid + " blob " + std::to_string(bytes.size()) + "\n";
    CHECK_EQ(repository.git("cat-file --batch-all-objects --batch-check") + "\n", expected);
    const HandleLease handle = session->handle();
    for (const auto& [oid, bytes] : contents) {
      Oid parsed{};
      CHECK(parseOid(oid, parsed));
      CHECK(*said([&] { return handle->read(parsed).data; }) == bytes);
    }
  }
}

TEST(consolidate_leaves_few_packs_and_copies_each_byte_a_few_times) {
  const SessionRepository repository;
  const auto session = repository.open();
  Growth growth(*session);
  uint64_t flushed = 0, copied = 0;
  size_t most = 0;
  for (int i = 0; i < 400; i++) {
    const FlushReply reply = growth.flushNext();
    flushed += reply.bytes;
    if (reply.packs > 4) copied += consolidateTo(*session, 4).bytes;
    most = std::max(most, packFiles(repository, ".pack").size());
  }
  CHECK(most <= 5);
  CHECK(copied < 8 * flushed);  // every time all of them would be some 30 times
  CHECK_EQ(repository.git("rev-list --count main"), "400");
  checkSound(repository);
}

TEST(consolidate_guards_what_no_ref_reaches_yet) {
  const SessionRepository repository;
  auto session = repository.open();
  Growth growth(*session), other(*session, "refs/heads/other");
  for (int i = 0; i < 3; i++) growth.flushNext();
  const Oid waiting = other.commitNext();
  growth.flushNext();  // takes the waiting commit along
  CHECK_EQ(packFiles(repository, ".keep").size(), size_t{1});
  const ConsolidateReply reply = consolidateTo(*session, 1);
  CHECK_EQ(reply.replaced, 4u);
  CHECK(packFiles(repository, ".keep") == std::set<std::string>{*reply.packName});
  repository.git("repack -q -a -d");
  repository.git("prune --expire=now");
  CHECK(repository.gitSucceeds("ls-tree -r " + toHex(waiting)));
  repository.git("update-ref refs/heads/other " + toHex(waiting));
  said([&] { markReached(*session->handle(), waiting); });
  CHECK(packFiles(repository, ".keep").empty());

  said([&] { return editTextTree(*session, {std::nullopt, {{"a", "1"}}}, kNever); });
  said([&] { return flush(*session, {{}}, kNever); });  // without refs: guarded until the session closes
  growth.flushNext();
  consolidateTo(*session, 1);
  CHECK_EQ(packFiles(repository, ".keep").size(), size_t{1});
  session.reset();
  CHECK(packFiles(repository, ".keep").empty());
  checkSound(repository);
}

TEST(consolidate_touches_only_packs_of_its_session_without_a_foreign_keep) {
  const SessionRepository repository;
  repository.write("theirs", "1");
  repository.commit("theirs");
  repository.git("repack -q -a -d");
  const std::set<std::string> theirs = packFiles(repository, ".pack");
  const auto elsewhere = repository.open(), session = repository.open();
  Growth others(*elsewhere, "refs/heads/others"), growth(*session, "refs/heads/ours");
  std::set<std::string> untouched = theirs;
  untouched.insert(*others.flushNext().packName);
  const std::string kept = *growth.flushNext().packName;
  untouched.insert(kept);
  repository.write(".git/objects/pack/" + kept + ".keep", "the user's\n");
  for (int i = 0; i < 4; i++) growth.flushNext();
  const ConsolidateReply reply = consolidateTo(*session, 1);
  CHECK_EQ(reply.replaced, 4u);
  untouched.insert(*reply.packName);
  CHECK(packFiles(repository, ".pack") == untouched);
  CHECK_EQ(repository.read(".git/objects/pack/" + kept + ".keep"), "the user's\n");
}

TEST(consolidate_leaves_packs_that_a_multi_pack_index_names) {
  const SessionRepository repository;
  const auto session = repository.open();
  Growth growth(*session);
  for (int i = 0; i < 3; i++) growth.flushNext();
  repository.git("multi-pack-index write");
  for (int i = 0; i < 3; i++) growth.flushNext();
  CHECK_EQ(consolidateTo(*session, 1).replaced, 3u);
  repository.git("multi-pack-index verify");
  checkSound(repository);
}

TEST(consolidate_forgets_packs_that_the_users_gc_took) {
  const SessionRepository repository;
  const auto session = repository.open();
  Growth growth(*session);
  for (int i = 0; i < 5; i++) growth.flushNext();
  repository.git("gc --quiet --prune=now");
  growth.flushNext();
  const ConsolidateReply reply = consolidateTo(*session, 1);
  CHECK(!reply.packName.has_value());
  CHECK_EQ(reply.packs, 1u);
  CHECK_EQ(packFiles(repository, ".pack").size(), size_t{2});
}

TEST(consolidate_waits_for_a_gc_and_a_gc_waits_for_it) {
  const SessionRepository repository;
  const auto session = repository.open();
  Growth growth(*session);
  for (int i = 0; i < 4; i++) growth.flushNext();
  const std::string pid = repository.path() + "/.git/gc.pid";
  const std::string host = runCommand("/", "hostname").output.substr(0, runCommand("/", "hostname").output.find('\n'));

  repository.write(".git/gc.pid", std::to_string(getpid()) + " " + host);
  ConsolidateReply reply = consolidateTo(*session, 1);
  CHECK(reply.gcRunning && !reply.packName.has_value());
  repository.write(".git/gc.pid", "1 another-machine");
  CHECK(consolidateTo(*session, 1).gcRunning);
  fs::last_write_time(pid, fs::file_time_type::clock::now() - std::chrono::hours(13));
  {
    auto lock = GcLock::tryTake(session->commonDirectory());
    CHECK(lock.has_value());
    CHECK(!GcLock::tryTake(session->commonDirectory()).has_value());
    CHECK(consolidateTo(*session, 1).gcRunning);
    const CommandResult gc = repository.tryGit("gc");
    CHECK(gc.code != 0 && gc.output.find("gc is already running on machine '" + host + "'") != std::string::npos);
  }
  CHECK(!fs::exists(pid));

  const pid_t dead = fork();
  if (dead == 0) _exit(0);
  waitpid(dead, nullptr, 0);
  repository.write(".git/gc.pid", std::to_string(dead) + " " + host);
  CHECK_EQ(consolidateTo(*session, 1).replaced, 4u);
  CHECK(!fs::exists(pid));

  growth.flushNext();
  repository.write(".git/gc.pid.lock", "");  // git is about to write its gc.pid
  CHECK(consolidateTo(*session, 1).gcRunning);
  CHECK(!fs::exists(pid));
  fs::remove(pid + ".lock");
  repository.git("gc --quiet");
}

TEST(consolidate_never_takes_a_gc_pid_that_has_just_become_a_living_ones) {
  const SessionRepository repository;
  const std::string common = repository.open()->commonDirectory(), pid = common + "/gc.pid";
  const std::string host = runCommand("/", "hostname").output.substr(0, runCommand("/", "hostname").output.find('\n'));
  const pid_t dead = fork();
  if (dead == 0) _exit(0);
  waitpid(dead, nullptr, 0);
  const std::string living = std::to_string(getpid()) + " " + host, deadOnes = std::to_string(dead) + " " + host;
  // As git: written as gc.pid.lock and renamed, whatever is there.
  const auto begin = [&] {
    repository.write(".git/gc.pid.lock", living);
    fs::rename(pid + ".lock", pid);
  };
  const auto stays = [&](const char* step, const std::string& before) {
    fs::remove(pid);
    if (!before.empty()) repository.write(".git/gc.pid", before);
    struct stat begun {}, left {};
    {
      const AtStep at(step, [&] {
        begin();
        CHECK_EQ(::stat(pid.c_str(), &begun), 0);
      });
      GcLock::tryTake(common);
    }
    CHECK(begun.st_ino != 0);
    CHECK_EQ(::stat(pid.c_str(), &left), 0);
    CHECK_EQ(left.st_ino, begun.st_ino);
    CHECK_EQ(repository.read(".git/gc.pid"), living);
    CHECK(fs::is_empty(common + "/coppice/locks"));
  };
  stays("gcLock.nobody-seen", "");
  stays("gcLock.nobody-seen", deadOnes);
  stays("gcLock.dead-seen", deadOnes);
  stays("gcLock.releasing", "");
  stays("gcLock.releasing", deadOnes);
  usePortablePathSwap(true);
  stays("gcLock.dead-seen", deadOnes);
  stays("gcLock.releasing", "");
  usePortablePathSwap(false);
  // Over before we look: then it is free.
  fs::remove(pid);
  repository.write(".git/gc.pid", deadOnes);
  const AtStep at("gcLock.dead-seen", [&] { fs::remove(pid); });
  CHECK(GcLock::tryTake(common).has_value());
  CHECK(!fs::exists(pid));
}

// Readers of the session, with one handle for many reads and with one for each, and git itself, beside fifty consolidations.
TEST(consolidate_disturbs_no_reader) {
  const SessionRepository repository;
  const auto session = repository.open(4);
  Growth growth(*session);
  growth.flushNext();
  const Oid first = *growth.tip;
  std::atomic<bool> done{false};
  std::atomic<int> reads{0};
  std::mutex mutex;
  std::string failures;
  const auto failed = [&](const std::string& words) {
    std::lock_guard<std::mutex> lock(mutex);
    failures += words.substr(0, 1000) + "\n";
  };
  const auto readAll = [&](int readsEach) {
    const HandleLease handle = session->handle();
    for (int i = 0; i < readsEach; i++) {
      const Oid tip = *readRef({session->commonDirectory(), session->commonDirectory()}, "refs/heads/main").oid;
      for (const Oid& oid : {tip, first}) {
        for (const TreeFile& file : listTree(*handle, treeOf(*handle->read(oid).data), kNever)) handle->read(file.oid);
      }
      reads++;
    }
  };
  std::vector<std::thread> threads;
  for (const int readsEach : {1, 10}) {
    threads.emplace_back([&, readsEach] {
      while (!done) {
        try {
          readAll(readsEach);
        } catch (const Failure& failure) {
          failed(failure.code + " " + failure.message);
        }
      }
    });
  }
  threads.emplace_back([&] {
    while (!done) {
      for (const char* command : {"log --stat --format=%H main", "rev-list --objects main",
                                  "rev-list --objects main | cut -c1-40 | git cat-file --batch-check"}) {
        const CommandResult result = repository.tryGit(command);
        if (result.code != 0 || result.output.find(" missing") != std::string::npos) failed(command + (": " + result.output));
      }
    }
  });
  int consolidations = 0;
  for (int i = 0; i < 200; i++) {
    growth.flushNext();
    if (i % 4 == 3) consolidations += consolidateTo(*session, i % 40 == 39 ? 1 : 3).packName ? 1 : 0;
  }
  done = true;
  for (auto& thread : threads) thread.join();
  CHECK_EQ(failures, "");
  CHECK(reads > 3);
  CHECK_EQ(consolidations, 50);
  growth.flushNext();
  consolidateTo(*session, 1);
  CHECK_EQ(packFiles(repository, ".pack").size(), size_t{1});
  checkSound(repository);
}

// The files of the replaced packs stay while an operation that began before may still want to open them.
TEST(consolidate_removes_nothing_from_under_an_operation) {
  const SessionRepository repository;
  auto session = repository.open();
  Growth growth(*session);
  for (int i = 0; i < 4; i++) growth.flushNext();
  {
    const HandleLease old = session->handle();
    const ConsolidateReply reply = consolidateTo(*session, 1);
    CHECK_EQ(reply.replaced, 4u);
    CHECK_EQ(packFiles(repository, ".pack").size(), size_t{5});
    CHECK_EQ(reply.packs, 5u);
    old->read(*growth.tip);
    CHECK_EQ(growth.flushNext().packs, 6u);
    CHECK_EQ(consolidateTo(*session, 1).replaced, 2u);
    CHECK_EQ(packFiles(repository, ".pack").size(), size_t{7});
  }
  consolidateTo(*session, 1);
  CHECK_EQ(packFiles(repository, ".pack").size(), size_t{1});
  {
    const HandleLease old = session->handle();
    growth.flushNext();
    CHECK_EQ(consolidateTo(*session, 1).replaced, 2u);
  }
  session.reset();
  CHECK_EQ(packFiles(repository, ".pack").size(), size_t{1});
  checkSound(repository);
}

TEST(consolidate_lets_go_of_the_files_of_removed_packs) {
  const SessionRepository repository;
  const auto session = repository.open();
  Growth growth(*session);
  for (int i = 0; i < 6; i++) {
    growth.flushNext();
    session->handle()->read(*growth.tip);
    if (i % 3 == 2) consolidateTo(*session, 1);
  }
  session->handle()->read(*growth.tip);
  const std::string objects = repository.path() + "/.git/objects";
  std::istringstream maps(runCommand("/", "cat /proc/" + std::to_string(getpid()) + "/maps").output);
  size_t open = 0, removed = 0;
  for (std::string line; std::getline(maps, line);) {
    if (line.find(objects) == std::string::npos) continue;
    (line.find("(deleted)") == std::string::npos ? open : removed)++;
  }
  CHECK(open > 0);
  CHECK_EQ(removed, size_t{0});
}

// It consolidates without end; each time is one byte in a pipe.
TEST(consolidate_of_a_killed_process_loses_nothing) {
  const SessionRepository repository;
  std::mt19937 random(23);
  for (int round = 0; round < 20; round++) {
    int finished[2];
    CHECK_EQ(pipe(finished), 0);
    const pid_t child = fork();
    if (child == 0) {
      try {
        const auto session = repository.open();
        Growth growth(*session, "refs/heads/b" + std::to_string(round));
        for (int i = 0;; i++) {
          for (int flushes = 0; flushes < 4; flushes++) growth.flushNext();
          consolidateTo(*session, 1);
          if (write(finished[1], "x", 1) != 1) _exit(1);
        }
      } catch (...) {
        _exit(1);
      }
    }
    close(finished[1]);
    char byte;
    CHECK_EQ(read(finished[0], &byte, 1), ssize_t{1});
    pollfd next{finished[0], POLLIN, 0};
    poll(&next, 1, static_cast<int>(random() % 12));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    close(finished[0]);
    CHECK(WIFSIGNALED(status));
    repository.clearUp();
    CHECK(!fs::exists(repository.path() + "/.git/gc.pid"));
    CHECK(packFiles(repository, ".keep").empty());
    checkSound(repository);
    CHECK(std::stoi(repository.git("rev-list --count b" + std::to_string(round))) >= 4);
    if (round % 5 == 4) repository.git("gc --quiet --prune=now");
  }
}
