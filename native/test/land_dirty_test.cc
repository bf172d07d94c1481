// What the user changed, beside and beneath a landing: staged, unstaged, untracked, ignored x touched by the effect or not x
// both kinds of landing. What is not touched must look the same to `git status` and `git diff` before and after.
#include <functional>

#include "test/landing_fixture.h"

namespace coppice::test {
namespace {

struct Dirt {
  const char* name;
  std::function<void(const LandingFixture&, const std::string& path)> make;
  // The reason of a landing that changes the path, by kind of landing; "" where it may go on.
  std::string commitReason;
  std::string treeReason;
  bool tracked = true;  // the path exists in the base
};

void shell(const LandingFixture& fixture, const std::string& command) {
  const CommandResult result = runCommand(fixture.path(), command);
  if (result.code != 0) throw std::runtime_error(command + ": " + result.output);
}

std::vector<Dirt> allDirt() {
  using F = const LandingFixture&;
  using P = const std::string&;
  return {
      {"unstaged", [](F f, P p) { f.write(p, "mine\n"); }, "modified", "modified"},
      {"unstaged, same size", [](F f, P p) { f.write(p, "OLD\n"); }, "modified", "modified"},
      {"staged", [](F f, P p) { f.write(p, "mine\n"), f.git("add " + p); }, "staged", "modified"},
      {"staged, file back", [](F f, P p) { f.write(p, "mine\n"), f.git("add " + p), f.write(p, "old\n"); }, "staged", ""},
      {"deleted", [](F f, P p) { shell(f, "rm " + p); }, "deleted", "deleted"},
      {"deleted and staged", [](F f, P p) { f.git("rm -q " + p); }, "staged", "deleted"},
      {"out of the index", [](F f, P p) { f.git("rm -q --cached " + p); }, "staged", ""},
      {"executable", [](F f, P p) { shell(f, "chmod +x " + p); }, "modified", "modified"},
      {"now a link", [](F f, P p) { shell(f, "ln -sf elsewhere " + p); }, "type-changed", "type-changed"},
      {"now a directory", [](F f, P p) { shell(f, "rm " + p + " && mkdir " + p + " && touch " + p + "/x"); }, "type-changed",
       "type-changed"},
      {"now a fifo", [](F f, P p) { shell(f, "rm " + p + " && mkfifo " + p); }, "type-changed", "type-changed"},
      {"touched, content the same", [](F f, P p) { shell(f, "touch -d 2001-01-01 " + p); }, "", ""},
      {"rewritten, content the same", [](F f, P p) { shell(f, "cp " + p + " x && mv x " + p); }, "", ""},
      {"already new", [](F f, P p) { f.write(p, "new\n"); }, "", ""},
      {"already new and staged", [](F f, P p) { f.write(p, "new\n"), f.git("add " + p); }, "", ""},
      {"staged as new, then changed", [](F f, P p) { f.write(p, "new\n"), f.git("add " + p), f.write(p, "mine\n"); },
       "modified", "modified"},
      {"assumed unchanged", [](F f, P p) { f.git("update-index --assume-unchanged " + p), f.write(p, "mine\n"); }, "modified",
       "modified"},
      {"untracked", [](F f, P p) { f.write(p, "mine\n"); }, "untracked", "untracked", false},
      {"untracked, the same", [](F f, P p) { f.write(p, "new\n"); }, "", "", false},
      {"untracked link", [](F f, P p) { shell(f, "ln -s elsewhere " + p); }, "untracked", "untracked", false},
      {"ignored", [](F f, P p) { f.write(".git/info/exclude", p + "\n"), f.write(p, "mine\n"); }, "untracked", "untracked",
       false},
      {"added", [](F f, P p) { f.write(p, "mine\n"), f.git("add " + p); }, "staged", "untracked", false},
      {"intended to be added", [](F f, P p) { f.write(p, "mine\n"), f.git("add -N " + p); }, "staged", "untracked", false},
      {"directory with files", [](F f, P p) { f.write(p + "/x", "mine\n"); }, "directory-in-the-way", "directory-in-the-way",
       false},
      {"ignored directory", [](F f, P p) { f.write(".git/info/exclude", p + "\n"), f.write(p + "/x", "mine\n"); },
       "directory-in-the-way", "directory-in-the-way", false},
      {"empty directories", [](F f, P p) { shell(f, "mkdir -p " + p + "/a/b " + p + "/c"); }, "", "", false},
  };
}

struct Seen {
  std::string status, unstaged, staged;
};
bool operator==(const Seen& a, const Seen& b) {
  return a.status == b.status && a.unstaged == b.unstaged && a.staged == b.staged;
}
Seen see(const LandingFixture& fixture) {
  // What git says about a special file may be a complaint; it only has to stay the same.
  const auto output = [&](const char* arguments) { return fixture.repository().tryGit(arguments).output; };
  return {output("status --porcelain --ignored --untracked-files=all"), output("diff"), output("diff --cached")};
}

Oid commitBase(const LandingFixture& fixture) {
  fixture.write("dir/path", "old\n");
  fixture.write("other", "other\n");
  fixture.repository().commitAll("base");
  return fixture.tip();
}

void checkBeside(const Dirt& dirt, bool commit) {
  LandingFixture fixture(1);
  const Oid base = commitBase(fixture);
  const std::string path = dirt.tracked ? "dir/path" : "dir/untracked";
  dirt.make(fixture, path);
  const Seen before = see(fixture);
  const Oid effect = fixture.effect(base, {{"other", "changed\n"}, {"dir/added", "added\n"}});
  const std::vector<Change> changes = fixture.changes(base, effect);
  const uint32_t id = fixture.begin("refs/heads/main", commit).landingId;
  CHECK_EQ(LandingFixture::text(fixture.check(id, changes)), "");
  if (commit) CHECK(fixture.move(id, base, effect).moved);
  CHECK_EQ(LandingFixture::text(fixture.update(id, changes).displaced), "");
  fixture.end(id, commit);
  CHECK_EQ(fixture.read("other"), "changed\n");
  CHECK_EQ(fixture.read("dir/added"), "added\n");
  if (!commit) {
    fixture.git("checkout -q other");
    shell(fixture, "rm dir/added");
  }
  const Seen after = see(fixture);
  CHECK_EQ(after.status, before.status);
  CHECK_EQ(after.unstaged, before.unstaged);
  CHECK_EQ(after.staged, before.staged);
}

void checkBeneath(const Dirt& dirt, bool commit) {
  LandingFixture fixture(1);
  const Oid base = commitBase(fixture);
  const std::string path = dirt.tracked ? "dir/path" : "dir/untracked";
  dirt.make(fixture, path);
  const Seen before = see(fixture);
  const Oid effect = fixture.effect(base, {{path, "new\n"}});
  const std::vector<Change> changes = fixture.changes(base, effect);
  const uint32_t id = fixture.begin("refs/heads/main", commit).landingId;
  const std::string reason = commit ? dirt.commitReason : dirt.treeReason;
  CHECK_EQ(LandingFixture::text(fixture.check(id, changes)), reason.empty() ? "" : path + " " + reason);
  if (!reason.empty()) {
    fixture.end(id, false);
    CHECK(see(fixture) == before);
    return;
  }
  if (commit) CHECK(fixture.move(id, base, effect).moved);
  CHECK_EQ(LandingFixture::text(fixture.update(id, changes).displaced), "");
  fixture.end(id, commit);
  CHECK_EQ(fixture.read(path), "new\n");
  if (commit) CHECK_EQ(fixture.status(), "");
}

template <class Check>
void eachDirt(Check check) {
  for (const Dirt& dirt : allDirt()) {
    for (const bool commit : {true, false}) {
      try {
        check(dirt, commit);
      } catch (const CheckFailed& failed) {
        throw CheckFailed(std::string(dirt.name) + (commit ? ", commit: " : ", working-tree: ") + failed.what());
      }
    }
  }
}

}  // namespace

TEST(landing_beside_what_the_user_changed_leaves_it_as_it_was) { eachDirt(checkBeside); }

TEST(landing_on_what_the_user_changed_is_blocked_with_the_reason) { eachDirt(checkBeneath); }

TEST(landing_a_deletion_is_blocked_by_the_users_change_only) {
  LandingFixture fixture;
  commitBase(fixture);
  for (const char* name : {"kept", "edited", "staged", "gone"}) fixture.write(name, "old\n");
  fixture.repository().commitAll("more");
  const Oid base = fixture.tip();
  fixture.write("edited", "mine\n");
  fixture.write("staged", "mine\n");
  fixture.git("add staged");
  shell(fixture, "rm gone");
  const Oid effect = fixture.effect(base, {{"kept", std::nullopt}, {"edited", std::nullopt}, {"staged", std::nullopt},
                                           {"gone", std::nullopt}});
  const uint32_t id = fixture.begin().landingId;
  CHECK_EQ(LandingFixture::text(fixture.check(id, fixture.changes(base, effect))), "edited modified, staged staged");
}

TEST(landing_below_a_file_or_link_of_the_user_is_blocked) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  const Oid effect = fixture.effect(base, {{"file/below", "new\n"}, {"link/below", "new\n"}, {"staged/below", "new\n"},
                                           {"dir/path/below", "new\n"}, {"dir/path", std::nullopt}});
  fixture.write("file", "mine\n");
  shell(fixture, "mkdir ../outside && ln -s ../outside link");
  fixture.write("staged", "mine\n");
  fixture.git("add staged");
  shell(fixture, "rm staged");
  const uint32_t id = fixture.begin().landingId;
  CHECK_EQ(LandingFixture::text(fixture.check(id, fixture.changes(base, effect))),
           "file/below untracked, link/below untracked, staged/below staged");
}

TEST(landing_a_file_where_a_directory_was_spares_the_users_files_in_it) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  const Oid effect = fixture.effect(base, {{"dir/path", std::nullopt}, {"dir", "now a file\n"}});
  fixture.write("dir/mine", "mine\n");
  uint32_t id = fixture.begin().landingId;
  CHECK_EQ(LandingFixture::text(fixture.check(id, fixture.changes(base, effect))), "dir directory-in-the-way");
  fixture.end(id, false);
  fixture.git("add dir/mine");
  id = fixture.begin().landingId;
  CHECK_EQ(LandingFixture::text(fixture.check(id, fixture.changes(base, effect))), "dir staged");
}

TEST(landing_below_a_missing_directory_is_blocked_as_deleted) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  const Oid effect = fixture.effect(base, {{"dir/path", "new\n"}});
  shell(fixture, "rm -r dir && ln -s ../outside dir");
  const uint32_t id = fixture.begin().landingId;
  CHECK_EQ(LandingFixture::text(fixture.check(id, fixture.changes(base, effect))), "dir/path deleted");
}

TEST(landing_where_case_is_ignored_is_blocked_by_another_spelling) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  fixture.git("config core.ignoreCase true");
  const Oid effect = fixture.effect(base, {{"DIR/new", "new\n"}, {"Other", "renamed\n"}, {"other", std::nullopt}, {"fine", "x\n"}});
  const uint32_t id = fixture.begin().landingId;
  CHECK_EQ(LandingFixture::text(fixture.check(id, fixture.changes(base, effect))), "DIR/new staged");
}

TEST(landing_through_a_filter_is_blocked) {
  LandingFixture fixture;
  fixture.write(".gitattributes", "*.big filter=lfs\n*.utf16 working-tree-encoding=UTF-16\n");
  fixture.write("a.txt", "a\n");
  fixture.repository().commitAll("base");
  const Oid base = fixture.tip();
  fixture.git("config filter.lfs.smudge cat");
  fixture.git("config filter.lfs.clean cat");
  const Oid effect = fixture.effect(base, {{"new.big", "x\n"}, {"new.utf16", "x\n"}, {"a.txt", "b\n"}});
  const uint32_t id = fixture.begin().landingId;
  CHECK_EQ(LandingFixture::text(fixture.check(id, fixture.changes(base, effect))), "new.big filter, new.utf16 filter");
}

TEST(landing_in_the_working_tree_twice_leaves_both_uncommitted) {
  LandingFixture fixture;
  const Oid base = commitBase(fixture);
  const Oid first = fixture.effect(base, {{"other", "first\n"}, {"added", "first\n"}, {"dir/path", std::nullopt}});
  const Oid second = fixture.effect(first, {{"other", "second\n"}, {"added", std::nullopt}, {"dir/path", "back\n"}});
  Oid from = base;
  for (const Oid& to : {first, second}) {
    const std::vector<Change> changes = fixture.changes(from, to);
    const BeginLandingReply begun = fixture.begin("refs/heads/main", false);
    CHECK_EQ(LandingFixture::text(fixture.check(begun.landingId, changes)), "");
    CHECK_EQ(LandingFixture::text(fixture.update(begun.landingId, changes).displaced), "");
    fixture.end(begun.landingId, false);
    from = to;
  }
  CHECK_EQ(fixture.status(), " M dir/path\n M other");
  CHECK_EQ(fixture.read("other"), "second\n");
  CHECK_EQ(fixture.read("dir/path"), "back\n");
  CHECK_EQ(toHex(fixture.tip()), toHex(base));
}

}  // namespace coppice::test
