// Landing where nobody else acts: every kind of change, every kind of target. The git CLI says whether it is right.
#include <sys/stat.h>

#include <filesystem>

#include "git/failure.h"
#include "git/path_swap.h"
#include "git/safe_path.h"
#include "test/at_step.h"
#include "test/landing_fixture.h"

namespace coppice::test {
namespace {

// A base with something of every kind.
Oid commitBase(const LandingFixture& fixture) {
  fixture.write("modified.txt", "old\n");
  fixture.write("deleted.txt", "gone soon\n");
  fixture.write("tool.sh", "#!/bin/sh\n");
  fixture.write("a/b/only.txt", "the last of its directories\n");
  fixture.write("becomes-directory", "a file\n");
  fixture.write("becomes-file/one.txt", "1\n");
  fixture.write("becomes-file/two/three.txt", "3\n");
  fixture.write("becomes-link", "a file\n");
  fixture.write("stays/untouched.txt", "untouched\n");
  fixture.write("stays/renamed.txt", "renamed\n");
  runCommand(fixture.path(), "ln -s modified.txt link && ln -s tool.sh becomes-regular && chmod +x tool.sh");
  fixture.repository().commitAll("base");
  return fixture.tip();
}

std::vector<Edit> everyKind() {
  return {
      {"modified.txt", "new, and longer\n"},
      {"deleted.txt", std::nullopt},
      {"tool.sh", "#!/bin/sh\n", "100644"},
      {"modified-and-executable.sh", "#!/bin/sh\necho\n", "100755"},
      {"a/b/only.txt", std::nullopt},
      {"becomes-directory", std::nullopt},
      {"becomes-directory/inside.txt", "inside\n"},
      {"becomes-file/one.txt", std::nullopt},
      {"becomes-file/two/three.txt", std::nullopt},
      {"becomes-file", "now a file\n"},
      {"becomes-link", "stays/untouched.txt", "120000"},
      {"becomes-regular", "now a file\n"},
      {"link", "tool.sh", "120000"},
      {"new/deep/down/file.txt", ""},
      {"new/ü \"quoted\"\n.txt", "odd name\n"},
      {"stays/renamed.txt", std::nullopt},
      {"stays/renamed-to.txt", "renamed\n"},
  };
}

void landEveryKind(LandingFixture& fixture) {
  const Oid base = commitBase(fixture);
  const Oid effect = fixture.effect(base, everyKind());
  CHECK_EQ(LandingFixture::text(fixture.land(effect)), "");
  CHECK_EQ(toHex(fixture.tip()), toHex(effect));
  CHECK_EQ(fixture.status(), "");
  fixture.checkSound();
  CHECK(!fixture.exists("a"));
  // A fresh checkout by git has the same files, kinds, modes and bytes.
  fixture.git("worktree add -q --detach ../fresh HEAD");
  const char* listing = "find . -name .git -prune -o -printf '%P %y %m %l\\n' | sort; "
                        "find . -name .git -prune -o -type f -print0 | sort -z | xargs -0 cat";
  CHECK_EQ(runCommand(fixture.path(), listing).output, runCommand(fixture.repository().folder().file("fresh"), listing).output);
}

}  // namespace

TEST(landing_brings_every_kind_of_change_to_the_main_worktree) {
  LandingFixture fixture;
  landEveryKind(fixture);
}

TEST(landing_without_renameat2_and_openat2_gives_the_same) {
  usePortablePathSwap(true);
  RootDirectory::usePortableFallback(true);
  LandingFixture fixture;
  try {
    landEveryKind(fixture);
  } catch (...) {
    usePortablePathSwap(false);
    RootDirectory::usePortableFallback(false);
    throw;
  }
  usePortablePathSwap(false);
  RootDirectory::usePortableFallback(false);
}

TEST(landing_respects_the_umask) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  const mode_t before = umask(027);
  fixture.land(fixture.effect(base, {{"x.sh", "#!/bin/sh\n", "100755"}, {"y/y.txt", "y\n"}}));
  umask(before);
  CHECK_EQ(runCommand(fixture.path(), "stat -c %a x.sh y/y.txt y").output, "750\n640\n750\n");
}

TEST(landing_writes_the_reflogs_of_the_branch_and_of_HEAD) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  const Oid effect = fixture.effect(base, {{"modified.txt", "new\n"}});
  fixture.land(effect);
  const std::string line = toHex(base) + " " + toHex(effect) + " Lander <lander@example.com> 1700000100 +0100\tland: an effect";
  for (const char* log : {"logs/HEAD", "logs/refs/heads/main"})
    CHECK_EQ(runCommand(fixture.path() + "/.git", std::string("tail -n 1 ") + log).output, line + "\n");
}

TEST(landing_begins_no_reflog_that_the_configuration_does_not_want) {
  LandingFixture fixture;
  fixture.git("config core.logAllRefUpdates false");
  const Oid base = commitBase(fixture);
  fixture.git("branch other");
  fixture.land(fixture.effect(base, {{"modified.txt", "new\n"}}), "refs/heads/other");
  CHECK(!fixture.exists(".git/logs/refs/heads/other"));
  fixture.git("config core.logAllRefUpdates always");
  fixture.land(fixture.effect(fixture.tip("other"), {{"modified.txt", "newer\n"}}), "refs/heads/other");
  CHECK(fixture.exists(".git/logs/refs/heads/other"));
}

TEST(landing_moves_packed_refs) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  fixture.git("pack-refs --all --prune");
  const Oid effect = fixture.effect(base, {{"modified.txt", "new\n"}});
  fixture.land(effect);
  CHECK_EQ(toHex(fixture.tip("refs/heads/main")), toHex(effect));
  CHECK_EQ(fixture.status(), "");
}

TEST(landing_on_a_branch_that_is_checked_out_nowhere_moves_only_the_ref) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  fixture.git("branch other");
  const BeginLandingReply begun = fixture.begin("refs/heads/other");
  CHECK(!begun.workingDirectory);
  fixture.end(begun.landingId, false);
  const Oid effect = fixture.effect(base, everyKind());
  fixture.land(effect, "refs/heads/other");
  CHECK_EQ(toHex(fixture.tip("other")), toHex(effect));
  CHECK_EQ(toHex(fixture.tip()), toHex(base));
  CHECK_EQ(fixture.status(), "");
  fixture.checkSound();
}

TEST(landing_whose_target_has_moved_has_moved_whatever_fails_then) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  const Oid effect = fixture.effect(base, everyKind());
  {
    const AtStep broken("lock.renamed", [] { coppice::fail(failure_code::kCorrupt, "syncDirectory", "broken"); });
    fixture.land(effect);
  }
  CHECK_EQ(toHex(fixture.tip()), toHex(effect));
  CHECK_EQ(fixture.status(), "");
  fixture.checkSound();
}

TEST(landing_on_a_branch_that_is_being_checked_out_waits_and_begins_again) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  fixture.git("branch other");
  const Oid effect = fixture.effect(base, everyKind());
  const BeginLandingReply begun = fixture.begin("refs/heads/other");
  // Git has read the branch and holds the index; HEAD follows.
  fixture.write(".git/index.lock", "");
  const AtStep checkedOut("landing.waiting", [&] {
    fixture.write(".git/HEAD", "ref: refs/heads/other\n");
    std::filesystem::remove(fixture.path() + "/.git/index.lock");
  });
  const MoveTargetReply reply = fixture.move(begun.landingId, base, effect);
  CHECK(!reply.moved);
  CHECK_EQ(toHex(fixture.tip("other")), toHex(base));
  fixture.end(begun.landingId, false);
  fixture.land(effect, "refs/heads/other");
  CHECK_EQ(fixture.status(), "");
  fixture.checkSound();
}

TEST(landing_keeps_a_linked_worktree_in_step) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  const std::string linked = fixture.repository().folder().file("linked");
  fixture.git("worktree add -q -b other ../linked");
  const Oid effect = fixture.effect(base, everyKind());
  const BeginLandingReply begun = fixture.begin("refs/heads/other");
  CHECK_EQ(begun.workingDirectory.value_or(""), linked);
  fixture.end(begun.landingId, false);
  fixture.land(effect, "refs/heads/other");
  CHECK_EQ(GitRepository::gitIn(linked, "status --porcelain"), "");
  CHECK_EQ(GitRepository::gitIn(linked, "rev-parse HEAD"), toHex(effect));
  CHECK_EQ(GitRepository::gitIn(linked, "reflog -1 --format=%gs"), "land: an effect");
  fixture.checkSound(linked);
  CHECK_EQ(fixture.status(), "");
  CHECK_EQ(toHex(fixture.tip()), toHex(base));
}

TEST(landing_in_a_bare_repository_moves_only_the_ref) {
  LandingFixture source;
  const Oid base = commitBase(source);
  const Oid effect = source.effect(base, everyKind());
  source.git("branch effect " + toHex(effect));
  const std::string bare = source.repository().folder().file("bare.git");
  source.git("clone -q --bare . " + quoted(bare));
  const auto session = Session::open({bare, 1}, Cancel());
  BeginLandingRequest request;
  request.targetRef = "refs/heads/main";
  const BeginLandingReply begun = beginLanding(*session, request, Cancel());
  CHECK(!begun.workingDirectory);
  CHECK_EQ(toHex(begun.tipOid.value()), toHex(base));
  const Person person{"Lander", "lander@example.com", 1700000100, 0};
  CHECK(moveTarget(*session, {begun.landingId, base, effect, person, "land"}, Cancel()).moved);
  CHECK_EQ(updatePaths(*session, {begun.landingId, source.changes(base, effect)}, Cancel()).written, 0u);
  endLanding(*session, {begun.landingId, true}, Cancel());
  CHECK_EQ(GitRepository::gitIn(bare, "rev-parse main"), toHex(effect));
}

TEST(landing_on_a_detached_HEAD_moves_HEAD_itself) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  fixture.git("checkout -q --detach");
  const Oid effect = fixture.effect(base, everyKind());
  fixture.land(effect, "HEAD");
  CHECK_EQ(toHex(fixture.tip()), toHex(effect));
  CHECK_EQ(toHex(fixture.tip("main")), toHex(base));
  CHECK_EQ(fixture.status(), "");
  CHECK_EQ(fixture.git("reflog -1 --format=%gs"), "land: an effect");
  fixture.git("checkout -q main");
  const BeginLandingReply begun = fixture.begin("HEAD");
  CHECK(!begun.tipOid && !begun.workingDirectory);
}

TEST(landing_follows_a_symbolic_branch) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  fixture.git("symbolic-ref refs/heads/alias refs/heads/main");
  const Oid effect = fixture.effect(base, {{"modified.txt", "new\n"}});
  fixture.land(effect, "refs/heads/alias");
  CHECK_EQ(toHex(fixture.tip("refs/heads/main")), toHex(effect));
  CHECK_EQ(fixture.git("symbolic-ref refs/heads/alias"), "refs/heads/main");
  CHECK_EQ(fixture.status(), "");
}

TEST(landing_never_takes_a_worktree_of_the_pool_for_the_target) {
  LandingFixture fixture;
  commitBase(fixture);
  fixture.git("worktree add -q -b other ../w01");
  fixture.git("worktree lock --reason 'coppice: effect docs' ../w01");
  const BeginLandingReply begun = fixture.begin("refs/heads/other");
  CHECK(!begun.workingDirectory);
}

TEST(landing_sees_a_rebase_and_a_merge_of_the_target) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  fixture.git("branch side " + toHex(fixture.effect(base, {{"modified.txt", "theirs\n"}})));
  fixture.write("modified.txt", "ours\n");
  fixture.repository().commitAll("ours");
  CHECK(fixture.repository().tryGit("rebase side").code != 0);
  BeginLandingReply begun = fixture.begin();
  CHECK_EQ(begun.state, "rebase");
  CHECK_EQ(begun.workingDirectory.value_or(""), fixture.path());
  CHECK(begun.indexConflicted);
  fixture.end(begun.landingId, false);
  fixture.git("rebase --abort");
  CHECK(fixture.repository().tryGit("merge side").code != 0);
  begun = fixture.begin();
  CHECK_EQ(begun.state, "merge");
  CHECK(begun.indexConflicted);
}

TEST(landing_in_steps_that_are_out_of_order_is_refused) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  const Oid effect = fixture.effect(base, {{"modified.txt", "new\n"}});
  const std::vector<Change> changes = fixture.changes(base, effect);
  const uint32_t id = fixture.begin().landingId;
  CHECK_EQ(failureCode([&] { fixture.update(id, changes); }), "INVALID");
  CHECK_EQ(failureCode([&] { fixture.end(id, true); }), "INVALID");
  CHECK_EQ(failureCode([&] { fixture.check(id, changes); }), "INVALID");
  fixture.end(id, true);  // twice is harmless
  CHECK_EQ(fixture.status(), "");
  fixture.checkSound();
}

TEST(landing_keeps_the_version_of_the_index_and_its_other_entries) {
  for (const char* version : {"2", "3", "4"}) {
    LandingFixture fixture;
    fixture.git(std::string("config index.version ") + version);
    const Oid base = commitBase(fixture);
    fixture.git(std::string("update-index --force-write-index --index-version ") + version);
    fixture.write("staged.txt", "staged by the user\n");
    fixture.git("add staged.txt");
    fixture.git("update-index --assume-unchanged stays/untouched.txt");
    fixture.write("ita.txt", "x\n");
    fixture.git("add -N ita.txt");
    const std::string header = runCommand(fixture.path(), "od -An -tx1 -N8 .git/index").output;
    fixture.land(fixture.effect(base, everyKind()));
    CHECK_EQ(runCommand(fixture.path(), "od -An -tx1 -N8 .git/index").output, header);
    CHECK_EQ(fixture.status(), " A ita.txt\nA  staged.txt");
    CHECK_EQ(fixture.git("ls-files -v stays/untouched.txt"), "h stays/untouched.txt");
  }
}

TEST(landing_leaves_sparse_files_to_the_index) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  fixture.git("sparse-checkout set --no-sparse-index --no-cone '/*' '!/stays/'");
  CHECK(!fixture.exists("stays"));
  const Oid effect = fixture.effect(base, {{"stays/untouched.txt", "changed\n"}, {"stays/renamed.txt", std::nullopt},
                                           {"modified.txt", "new\n"}});
  fixture.land(effect);
  CHECK(!fixture.exists("stays"));
  CHECK_EQ(fixture.status(), "");
  CHECK_EQ(fixture.git("ls-files -t stays"), "S stays/untouched.txt");
  fixture.checkSound();
}

TEST(landing_converts_line_ends_by_the_rules_that_land) {
  LandingFixture fixture;
  fixture.write(".gitattributes", "*.txt text\n*.crlf text eol=crlf\n");
  fixture.write("a.crlf", "one\ntwo\n");
  fixture.write("b.bat", "one\ntwo\n");
  fixture.repository().commitAll("base");
  const Oid base = fixture.tip();
  fixture.git("rm -q --cached -r . && git reset -q --hard");
  CHECK_EQ(fixture.read("a.crlf"), "one\r\ntwo\r\n");
  const Oid effect = fixture.effect(base, {{"a.crlf", "one\ntwo\nthree\n"}, {"b.bat", "one\n"}, {"c.bat", "new\n"},
                                           {".gitattributes", "*.txt text\n*.crlf text eol=crlf\n*.bat text eol=crlf\n"}});
  fixture.land(effect);
  CHECK_EQ(fixture.read("a.crlf"), "one\r\ntwo\r\nthree\r\n");
  CHECK_EQ(fixture.read("b.bat"), "one\r\n");
  CHECK_EQ(fixture.read("c.bat"), "new\r\n");
  CHECK_EQ(fixture.status(), "");
  fixture.checkSound();
}

TEST(landing_on_submodules_moves_the_entry_and_spares_the_folder) {
  LandingFixture fixture;
  commitBase(fixture);
  const std::string commit = toHex(fixture.tip());
  const Oid base = fixture.effect(fixture.tip(), {{"sub", commit, "160000"}, {"dropped", commit, "160000"}});
  fixture.land(base);
  CHECK(fixture.exists("sub") && fixture.exists("dropped"));
  fixture.write("sub/of-the-user.txt", "x\n");
  const Oid effect = fixture.effect(base, {{"sub", toHex(base), "160000"}, {"dropped", std::nullopt}, {"link", std::nullopt},
                                           {"link", commit, "160000"}});
  fixture.land(effect);
  CHECK_EQ(fixture.read("sub/of-the-user.txt"), "x\n");
  CHECK(!fixture.exists("dropped"));
  CHECK_EQ(runCommand(fixture.path(), "stat -c %F link").output, "directory\n");
  CHECK_EQ(fixture.git("write-tree"), fixture.git("rev-parse 'HEAD^{tree}'"));
}

}  // namespace coppice::test
