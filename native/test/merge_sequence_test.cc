// A sequence is the same as a merge and a commit for each result, one call after the other. What one merge decides is
// merge_test.cc's.
#include "git/commit.h"
#include "test/merge_fixture.h"

using namespace coppice;
using namespace coppice::test;

namespace {

const Person kPerson{"A U Thor", "author@example.com", 1'700'000'000, 0};

class SequenceFixture : public MergeFixture {
 public:
  Oid commitOf(const TestFiles& files, std::vector<Oid> parents = {}, const std::string& message = "made") {
    return commit(*session, {tree(files), std::move(parents), kPerson, kPerson, message}, Cancel()).oid;
  }
  MergeSequenceReply mergeAll(const Oid& tipOid, std::vector<MergeStep> steps, bool keepParents = false) {
    return said([&] { return mergeSequence(*session, {tipOid, "ours", std::move(steps), keepParents, kPerson, kPerson}, Cancel()); });
  }
  std::string commitText(const Oid& oid) { return *session->handle()->read(oid, GIT_OBJECT_COMMIT).data; }
};

MergeStep step(const Oid& baseOid, const Oid& theirsOid, const std::string& name) {
  return {baseOid, theirsOid, name, "Effect " + name, false, {}};
}

const TestFiles kBase{{"a", "1\n"}, {"b", "1\n"}, {"d/c", "1\n"}};

}  // namespace

TEST(merge_sequence_makes_what_single_calls_make) {
  SequenceFixture fixture;
  const Oid base = fixture.commitOf(kBase);
  const std::vector<Oid> theirs = {fixture.commitOf({{"a", "2\n"}, {"b", "1\n"}, {"d/c", "1\n"}}, {base}),
                                   fixture.commitOf({{"a", "1\n"}, {"b", "1\n"}, {"d/c", "2\n"}, {"n", "new\n"}}, {base})};
  const MergeSequenceReply reply = fixture.mergeAll(base, {step(base, theirs[0], "one"), step(base, theirs[1], "two")});

  Oid tip = base;
  for (size_t i = 0; i < theirs.size(); i++) {
    const MergeReply single = merge(*fixture.session, {base, tip, theirs[i], "ours", "theirs", false}, Cancel());
    const std::string message = i == 0 ? "Effect one" : "Effect two";
    tip = commit(*fixture.session, {single.treeOid.value(), {tip}, kPerson, kPerson, message}, Cancel()).oid;
    CHECK_EQ(toHex(reply.steps[i].commitOid.value()), toHex(tip));
    CHECK_EQ(reply.steps[i].changes.size(), single.changes.size());
  }
  CHECK_EQ(toHex(reply.tipOid), toHex(tip));
  CHECK_EQ(reply.steps[1].changes[0].path, "d/c");
}

TEST(merge_sequence_goes_on_without_a_conflicted_step) {
  SequenceFixture fixture;
  const Oid base = fixture.commitOf(kBase);
  const Oid first = fixture.commitOf({{"a", "2\n"}, {"b", "1\n"}, {"d/c", "1\n"}});
  const Oid clash = fixture.commitOf({{"a", "3\n"}, {"b", "1\n"}, {"d/c", "3\n"}});
  const Oid last = fixture.commitOf({{"a", "1\n"}, {"b", "2\n"}, {"d/c", "1\n"}});
  const MergeSequenceReply reply =
      fixture.mergeAll(base, {step(base, first, "first"), step(base, clash, "clash"), step(base, last, "last")});
  CHECK(!reply.steps[1].commitOid);
  CHECK_EQ(reply.steps[1].conflicts.size(), size_t{1});
  CHECK_EQ(reply.steps[1].conflicts[0].path, "a");
  CHECK(reply.steps[1].changes.empty());
  CHECK_EQ(toHex(reply.tipOid), toHex(reply.steps[2].commitOid.value()));
  CHECK_EQ(toHex(treeOf(fixture.commitText(reply.tipOid))), toHex(fixture.tree({{"a", "2\n"}, {"b", "2\n"}, {"d/c", "1\n"}})));
  const std::vector<Oid> parents = parentsOf(fixture.commitText(reply.tipOid));
  CHECK_EQ(parents.size(), size_t{1});
  CHECK_EQ(toHex(parents[0]), toHex(reply.steps[0].commitOid.value()));
}

TEST(merge_sequence_makes_no_commit_of_what_is_there_already) {
  SequenceFixture fixture;
  const Oid base = fixture.commitOf(kBase);
  const Oid same = fixture.commitOf({{"a", "2\n"}, {"b", "1\n"}, {"d/c", "1\n"}});
  const MergeSequenceReply reply = fixture.mergeAll(same, {step(base, same, "again"), step(base, base, "nothing")});
  CHECK_EQ(toHex(reply.tipOid), toHex(same));
  for (const MergedStep& merged : reply.steps) CHECK(!merged.commitOid && merged.conflicts.empty() && merged.changes.empty());
}

TEST(merge_sequence_keeps_the_result_as_a_parent_when_asked) {
  SequenceFixture fixture;
  const Oid base = fixture.commitOf(kBase);
  const Oid theirs = fixture.commitOf({{"a", "2\n"}, {"b", "1\n"}, {"d/c", "1\n"}}, {base});
  const MergeSequenceReply reply = fixture.mergeAll(base, {step(base, theirs, "one")}, true);
  const std::vector<Oid> parents = parentsOf(fixture.commitText(reply.tipOid));
  CHECK_EQ(parents.size(), size_t{2});
  CHECK_EQ(toHex(parents[0]), toHex(base));
  CHECK_EQ(toHex(parents[1]), toHex(theirs));
}

TEST(merge_sequence_takes_each_step_from_its_own_base) {
  SequenceFixture fixture;
  const Oid base = fixture.commitOf(kBase);
  const Oid later = fixture.commitOf({{"a", "2\n"}, {"b", "1\n"}, {"d/c", "1\n"}}, {base});
  const Oid fromLater = fixture.commitOf({{"a", "3\n"}, {"b", "1\n"}, {"d/c", "1\n"}}, {later});
  const Oid fromBase = fixture.commitOf({{"a", "1\n"}, {"b", "2\n"}, {"d/c", "1\n"}}, {base});
  const MergeSequenceReply reply = fixture.mergeAll(later, {step(later, fromLater, "later"), step(base, fromBase, "base")});
  CHECK_EQ(toHex(treeOf(fixture.commitText(reply.tipOid))), toHex(fixture.tree({{"a", "3\n"}, {"b", "2\n"}, {"d/c", "1\n"}})));
}

TEST(merge_sequence_refuses_what_is_no_commit_and_stops_when_cancelled) {
  SequenceFixture fixture;
  const Oid base = fixture.commitOf(kBase);
  const auto codeOf = [&](const Oid& tip, const Oid& theirs, const Cancel& cancel) -> std::string {
    try {
      mergeSequence(*fixture.session, {tip, "ours", {step(base, theirs, "one")}, false, kPerson, kPerson}, cancel);
    } catch (const Failure& failure) {
      return failure.code;
    }
    return "done";
  };
  CHECK_EQ(codeOf(base, fixture.tree(kBase), Cancel()), failure_code::kInvalid);
  CHECK_EQ(codeOf(fixture.tree(kBase), base, Cancel()), failure_code::kInvalid);
  CHECK_EQ(codeOf(base, Oid{}, Cancel()), failure_code::kNotFound);
  Cancel cancel;
  cancel.set();
  CHECK_EQ(codeOf(base, base, cancel), failure_code::kCancelled);
}
