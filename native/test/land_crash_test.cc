// A process dies at each instant of a landing in turn; then another one goes on. What it finds is finished or undone, never
// mixed, and what the user wrote in the meantime is still there.
#include <unistd.h>

#include "git/path_swap.h"
#include "git/roll_forward.h"
#include "test/death.h"
#include "test/landing_fixture.h"

namespace coppice::test {
namespace {

constexpr int kMaxSteps = 300;

// Some paths are as they shall be, and some are not yet.
constexpr Death kAmongPaths{"landing.path", 4};
constexpr Death kJustMoved{"landing.moved", 0};

struct Prepared {
  Oid base, effect;
};

// Every file that the effect touches holds its commit's name, so that a mixed tree shows.
Prepared prepare(const LandingFixture& fixture) {
  for (const char* name : {"a", "b", "dir/removed", "dir/deep/removed"}) fixture.write(name, "old\n");
  fixture.write("mine", "mine\n");
  fixture.repository().commitAll("base");
  Prepared prepared;
  prepared.base = fixture.tip();
  prepared.effect = fixture.effect(prepared.base, {{"a", "new\n"}, {"b", "new, longer\n"}, {"dir/removed", std::nullopt},
                                                   {"dir/deep/removed", std::nullopt}, {"dir", "a file now\n"},
                                                   {"added/deep", "new\n"}, {"link", "a", "120000"}});
  fixture.write("mine", "edited\n");
  fixture.write("untracked", "untracked\n");
  return prepared;
}

void checkUsersFiles(const LandingFixture& fixture, const char* status) {
  CHECK_EQ(fixture.status(), status);
  CHECK_EQ(fixture.read("mine"), "edited\n");
  CHECK_EQ(fixture.read("untracked"), "untracked\n");
}

// Until it does not die any more; gives the number of steps.
template <class Die, class Check>
int eachDeath(Die die, Check check) {
  for (int step = 0; step < kMaxSteps; step++) {
    LandingFixture fixture(1);
    const Prepared prepared = prepare(fixture);
    const bool died = diesAt({"", step}, [&] { die(fixture, prepared); });
    try {
      check(fixture, prepared);
    } catch (const CheckFailed& failed) {
      throw CheckFailed("dead at step " + std::to_string(step) + ": " + failed.what());
    }
    if (!died) return step;
  }
  throw CheckFailed("the landing has more steps than expected");
}

void landInChild(LandingFixture& fixture, const Prepared& prepared) { fixture.land(prepared.effect); }

}  // namespace

TEST(landing_that_died_anywhere_is_finished_or_undone_by_the_next) {
  for (const bool portable : {false, true}) {
    usePortablePathSwap(portable);
    const int steps = eachDeath(landInChild, [](LandingFixture& fixture, const Prepared& prepared) {
      fixture.end(fixture.begin().landingId, false);
      const bool landed = toHex(fixture.tip()) == toHex(prepared.effect);
      CHECK(landed || toHex(fixture.tip()) == toHex(prepared.base));
      checkUsersFiles(fixture, " M mine\n?? untracked");
      fixture.checkSound();
      if (!landed) fixture.land(prepared.effect);
      checkUsersFiles(fixture, " M mine\n?? untracked");
    });
    usePortablePathSwap(false);
    CHECK(steps >= 12);
  }
}

TEST(landing_that_died_is_rolled_forward_around_what_the_user_wrote_since) {
  eachDeath(landInChild, [](LandingFixture& fixture, const Prepared& prepared) {
    if (toHex(fixture.tip()) != toHex(prepared.effect)) return;
    fixture.write("a", "written after the death\n");
    const UpdatePathsReply reply = rollForward(fixture.session(), fixture.path(), prepared.base, prepared.effect, true, 2000, Cancel());
    CHECK_EQ(LandingFixture::text(reply.displaced), "a modified");
    CHECK_EQ(fixture.read("a"), "written after the death\n");
    checkUsersFiles(fixture, " M a\n M mine\n?? untracked");
    fixture.end(fixture.begin().landingId, false);
    fixture.checkSound();
  });
}

TEST(landing_that_died_while_it_is_rolled_forward_is_rolled_forward_again) {
  for (int step = 0; step < kMaxSteps; step++) {
    LandingFixture fixture(1);
    const Prepared prepared = prepare(fixture);
    CHECK(diesAt(kAmongPaths, [&] { landInChild(fixture, prepared); }));
    CHECK_EQ(toHex(fixture.tip()), toHex(prepared.effect));
    const auto forward = [&] {
      return rollForward(fixture.session(), fixture.path(), prepared.base, prepared.effect, true, 2000, Cancel());
    };
    const bool died = diesAt({"", step}, forward);
    fixture.closeSession();
    CHECK_EQ(LandingFixture::text(forward().displaced), "");
    CHECK_EQ(LandingFixture::text(forward().displaced), "");  // twice changes nothing
    checkUsersFiles(fixture, " M mine\n?? untracked");
    fixture.end(fixture.begin().landingId, false);
    fixture.checkSound();
    if (!died) return;
  }
  CHECK(false);
}

TEST(landing_that_died_in_the_working_tree_is_rolled_forward_without_the_index) {
  const auto land = [](LandingFixture& fixture, const Prepared& prepared) {
    const uint32_t id = fixture.begin("refs/heads/main", false).landingId;
    fixture.update(id, fixture.changes(prepared.base, prepared.effect));
    fixture.end(id, false);
  };
  eachDeath(land, [](LandingFixture& fixture, const Prepared& prepared) {
    rollForward(fixture.session(), fixture.path(), prepared.base, prepared.effect, false, 2000, Cancel());
    CHECK_EQ(toHex(fixture.tip()), toHex(prepared.base));
    CHECK_EQ(fixture.git("diff --cached"), "");
    CHECK_EQ(fixture.read("a") + fixture.read("b") + fixture.read("dir") + fixture.read("added/deep"),
             "new\nnew, longer\na file now\nnew\n");
    fixture.checkSound();
  });
}

TEST(landing_that_died_before_the_users_own_commit_is_not_rolled_forward) {
  LandingFixture fixture(1);
  const Prepared prepared = prepare(fixture);
  CHECK(diesAt(kJustMoved, [&] { landInChild(fixture, prepared); }));
  CHECK_EQ(toHex(fixture.tip()), toHex(prepared.effect));
  // The user removes the lock by hand, as git advises, and goes back.
  unlink((fixture.path() + "/.git/index.lock").c_str());
  fixture.git("reset -q --hard " + toHex(prepared.base));
  fixture.end(fixture.begin().landingId, false);
  CHECK_EQ(toHex(fixture.tip()), toHex(prepared.base));
  CHECK_EQ(fixture.status(), "?? untracked");
  fixture.checkSound();
}

TEST(landing_that_died_keeps_the_users_git_off_until_it_is_finished) {
  LandingFixture fixture(1);
  const Prepared prepared = prepare(fixture);
  CHECK(diesAt(kJustMoved, [&] { landInChild(fixture, prepared); }));
  fixture.session();  // opening clears up after the dead, but not this
  CHECK(fixture.repository().tryGit("commit -q -a -m mine").code != 0);
  fixture.end(fixture.begin().landingId, false);
  fixture.git("commit -q -a -m mine");
  CHECK_EQ(fixture.git("diff --name-only HEAD~1"), "mine");
}

TEST(landing_that_was_given_up_after_its_move_is_finished_by_the_next) {
  LandingFixture fixture;
  const Prepared prepared = prepare(fixture);
  const uint32_t id = fixture.begin().landingId;
  CHECK(fixture.move(id, prepared.base, prepared.effect).moved);
  fixture.end(id, false);
  fixture.end(fixture.begin().landingId, false);
  checkUsersFiles(fixture, " M mine\n?? untracked");
  fixture.checkSound();
}

namespace {

RecoverLandingsReply recover(LandingFixture& fixture, bool dryRun = false) {
  return recoverLandings(fixture.session(), {2000, dryRun}, Cancel());
}

bool isEmpty(const RecoverLandingsReply& reply) {
  return !reply.landing && reply.displaced.empty() && reply.locks.empty() && !reply.busy;
}

// As the street lands with land "working-tree": a ref of the run moves, then the files.
void landInWorkingTree(LandingFixture& fixture, const Prepared& prepared) {
  BeginLandingRequest request;
  request.targetRef = "refs/coppice/run/tip";
  request.worktree = fixture.path();
  request.commit = false;
  request.timeoutMs = 2000;
  const uint32_t id = beginLanding(fixture.session(), request, Cancel()).landingId;
  CHECK(fixture.move(id, prepared.base, prepared.effect).moved);
  fixture.update(id, fixture.changes(prepared.base, prepared.effect));
  fixture.end(id, false);
}

}  // namespace

TEST(landing_that_died_anywhere_is_recovered_without_another_landing) {
  const int steps = eachDeath(landInChild, [](LandingFixture& fixture, const Prepared& prepared) {
    const RecoverLandingsReply planned = recover(fixture, true);
    const RecoverLandingsReply done = recover(fixture);
    const bool landed = toHex(fixture.tip()) == toHex(prepared.effect);
    CHECK(landed || toHex(fixture.tip()) == toHex(prepared.base));
    CHECK_EQ(planned.landing.has_value(), done.landing.has_value());
    if (done.landing) {
      CHECK_EQ(done.landing->forward, landed);
      CHECK_EQ(planned.landing->forward, landed);
      CHECK_EQ(toHex(done.landing->newOid), toHex(prepared.effect));
    }
    CHECK(isEmpty(recover(fixture)));
    checkUsersFiles(fixture, " M mine\n?? untracked");
    fixture.checkSound();
  });
  CHECK(steps >= 12);
}

TEST(landing_recovery_that_died_itself_is_begun_again) {
  for (int step = 0; step < kMaxSteps; step++) {
    LandingFixture fixture(1);
    const Prepared prepared = prepare(fixture);
    CHECK(diesAt(kAmongPaths, [&] { landInChild(fixture, prepared); }));
    const bool died = diesAt({"", step}, [&] { recover(fixture); });
    fixture.closeSession();
    recover(fixture);
    CHECK_EQ(toHex(fixture.tip()), toHex(prepared.effect));
    checkUsersFiles(fixture, " M mine\n?? untracked");
    fixture.checkSound();
    if (!died) return;
  }
  CHECK(false);
}

TEST(landing_in_the_working_tree_that_died_is_recovered) {
  eachDeath(
      [](LandingFixture& fixture, const Prepared& prepared) {
        fixture.git("update-ref refs/coppice/run/tip " + toHex(prepared.base));
        landInWorkingTree(fixture, prepared);
      },
      [](LandingFixture& fixture, const Prepared& prepared) {
        recover(fixture);
        CHECK(isEmpty(recover(fixture)));
        const bool landed = toHex(fixture.tip("refs/coppice/run/tip")) == toHex(prepared.effect);
        CHECK_EQ(fixture.read("a"), landed ? "new\n" : "old\n");
        CHECK_EQ(fixture.exists("link"), landed);
        CHECK_EQ(fixture.exists("dir/removed"), !landed);
        CHECK_EQ(fixture.read("mine"), "edited\n");
        CHECK_EQ(toHex(fixture.tip()), toHex(prepared.base));
        CHECK_EQ(fixture.git("diff --cached"), "");
        fixture.checkSound();
      });
}

TEST(landing_recovery_lets_the_living_and_foreign_locks_be) {
  LandingFixture fixture;
  const Prepared prepared = prepare(fixture);
  CHECK(isEmpty(recover(fixture)));
  fixture.write(".git/index.lock", "somebody's");
  CHECK(isEmpty(recover(fixture)));
  CHECK_EQ(fixture.read(".git/index.lock"), "somebody's");
  unlink((fixture.path() + "/.git/index.lock").c_str());

  const uint32_t id = fixture.begin().landingId;
  CHECK(fixture.move(id, prepared.base, prepared.effect).moved);
  const auto other = Session::open({fixture.path(), 1}, Cancel());
  const RecoverLandingsReply reply = recoverLandings(*other, {0, false}, Cancel());
  CHECK(reply.busy.has_value());
  CHECK(reply.busy->find("process " + std::to_string(getpid())) != std::string::npos);
  CHECK(!reply.landing);
  fixture.update(id, fixture.changes(prepared.base, prepared.effect));
  fixture.end(id);
  checkUsersFiles(fixture, " M mine\n?? untracked");
  fixture.checkSound();
}

TEST(landing_that_died_in_a_repository_that_was_moved_since_is_recovered) {
  LandingFixture fixture(1);
  const Prepared prepared = prepare(fixture);
  CHECK(diesAt(kJustMoved, [&] { landInChild(fixture, prepared); }));
  CHECK_EQ(toHex(fixture.tip()), toHex(prepared.effect));
  const std::string moved = fixture.path() + "-moved";
  runCommand("/", "mv " + fixture.path() + " " + moved);
  {
    const auto session = Session::open({moved, 1}, Cancel());
    const RecoverLandingsReply reply = recoverLandings(*session, {2000, false}, Cancel());
    CHECK(reply.landing && reply.landing->forward);
  }
  CHECK_EQ(GitRepository::gitIn(moved, "status --porcelain"), " M mine\n?? untracked");
  runCommand("/", "mv " + moved + " " + fixture.path());
  fixture.checkSound();
}

}  // namespace coppice::test
