// Whether a landing has moved its target, asked of a branch that its user has gone on with, and which commits a branch still has.
#include <filesystem>
#include <fstream>

#include "git/operations.h"
#include "git/ref.h"
#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;
namespace fs = std::filesystem;

namespace {

const Cancel kNever;

struct Landed {
  SessionRepository repository;
  Oid oldOid{}, newOid{};
  std::shared_ptr<Session> session;

  Landed() {
    oldOid = repository.commit("before");
    newOid = repository.commit("landed");
    session = repository.open();
  }

  bool moved(const std::string& targetRef = "refs/heads/main", std::optional<std::string> worktree = std::nullopt) const {
    return hasMoved(*session, {targetRef, std::move(worktree), oldOid, newOid}, kNever).moved;
  }

  void git(const std::string& arguments) const { repository.git(arguments); }

  std::string logPath() const { return repository.path() + "/.git/logs/refs/heads/main"; }

  void appendToLog(const std::string& text) const { std::ofstream(logPath(), std::ios::app) << text; }

  std::string line(const Oid& from, const Oid& to) const {
    return toHex(from) + " " + toHex(to) + " A U Thor <a@example.org> 1700000000 +0000\tmoved\n";
  }
};

}  // namespace

TEST(history_a_commit_on_top_is_found) {
  const Landed landed;
  CHECK(landed.moved());
  landed.repository.commit("on top");
  CHECK(landed.moved());
  fs::remove(landed.logPath());
  CHECK(landed.moved());
}

TEST(history_an_amended_or_reset_commit_is_found_in_the_reflog) {
  for (const std::string rewrite : {"commit -q --allow-empty --amend -m amended", "reset -q --hard HEAD~1"}) {
    const Landed landed;
    landed.git(rewrite);
    CHECK(landed.moved());
    fs::remove(landed.logPath());
    CHECK(!landed.moved());
  }
}

TEST(history_a_line_of_the_reflog_that_never_came_to_be_is_not_believed) {
  const Landed landed;
  landed.git("reset -q --hard HEAD~1");
  landed.git("commit -q --allow-empty -m another");
  const Oid other = landed.repository.oid("HEAD");
  // Whoever lands writes the log first, and dies: the branch stays where it is, and the next line begins there.
  landed.git("update-ref refs/heads/main " + toHex(landed.oldOid));
  fs::remove(landed.logPath());
  landed.appendToLog(landed.line(landed.oldOid, landed.newOid));
  CHECK(!landed.moved());
  landed.appendToLog(landed.line(landed.oldOid, other));
  landed.git("update-ref refs/heads/main " + toHex(other));
  CHECK(!landed.moved());
}

TEST(history_what_is_no_line_of_a_reflog_is_passed_over) {
  const Landed landed;
  landed.git("reset -q --hard HEAD~1");
  fs::remove(landed.logPath());
  landed.appendToLog("\n \nnot a line\n" + std::string(200, '\0') + "\n" + landed.line(landed.oldOid, landed.newOid));
  landed.appendToLog(landed.line(landed.newOid, landed.oldOid) + landed.line(landed.oldOid, landed.newOid).substr(0, 60));
  CHECK(landed.moved());
  fs::remove(landed.logPath());
  fs::create_directory(landed.logPath());
  CHECK(!landed.moved());
}

TEST(history_of_a_detached_head_and_of_a_branch_that_is_gone) {
  const Landed landed;
  landed.git("checkout -q --detach");
  landed.git("commit -q --allow-empty --amend -m amended");
  CHECK(!landed.moved("HEAD"));
  CHECK(!landed.moved("HEAD", "/no/such/place"));
  landed.git("checkout -q -B side " + toHex(landed.oldOid));
  landed.git("checkout -q --detach");
  landed.git("reset -q --hard " + toHex(landed.newOid));
  landed.git("commit -q --allow-empty --amend -m amended");
  CHECK(landed.moved("HEAD", landed.repository.path()));
  landed.git("branch -q -D main");
  CHECK(!landed.moved());
}

TEST(history_tells_which_commits_a_branch_no_longer_has) {
  const Landed landed;
  landed.git("commit -q --allow-empty --amend -m amended");
  const Oid tip = landed.repository.oid("HEAD");
  const auto missing = findInHistory(*landed.session, {tip, {landed.oldOid, landed.newOid, tip}}, kNever).missing;
  CHECK_EQ(missing.size(), 1u);
  CHECK(missing.at(0) == landed.newOid);
  Cancel cancelled;
  cancelled.set();
  CHECK_EQ(failureCode([&] { findInHistory(*landed.session, {tip, {landed.newOid}}, cancelled); }), failure_code::kCancelled);
}

TEST(history_that_is_longer_than_anybody_looks_is_known_to_miss_nothing) {
  const Landed landed;
  std::string stream;
  for (int i = 0; i < 100'100; i++) {
    stream += "commit refs/heads/long\ncommitter u <u@example.org> " + std::to_string(1700000000 + i) + " +0000\ndata 1\nx\n";
    if (i == 0) stream += "from " + toHex(landed.newOid) + "\n";
  }
  landed.repository.git("fast-import --quiet", stream);
  const Oid tip = landed.repository.oid("long");
  Oid none{};
  none.id[0] = 1;
  CHECK(findInHistory(*landed.session, {tip, {none}}, kNever).missing.empty());
  CHECK(!landed.moved("refs/heads/long"));
}
