// Claims across sessions and processes: one holder at a time, children count, nothing is left behind.
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

ClaimReply take(Session& session, const std::string& name) {
  return said([&] { return claim(session, {name, "the owner's words"}, kNever); });
}

void release(Session& session, const ClaimReply& reply) { releaseClaim(session, {reply.claimId}, kNever); }

std::string fileOf(const SessionRepository& repository, const std::string& name) {
  return repository.path() + "/.git/coppice/claims/" + name;
}

// A child process that keeps what it inherited until `end`.
class HoldingChild {
 public:
  HoldingChild() {
    if (pipe(gate_) != 0) throw std::runtime_error("no pipe");
    pid_ = fork();
    if (pid_ == 0) {
      close(gate_[1]);
      char byte;
      if (read(gate_[0], &byte, 1) < 0) _exit(1);
      _exit(0);
    }
    close(gate_[0]);
  }
  void end() {
    if (pid_ <= 0) return;
    close(gate_[1]);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  ~HoldingChild() { end(); }

 private:
  int gate_[2];
  pid_t pid_;
};

}  // namespace

TEST(claim_has_one_holder) {
  const SessionRepository repository;
  const auto one = repository.open();
  const auto two = repository.open();
  const ClaimReply first = take(*one, "effect/run1/e1");
  CHECK(first.claimed && first.descriptor >= 0);
  const ClaimReply second = take(*two, "effect/run1/e1");
  CHECK(!second.claimed);
  CHECK_EQ(*second.owner, "the owner's words");
  CHECK(!take(*one, "effect/run1/e1").claimed);
  CHECK(take(*two, "effect/run1/e2").claimed);
  release(*one, first);
  release(*one, first);
  CHECK(take(*two, "effect/run1/e1").claimed);
}

TEST(claim_files_go_with_the_last_holder) {
  const SessionRepository repository;
  const auto session = repository.open();
  const ClaimReply reply = take(*session, "effect/run1/e1");
  CHECK(std::filesystem::exists(fileOf(repository, "effect/run1/e1")));
  release(*session, reply);
  CHECK(!std::filesystem::exists(fileOf(repository, "effect")));
  CHECK(std::filesystem::exists(repository.path() + "/.git/coppice/claims"));
}

TEST(claim_ends_with_the_session) {
  const SessionRepository repository;
  auto one = repository.open();
  const auto two = repository.open();
  CHECK(take(*one, "run/r").claimed);
  one.reset();
  CHECK(take(*two, "run/r").claimed);
}

TEST(claim_is_held_by_a_child_that_outlives_its_parent) {
  const SessionRepository repository;
  auto one = repository.open();
  const auto two = repository.open();
  CHECK(take(*one, "run/r").claimed);
  HoldingChild child;
  one.reset();
  CHECK(!take(*two, "run/r").claimed);
  CHECK(std::filesystem::exists(fileOf(repository, "run/r")));
  child.end();
  CHECK(take(*two, "run/r").claimed);
}

TEST(claim_of_a_dead_process_is_free) {
  const SessionRepository repository;
  const pid_t pid = fork();
  if (pid == 0) {
    try {
      const auto session = repository.open();
      _exit(take(*session, "run/r").claimed ? 0 : 1);  // without a release
    } catch (...) {
      _exit(1);
    }
  }
  int status = 0;
  waitpid(pid, &status, 0);
  CHECK_EQ(status, 0);
  CHECK(std::filesystem::exists(fileOf(repository, "run/r")));
  const auto session = repository.open();
  CHECK(take(*session, "run/r").claimed);
}

// Threads with sessions of their own take and release one name; at no time do two of them have it.
TEST(claim_is_exclusive_while_files_come_and_go) {
  const SessionRepository repository;
  std::atomic<int> holders{0}, collisions{0}, taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&] {
      const auto session = Session::open({repository.path(), 1}, kNever);
      for (int round = 0; round < 200; round++) {
        const ClaimReply reply = claim(*session, {"effect/r/e", "x"}, kNever);
        if (!reply.claimed) continue;
        if (++holders != 1) collisions++;
        taken++;
        --holders;
        releaseClaim(*session, {reply.claimId}, kNever);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK_EQ(collisions.load(), 0);
  CHECK(taken.load() > 0);
}

TEST(claim_names_stay_below_the_claims_folder) {
  const SessionRepository repository;
  const auto session = repository.open();
  for (const char* name : {"", "/x", "x/", "a//b", "../x", "run/../../x", ".x", "run/.x", "a b", "a\nb"}) {
    CHECK_EQ(failureCode([&] { claim(*session, {name, ""}, kNever); }), failure_code::kInvalid);
  }
}
