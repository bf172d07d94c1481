// Somebody acts in the middle of a landing: the user's git at each step, an editor between the check and the update, an editor
// that holds the old file open, another landing. Nothing of theirs may be lost, and nothing of theirs may undo the effect.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "git/path_swap.h"
#include "test/at_step.h"
#include "test/landing_fixture.h"

namespace coppice::test {
namespace {

void shell(const LandingFixture& fixture, const std::string& command) {
  const CommandResult result = runCommand(fixture.path(), command);
  if (result.code != 0) throw std::runtime_error(command + ": " + result.output);
}

Oid commitBase(const LandingFixture& fixture) {
  fixture.write("file", "old\n");
  fixture.write("dir/removed", "old\n");
  fixture.write("mine", "mine\n");
  fixture.repository().commitAll("base");
  return fixture.tip();
}

std::vector<Edit> edits() { return {{"file", "new\n"}, {"dir/removed", std::nullopt}, {"added", "new\n"}}; }

struct Race {
  const char* name;
  std::string command;    // of the user, between the check and the update
  std::string displaced;  // what the landing says about it
  std::string result;     // a command of the test's, and
  std::string output;     // what it must print
};

std::vector<Race> races() {
  return {
      {"edit", "echo user > file", "file modified", "cat file", "user\n"},
      {"same size", "echo OLD > file", "file modified", "cat file", "OLD\n"},
      {"replaced as editors do", "echo user > x && mv x file", "file modified", "cat file", "user\n"},
      {"deleted", "rm file", "file deleted", "ls file 2>&1 || true", "ls: cannot access 'file': No such file or directory\n"},
      {"now a link", "ln -sf mine file", "file type-changed", "readlink file", "mine\n"},
      {"now a directory", "rm file && mkdir file && echo user > file/x", "file type-changed", "cat file/x", "user\n"},
      {"executable", "chmod +x file", "file modified", "stat -c %A file | cut -c4", "x\n"},
      {"edit of a removed file", "echo user > dir/removed", "dir/removed modified", "cat dir/removed", "user\n"},
      {"removed by the user too", "rm dir/removed", "", "ls dir 2>/dev/null || true", ""},
      {"a file in a directory that goes", "echo user > dir/own", "", "cat dir/own", "user\n"},
      {"created by the user too", "echo user > added", "added untracked", "cat added", "user\n"},
      {"created with the same content", "echo new > added", "", "cat added", "new\n"},
      {"a directory in the way", "mkdir added && echo user > added/x", "added directory-in-the-way", "cat added/x", "user\n"},
      {"the parent is gone", "rm -r dir", "", "ls dir 2>/dev/null || true", ""},
      {"already new", "echo new > file", "", "cat file", "new\n"},
  };
}

void runRace(const Race& race) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  const Oid effect = fixture.effect(base, edits());
  const std::vector<Change> changes = fixture.changes(base, effect);
  const uint32_t id = fixture.begin().landingId;
  CHECK_EQ(LandingFixture::text(fixture.check(id, changes)), "");
  CHECK(fixture.move(id, base, effect).moved);
  shell(fixture, race.command);
  CHECK_EQ(LandingFixture::text(fixture.update(id, changes).displaced), race.displaced);
  fixture.end(id);
  CHECK_EQ(runCommand(fixture.path(), race.result).output, race.output);
  fixture.checkSound();
  // Where the user's version stands, git shows it against the new commit.
  CHECK_EQ(fixture.git("diff --cached"), "");
  const std::string status = fixture.git("status --porcelain --untracked-files=all");
  for (const char* path : {"file", "dir/removed", "added"}) {
    const bool named = race.displaced.rfind(path, 0) == 0;
    CHECK_EQ(status.find(std::string(" ") + path) != std::string::npos, named);
  }
}

}  // namespace

TEST(landing_gives_back_what_the_user_wrote_after_the_check) {
  for (const bool portable : {false, true}) {
    usePortablePathSwap(portable);
    for (const Race& race : races()) {
      try {
        runRace(race);
      } catch (const CheckFailed& failed) {
        usePortablePathSwap(false);
        throw CheckFailed(std::string(race.name) + (portable ? ", portable: " : ": ") + failed.what());
      }
    }
  }
  usePortablePathSwap(false);
}

TEST(landing_gives_back_what_an_editor_wrote_into_the_displaced_file) {
  for (const char* name : {"file", "dir/removed"}) {
    LandingFixture fixture;
    const Oid base = commitBase(fixture);
    const Oid effect = fixture.effect(base, edits());
    const int editor = open((fixture.path() + "/" + name).c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    CHECK(editor >= 0);
    const AtStep late("landing.settled", [&] { CHECK_EQ(write(editor, "late\n", 5), 5); });
    CHECK_EQ(LandingFixture::text(fixture.land(effect)), std::string(name) + " modified");
    close(editor);
    CHECK_EQ(fixture.read(name), "old\nlate\n");
    fixture.checkSound();
  }
}

TEST(landing_keeps_both_versions_when_the_user_writes_twice) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  const Oid effect = fixture.effect(base, edits());
  const int editor = open((fixture.path() + "/file").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  const AtStep late("landing.settled", [&] {
    CHECK_EQ(write(editor, "late\n", 5), 5);
    fixture.write("file", "written onto the new version\n");
  });
  const std::vector<DisplacedPath> displaced = fixture.land(effect);
  close(editor);
  CHECK_EQ(LandingFixture::text(displaced), "file modified kept");
  CHECK_EQ(fixture.read("file"), "written onto the new version\n");
  CHECK_EQ(runCommand("/", "cat " + quoted(displaced[0].keptPath.value())).output, "old\nlate\n");
  CHECK_EQ(fixture.status(), " M file");
}

TEST(landing_shows_what_the_user_wrote_before_the_new_index) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  const Oid effect = fixture.effect(base, edits());
  // Same size, same second, between the update and the new index, and once more while the index is being written.
  const AtStep late("landing.publishing", [&] { fixture.write("file", "NEW\n"); });
  fixture.land(effect);
  CHECK_EQ(fixture.status(), " M file");
}

TEST(landing_does_not_hide_a_change_that_the_old_index_could_not_see) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  // Same size and the same times as the entry: only its date makes git look at the content.
  shell(fixture, "git update-index --refresh -q; touch -d '2020-01-01 00:00:00' mine && git update-index mine && "
                 "touch -d '2020-01-01 00:00:00' .git/index && echo MINE > mine && touch -d '2020-01-01 00:00:00' mine");
  fixture.git("config core.trustctime false");
  CHECK_EQ(fixture.status(), " M mine");
  fixture.land(fixture.effect(base, edits()));
  CHECK_EQ(fixture.status(), " M mine");
}

TEST(landing_holds_the_users_git_off_at_every_step) {
  for (const char* step : {"noted", "moved", "staged", "path", "settled", "publishing"}) {
    LandingFixture fixture;
    const Oid base = commitBase(fixture);
    fixture.git("branch other " + toHex(fixture.effect(base, {{"mine", "other\n"}})));
    const Oid effect = fixture.effect(base, edits());
    fixture.write("mine", "edited\n");
    bool reached = false;
    const AtStep user(std::string("landing.") + step, [&] {
      reached = true;
      for (const char* command : {"commit -q -a -m mine", "add mine", "checkout -q other", "stash", "reset -q --hard"}) {
        const CommandResult result = fixture.repository().tryGit(command);
        CHECK(result.code != 0);
        CHECK_EQ(result.output.find("index.lock") == std::string::npos ? result.output : "", "");
      }
    });
    CHECK_EQ(LandingFixture::text(fixture.land(effect)), "");
    CHECK(reached);
    CHECK_EQ(fixture.status(), " M mine");
    CHECK_EQ(fixture.read("mine"), "edited\n");
    CHECK_EQ(toHex(fixture.tip()), toHex(effect));
    fixture.checkSound();
  }
}

TEST(landing_loses_the_race_against_a_ref_that_moved) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  const Oid effect = fixture.effect(base, edits());
  const Oid other = fixture.effect(base, {{"mine", "other\n"}});
  const BeginLandingReply begun = fixture.begin();
  fixture.git("update-ref refs/heads/main " + toHex(other));  // needs no index
  const MoveTargetReply reply = fixture.move(begun.landingId, base, effect);
  CHECK(!reply.moved);
  CHECK_EQ(toHex(reply.tipOid.value()), toHex(other));
  fixture.end(begun.landingId, false);
  CHECK_EQ(toHex(fixture.tip()), toHex(other));
  CHECK_EQ(runCommand(fixture.path(), "ls .git/coppice").output, "landing.lock\nlocks\n");
}

TEST(landing_sees_that_the_target_was_deleted_or_left) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  const Oid effect = fixture.effect(base, edits());
  uint32_t id = fixture.begin().landingId;
  fixture.git("symbolic-ref HEAD refs/heads/elsewhere");
  MoveTargetReply reply = fixture.move(id, base, effect);
  CHECK(!reply.moved && !reply.tipOid);
  fixture.git("symbolic-ref HEAD refs/heads/main");
  fixture.git("update-ref -d refs/heads/main");
  reply = fixture.move(id, base, effect);
  CHECK(!reply.moved && !reply.tipOid);
  fixture.end(id, false);
  const BeginLandingReply begun = fixture.begin("refs/heads/gone");
  CHECK(!begun.tipOid);
}

TEST(landing_waits_for_a_ref_that_git_holds) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  const Oid effect = fixture.effect(base, edits());
  for (const char* lock : {".git/refs/heads/main.lock", ".git/HEAD.lock"}) {
    const uint32_t id = fixture.begin("refs/heads/main", true, 60).landingId;
    fixture.write(lock, "");
    CHECK_EQ(failureCode([&] { fixture.move(id, base, effect); }), "LOCKED");
    fixture.end(id, false);
    shell(fixture, std::string("rm ") + lock);
  }
  const uint32_t id = fixture.begin().landingId;
  fixture.write(".git/refs/heads/main.lock", "");
  std::thread holder([&] { unlink((fixture.path() + "/.git/refs/heads/main.lock").c_str()); });
  CHECK(fixture.move(id, base, effect).moved);
  holder.join();
}

TEST(landing_waits_for_index_lock_and_names_it) {
  LandingFixture fixture;
  commitBase(fixture);
  fixture.write(".git/index.lock", "");
  try {
    fixture.begin("refs/heads/main", true, 60);
    CHECK(false);
  } catch (const Failure& failure) {
    CHECK_EQ(failure.code, "LOCKED");
    CHECK_EQ(failure.path, fixture.path() + "/.git/index.lock");
    CHECK(failure.message.find("since ") != std::string::npos);
  }
  CHECK(fixture.exists(".git/index.lock"));
  std::thread user([&] { unlink((fixture.path() + "/.git/index.lock").c_str()); });
  fixture.end(fixture.begin("refs/heads/main", true, 5000).landingId, false);
  user.join();
  fixture.checkSound();
}

TEST(landing_excludes_another_landing_until_it_ends) {
  LandingFixture fixture;
  commitBase(fixture);
  const auto other = Session::open({fixture.path(), 1}, Cancel());
  BeginLandingRequest request;
  request.targetRef = "refs/heads/main";
  request.timeoutMs = 50;
  const uint32_t id = fixture.begin().landingId;
  try {
    beginLanding(*other, request, Cancel());
    CHECK(false);
  } catch (const Failure& failure) {
    CHECK_EQ(failure.code, "LOCKED");
    CHECK(failure.message.find("process " + std::to_string(getpid())) != std::string::npos);
  }
  Cancel cancelled;
  cancelled.set();
  request.timeoutMs = 60000;
  CHECK_EQ(failureCode([&] { beginLanding(*other, request, cancelled); }), "CANCELLED");
  fixture.end(id, false);
  endLanding(*other, {beginLanding(*other, request, Cancel()).landingId, false}, Cancel());
}

TEST(landing_is_let_go_by_the_end_of_the_session) {
  LandingFixture fixture;
  commitBase(fixture);
  fixture.begin();
  CHECK(fixture.exists(".git/index.lock"));
  fixture.closeSession();
  CHECK(!fixture.exists(".git/index.lock"));
  fixture.end(fixture.begin().landingId, false);
  fixture.checkSound();
}

TEST(landing_never_removes_or_publishes_a_lock_that_is_not_its_own) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  const Oid effect = fixture.effect(base, edits());
  // Before the commit point: the landing must begin again.
  uint32_t id = fixture.begin().landingId;
  shell(fixture, "rm .git/index.lock && echo theirs > .git/index.lock");
  CHECK_EQ(failureCode([&] { fixture.move(id, base, effect); }), "LOCKED");
  fixture.end(id, false);
  CHECK_EQ(fixture.read(".git/index.lock"), "theirs\n");
  shell(fixture, "rm .git/index.lock");
  // After it: forward, on the index that the user's git wrote meanwhile.
  id = fixture.begin().landingId;
  const std::vector<Change> changes = fixture.changes(base, effect);
  CHECK(fixture.move(id, base, effect).moved);
  fixture.update(id, changes);
  fixture.write("mine", "staged\n");
  shell(fixture, "rm .git/index.lock && git add mine");
  fixture.end(id);
  CHECK_EQ(fixture.status(), "M  mine");
  CHECK_EQ(toHex(fixture.tip()), toHex(effect));
}

}  // namespace coppice::test
