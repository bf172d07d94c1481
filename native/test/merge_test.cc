// One test for each thing a merge can come to: clean by each path, and every kind of conflict with its three sides.
// That whole histories merge as git merges them is test/oracle/merge.test.ts.
#include "test/merge_fixture.h"

using namespace coppice;
using namespace coppice::test;

namespace {

const std::string kTen = lines(10);
const std::string kTenOurs = lines(10, {{2, "ours"}});
const std::string kTenTheirs = lines(10, {{9, "theirs"}});
const std::string kTenBoth = lines(10, {{2, "ours"}, {9, "theirs"}});
const std::string kTenClash = lines(10, {{2, "clash"}});
const std::string kBinary("a\0b", 3);
const std::string kBinaryOurs("a\0c", 3);
const std::string kBinaryTheirs("a\0d", 3);

std::string pathOf(const std::optional<ConflictSide>& side) { return side ? side->path : "-"; }
std::string sides(const Conflict& conflict) {
  return pathOf(conflict.base) + " " + pathOf(conflict.ours) + " " + pathOf(conflict.theirs);
}
std::string blob(const std::string& content) { return toHex(hashObject(GIT_OBJECT_BLOB, content)); }

}  // namespace

TEST(merge_takes_what_one_side_changed) {
  MergeFixture fixture;
  const MergeReply reply = fixture.merge({{"a/x", "1\n"}, {"b", "2\n"}, {"c", "3\n"}}, {{"a/x", "1\n"}, {"b", "ours\n"}, {"c", "3\n"}},
                                         {{"a/x", {"1\n", kModeExecutable}}, {"b", "2\n"}, {"n/new", "4\n"}});
  fixture.expectFiles(reply, {{"a/x", {"1\n", kModeExecutable}}, {"b", "ours\n"}, {"n/new", "4\n"}});
  CHECK(reply.pruned);
  CHECK_EQ(reply.changes.size(), size_t{3});
  CHECK_EQ(reply.changes[0].path, "a/x");
  CHECK_EQ(reply.changes[1].path, "c");
  CHECK_EQ(reply.changes[2].path, "n/new");
}

TEST(merge_joins_changes_of_one_file) {
  MergeFixture fixture;
  const MergeReply reply = fixture.merge({{"d/f", kTen}}, {{"d/f", kTenOurs}}, {{"d/f", kTenTheirs}});
  fixture.expectFiles(reply, {{"d/f", kTenBoth}});
  CHECK(reply.pruned);
}

TEST(merge_removes_a_directory_that_both_sides_emptied) {
  MergeFixture fixture;
  fixture.expectFiles(fixture.merge({{"d/a", "1\n"}, {"d/b", "2\n"}, {"k", "3\n"}}, {{"d/b", "2\n"}, {"k", "3\n"}},
                                    {{"d/a", "1\n"}, {"k", "3\n"}}), {{"k", "3\n"}});
}

TEST(merge_of_everything_away_is_the_empty_tree) {
  MergeFixture fixture;
  const MergeReply reply = fixture.merge({{"a", "1\n"}, {"b", "2\n"}}, {{"b", "2\n"}}, {{"a", "1\n"}});
  CHECK_EQ(toHex(reply.treeOid.value()), toHex(kEmptyTreeOid));
}

TEST(merge_follows_a_rename_with_the_other_sides_change) {
  MergeFixture fixture;
  const MergeReply reply = fixture.merge({{"old", kTen}}, {{"new", kTenOurs}}, {{"old", kTenTheirs}});
  fixture.expectFiles(reply, {{"new", kTenBoth}});
  CHECK(!reply.pruned);
  fixture.expectFiles(fixture.merge({{"old", kTen}}, {{"old", kTenOurs}}, {{"new", kTenTheirs}}), {{"new", kTenBoth}});
  fixture.expectFiles(fixture.merge({{"old", kTen}}, {{"new", kTenOurs}}, {{"new", kTenTheirs}}), {{"new", kTenBoth}});
}

TEST(merge_replaces_a_file_by_a_directory) {
  MergeFixture fixture;
  fixture.expectFiles(fixture.merge({{"f", "1\n"}, {"k", "2\n"}}, {{"f", "1\n"}, {"k", "3\n"}}, {{"f/x", "4\n"}, {"k", "2\n"}}),
                      {{"f/x", "4\n"}, {"k", "3\n"}});
}

TEST(merge_gives_the_same_result_twice_and_accepts_commits) {
  const SessionRepository repository;
  repository.write("f", kTen);
  const Oid base = repository.commit("base");
  repository.write("f", kTenOurs);
  const Oid ours = repository.commit("ours");
  repository.git("checkout -q " + toHex(base));
  repository.write("f", kTenTheirs);
  const Oid theirs = repository.commit("theirs");
  const auto session = repository.open();
  const Cancel never;
  MergeRequest request;
  request.baseOid = base;
  request.oursOid = ours;
  request.theirsOid = theirs;
  const MergeReply first = said([&] { return merge(*session, request, never); });
  const MergeReply second = merge(*session, request, never);
  CHECK_EQ(toHex(first.treeOid.value()), toHex(second.treeOid.value()));
  CHECK_EQ(toHex(*first.treeOid), repository.git("merge-tree --write-tree " + toHex(ours) + " " + toHex(theirs)));
}

TEST(merge_conflict_content) {
  MergeFixture fixture;
  const Conflict conflict = fixture.conflict({{"f", kTen}}, {{"f", kTenOurs}}, {{"f", kTenClash}});
  CHECK_EQ(conflict.kind, "content");
  CHECK_EQ(sides(conflict), "f f f");
  CHECK_EQ(toHex(conflict.base->oid), blob(kTen));
  CHECK_EQ(toHex(conflict.ours->oid), blob(kTenOurs));
  CHECK_EQ(toHex(conflict.theirs->oid), blob(kTenClash));
  CHECK(!conflict.content);
}

TEST(merge_conflict_leaves_nothing_in_the_store) {
  MergeFixture fixture;
  const TestFiles base{{"a", "1\n"}, {"f", kTen}}, ours{{"a", "1\n"}, {"f", kTenOurs}}, theirs{{"a", "2\n"}, {"f", kTenClash}};
  for (const TestFiles* files : {&base, &ours, &theirs}) fixture.tree(*files);
  const size_t before = fixture.session->store().pending().size();
  fixture.conflict(base, ours, theirs);
  CHECK_EQ(fixture.session->store().pending().size(), before);
}

TEST(merge_conflict_with_content_has_markers_and_a_tree) {
  MergeFixture fixture;
  fixture.content = true;
  const MergeReply reply = fixture.merge({{"f", "1\n"}, {"k", "1\n"}}, {{"f", "2\n"}, {"k", "1\n"}}, {{"f", "3\n"}, {"k", "2\n"}});
  const std::string marked = "<<<<<<< target\n2\n=======\n3\n>>>>>>> effect\n";
  CHECK_EQ(reply.conflicts.at(0).content.value(), marked);
  CHECK_EQ(toHex(reply.treeOid.value()), toHex(fixture.tree({{"f", marked}, {"k", "2\n"}})));
  CHECK(reply.changes.empty());
}

TEST(merge_conflict_names_both_paths_in_markers) {
  MergeFixture fixture;
  fixture.content = true;
  const Conflict conflict = fixture.conflict({{"old", kTen}}, {{"new", kTenOurs}}, {{"old", kTenClash}});
  CHECK_EQ(conflict.kind, "content");
  CHECK_EQ(conflict.path, "new");
  CHECK_EQ(sides(conflict), "old new old");
  CHECK(conflict.content->find("<<<<<<< target:new\n") != std::string::npos);
  CHECK(conflict.content->find(">>>>>>> effect:old\n") != std::string::npos);
}

TEST(merge_conflict_modify_delete) {
  MergeFixture fixture;
  const Conflict conflict = fixture.conflict({{"f", kTen}, {"k", "1\n"}}, {{"k", "1\n"}}, {{"f", kTenTheirs}, {"k", "1\n"}});
  CHECK_EQ(conflict.kind, "modify/delete");
  CHECK_EQ(sides(conflict), "f - f");
}

TEST(merge_conflict_add_add) {
  MergeFixture fixture;
  const Conflict conflict = fixture.conflict({{"k", "1\n"}}, {{"k", "1\n"}, {"f", "2\n"}}, {{"k", "1\n"}, {"f", "3\n"}});
  CHECK_EQ(conflict.kind, "add/add");
  CHECK_EQ(sides(conflict), "- f f");
  fixture.expectFiles(fixture.merge({}, {{"f", "2\n"}}, {{"f", "2\n"}}), {{"f", "2\n"}});
}

TEST(merge_conflict_rename_delete) {
  MergeFixture fixture;
  const Conflict conflict = fixture.conflict({{"old", kTen}, {"k", "1\n"}}, {{"new", kTen}, {"k", "1\n"}}, {{"k", "1\n"}});
  CHECK_EQ(conflict.kind, "rename/delete");
  CHECK_EQ(conflict.path, "new");
  CHECK_EQ(sides(conflict), "old new -");
}

TEST(merge_conflict_rename_rename) {
  MergeFixture fixture;
  const Conflict conflict = fixture.conflict({{"old", kTen}}, {{"a", kTen}}, {{"b", kTenTheirs}});
  CHECK_EQ(conflict.kind, "rename/rename");
  CHECK_EQ(conflict.path, "old");
  CHECK_EQ(sides(conflict), "old a b");
}

TEST(merge_conflict_rename_add) {
  MergeFixture fixture;
  const Conflict conflict =
      fixture.conflict({{"old", kTen}}, {{"new", kTen}}, {{"old", kTenTheirs}, {"new", "other\n"}});
  CHECK_EQ(conflict.kind, "rename/add");
  CHECK_EQ(conflict.path, "new");
  CHECK_EQ(sides(conflict), "- new new");
  CHECK_EQ(toHex(conflict.ours->oid), blob(kTen));
}

TEST(merge_conflict_addition_to_a_renamed_directory) {
  MergeFixture fixture;
  const Conflict conflict = fixture.conflict({{"old/a", kTen}, {"old/b", kTenOurs}}, {{"new/a", kTen}, {"new/b", kTenOurs}},
                                             {{"old/a", kTen}, {"old/b", kTenOurs}, {"old/c", "added\n"}});
  CHECK_EQ(conflict.kind, "rename/add");
  CHECK_EQ(conflict.path, "new/c");
  CHECK_EQ(sides(conflict), "- - old/c");
}

TEST(merge_conflict_mode) {
  MergeFixture fixture;
  const Conflict conflict = fixture.conflict({{"k", "1\n"}}, {{"k", "1\n"}, {"f", "2\n"}}, {{"k", "1\n"}, {"f", {"2\n", kModeExecutable}}});
  CHECK_EQ(conflict.kind, "mode");
  CHECK_EQ(conflict.ours->mode, kModeFile);
  CHECK_EQ(conflict.theirs->mode, kModeExecutable);
}

TEST(merge_joins_a_mode_and_a_content_change) {
  MergeFixture fixture;
  fixture.expectFiles(fixture.merge({{"f", kTen}}, {{"f", {kTen, kModeExecutable}}}, {{"f", kTenTheirs}}),
                      {{"f", {kTenTheirs, kModeExecutable}}});
}

TEST(merge_conflict_type) {
  MergeFixture fixture;
  const Conflict conflict = fixture.conflict({{"f", kTen}}, {{"f", kTenOurs}}, {{"f", {"target", kModeSymlink}}});
  CHECK_EQ(conflict.kind, "type");
  CHECK_EQ(sides(conflict), "f f f");
}

TEST(merge_conflict_symlinks_are_not_text) {
  MergeFixture fixture;
  const Conflict conflict = fixture.conflict({{"l", {kTen, kModeSymlink}}}, {{"l", {kTenOurs, kModeSymlink}}}, {{"l", {kTenTheirs, kModeSymlink}}});
  CHECK_EQ(conflict.kind, "content");
}

TEST(merge_conflict_binary) {
  MergeFixture fixture;
  const Conflict conflict = fixture.conflict({{"f", kBinary}}, {{"f", kBinaryOurs}}, {{"f", kBinaryTheirs}});
  CHECK_EQ(conflict.kind, "binary");
}

TEST(merge_conflict_submodule) {
  MergeFixture fixture;
  const Conflict conflict = fixture.conflict({{"m", {"1", kModeGitlink}}}, {{"m", {"2", kModeGitlink}}}, {{"m", {"3", kModeGitlink}}});
  CHECK_EQ(conflict.kind, "submodule");
  fixture.expectFiles(fixture.merge({{"m", {"1", kModeGitlink}}}, {{"m", {"1", kModeGitlink}}}, {{"m", {"3", kModeGitlink}}}),
                      {{"m", {"3", kModeGitlink}}});
}

TEST(merge_conflict_file_directory) {
  MergeFixture fixture;
  const Conflict conflict = fixture.conflict({{"k", "1\n"}}, {{"k", "1\n"}, {"d", "file\n"}}, {{"k", "1\n"}, {"d/x", "below\n"}});
  CHECK_EQ(conflict.kind, "file/directory");
  CHECK_EQ(conflict.path, "d");
  fixture.content = true;
  const MergeReply reply = fixture.merge({{"k", "1\n"}}, {{"k", "1\n"}, {"d", "file\n"}}, {{"k", "1\n"}, {"d/x", "below\n"}});
  CHECK_EQ(toHex(reply.treeOid.value()), toHex(fixture.tree({{"k", "1\n"}, {"d/x", "below\n"}, {"d~target", "file\n"}})));
}

TEST(merge_conflict_case) {
  MergeFixture fixture;
  const TestFiles base{{"d/k", "1\n"}}, ours{{"d/k", "1\n"}, {"d/Readme", "2\n"}}, theirs{{"d/k", "1\n"}, {"D/README", "3\n"}};
  fixture.expectFiles(fixture.merge(base, ours, theirs), {{"d/k", "1\n"}, {"d/Readme", "2\n"}, {"D/README", "3\n"}});
  fixture.repository.git("config core.ignorecase true");
  fixture.session = fixture.repository.open();
  const Conflict conflict = fixture.conflict(base, ours, theirs);
  CHECK_EQ(conflict.kind, "case");
  CHECK_EQ(sides(conflict), "- d/Readme D/README");
  // A repository that already lives with it is not stopped, and a rename of case alone is no clash.
  fixture.expectFiles(fixture.merge({{"k", "1\n"}}, {{"k", "2\n"}}, {{"k", "1\n"}, {"a", "1\n"}, {"A", "2\n"}}), {{"k", "2\n"}, {"a", "1\n"}, {"A", "2\n"}});
  fixture.expectFiles(fixture.merge({{"readme", kTen}}, {{"readme", kTen}, {"k", "1\n"}}, {{"README", kTen}}), {{"README", kTen}, {"k", "1\n"}});
}

TEST(merge_stops_when_cancelled) {
  MergeFixture fixture;
  MergeRequest request;
  request.baseOid = fixture.tree({{"f", "1\n"}});
  request.oursOid = fixture.tree({{"f", "2\n"}});
  request.theirsOid = fixture.tree({{"f", "3\n"}});
  Cancel cancel;
  cancel.set();
  CHECK_EQ(failureCode([&] { merge(*fixture.session, request, cancel); }), "CANCELLED");
}
