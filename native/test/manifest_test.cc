// The check after a merge, given merges that lost something.
#include "git/manifest.h"

#include "test/merge_fixture.h"

using namespace coppice;
using namespace coppice::test;

namespace {

const Cancel kNever;

struct Case {
  MergeFixture fixture;
  Oid base = fixture.tree({{"d/a", "1\n"}, {"d/b", "1\n"}, {"k", "1\n"}});
  Oid ours = fixture.tree({{"d/a", "ours\n"}, {"d/b", "1\n"}, {"k", "ours\n"}});
  Oid theirs = fixture.tree({{"d/a", "1\n"}, {"d/b", "theirs\n"}, {"k", "theirs\n"}, {"n", "theirs\n"}});

  // The path of the violation, or "" when the manifest holds.
  std::string violation(const TestFiles& merged, const std::vector<MergeDecision>& decisions) {
    const HandleLease handle = fixture.session->handle();
    MergeAttributes attributes(*handle, ours);
    MergeInput input{*handle, base, ours, theirs, {}, false, kNever, attributes};
    const auto changes = diffTrees(*handle, ours, fixture.tree(merged), kNever);
    try {
      verifyManifest(input, changes, decisions);
    } catch (const Failure& failure) {
      CHECK_EQ(failure.code, "CORRUPT");
      return failure.path;
    }
    return "";
  }
};

MergeDecision decision(const std::string& path, const std::string& content, bool renamed = false) {
  return {path, {kModeFile, hashObject(GIT_OBJECT_BLOB, content), nullptr}, renamed};
}

}  // namespace

TEST(manifest_accepts_what_the_merge_decided) {
  Case given;
  CHECK_EQ(given.violation({{"d/a", "ours\n"}, {"d/b", "theirs\n"}, {"k", "both\n"}, {"n", "theirs\n"}}, {decision("k", "both\n")}), "");
}

TEST(manifest_names_what_was_lost) {
  Case given;
  const auto joined = decision("k", "both\n");
  CHECK_EQ(given.violation({{"d/a", "1\n"}, {"d/b", "theirs\n"}, {"k", "both\n"}, {"n", "theirs\n"}}, {joined}), "d/a");
  CHECK_EQ(given.violation({{"d/a", "ours\n"}, {"d/b", "1\n"}, {"k", "both\n"}, {"n", "theirs\n"}}, {joined}), "d/b");
  CHECK_EQ(given.violation({{"d/a", "ours\n"}, {"d/b", "theirs\n"}, {"k", "ours\n"}, {"n", "theirs\n"}}, {joined}), "k");
  CHECK_EQ(given.violation({{"d/a", "ours\n"}, {"d/b", "theirs\n"}, {"k", "both\n"}}, {joined}), "n");
  CHECK_EQ(given.violation({{"d/b", "theirs\n"}, {"k", "both\n"}, {"n", "theirs\n"}}, {joined}), "d/a");
  CHECK_EQ(given.violation({{"d/a", "ours\n"}, {"d/b", "theirs\n"}, {"k", "both\n"}, {"n", "theirs\n"}, {"x", "?\n"}}, {joined}), "x");
}

TEST(manifest_wants_a_decision_where_both_changed_and_none_elsewhere) {
  Case given;
  const TestFiles merged{{"d/a", "ours\n"}, {"d/b", "other\n"}, {"k", "both\n"}, {"n", "theirs\n"}};
  CHECK_EQ(given.violation({{"d/a", "ours\n"}, {"d/b", "theirs\n"}, {"k", "both\n"}, {"n", "theirs\n"}}, {}), "k");
  CHECK_EQ(given.violation(merged, {decision("k", "both\n"), decision("d/b", "other\n")}), "d/b");
  CHECK_EQ(given.violation(merged, {decision("k", "both\n"), decision("d/b", "other\n", true)}), "");
}
