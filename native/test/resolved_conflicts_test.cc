// What decisions make of each kind of conflict. Generated histories against git: test/oracle/resolved.test.ts; here is what those lack.
#include "git/commit.h"
#include "test/merge_fixture.h"

using namespace coppice;
using namespace coppice::test;

namespace {

const Person kPerson{"A U Thor", "author@example.com", 1'700'000'000, 0};

class ResolvedFixture : public MergeFixture {
 public:
  // Merges theirs onto ours with one choice for every conflict, or with what `given` says.
  MergedStep resolve(const TestFiles& base, const TestFiles& ours, const TestFiles& theirs, const std::string& choice,
                     uint32_t mode = 0, const std::vector<std::string>& content = {}) {
    const Oid baseOid = commitOf(base), tip = commitOf(ours), result = commitOf(theirs);
    MergeStep step{baseOid, result, "effect", "Effect", true, {}};
    const MergedStep first = mergeOne(tip, step);
    for (const Conflict& conflict : first.conflicts) {
      kinds += conflict.kind + " " + conflict.path + "; ";
      step.resolutions.push_back({conflict.path, conflict.kind, choice, mode, content});
    }
    return mergeOne(tip, step);
  }
  void expectResult(const MergedStep& step, const TestFiles& files) {
    for (const Conflict& conflict : step.conflicts) throw CheckFailed(conflict.kind + " at " + conflict.path);
    CHECK_EQ(toHex(treeOf(*session->handle()->read(step.commitOid.value(), GIT_OBJECT_COMMIT).data)), toHex(tree(files)));
  }
  std::string kinds;

 private:
  Oid commitOf(const TestFiles& files) { return commit(*session, {tree(files), {}, kPerson, kPerson, "made"}, Cancel()).oid; }
  MergedStep mergeOne(const Oid& tip, const MergeStep& step) {
    return said([&] { return mergeSequence(*session, {tip, "target", {step}, false, kPerson, kPerson}, Cancel()); }).steps[0];
  }
};

const TestFile kKeep{"keep\n"};

}  // namespace

TEST(resolved_type_takes_the_side_and_leaves_no_file_beside) {
  const TestFiles base{{"f", lines(5)}, {"k", kKeep}}, ours{{"f", {"target", kModeSymlink}}, {"k", kKeep}},
      theirs{{"f", lines(5, {{2, "theirs"}})}, {"k", {"new\n"}}};
  ResolvedFixture fixture;
  fixture.expectResult(fixture.resolve(base, ours, theirs, "ours"), {{"f", {"target", kModeSymlink}}, {"k", {"new\n"}}});
  CHECK_EQ(fixture.kinds, "type f; ");
  fixture.expectResult(fixture.resolve(base, ours, theirs, "theirs"), theirs);
  fixture.expectResult(fixture.resolve(base, ours, theirs, "content", kModeExecutable, {"a", "b\n"}),
                       {{"f", {std::string("a\0b\n", 4), kModeExecutable}}, {"k", {"new\n"}}});
  fixture.expectResult(fixture.resolve(base, ours, theirs, "removed"), {{"k", {"new\n"}}});
  CHECK_EQ(fixture.resolve(base, ours, theirs, "union").conflicts.size(), size_t{1});
}

TEST(resolved_mode_merges_the_content_and_takes_the_mode) {
  const TestFiles base{{"k", kKeep}}, ours{{"f", {"same\n", kModeExecutable}}, {"k", kKeep}},
      theirs{{"f", {"same\n", kModeFile}}, {"k", {"new\n"}}};
  ResolvedFixture fixture;
  fixture.expectResult(fixture.resolve(base, ours, theirs, "ours"), {{"f", {"same\n", kModeExecutable}}, {"k", {"new\n"}}});
  CHECK_EQ(fixture.kinds, "mode f; ");
  fixture.expectResult(fixture.resolve(base, ours, theirs, "theirs"), {{"f", {"same\n", kModeFile}}, {"k", {"new\n"}}});
  CHECK_EQ(fixture.resolve(base, ours, theirs, "union").conflicts.size(), size_t{1});
}

TEST(resolved_submodule_and_link_take_the_side_whole) {
  for (const uint32_t mode : {kModeGitlink, kModeSymlink}) {
    const TestFiles base{{"f", {"one", mode}}, {"k", kKeep}}, ours{{"f", {"two", mode}}, {"k", kKeep}},
        theirs{{"f", {"three", mode}}, {"k", {"new\n"}}};
    ResolvedFixture fixture;
    fixture.expectResult(fixture.resolve(base, ours, theirs, "ours"), {{"f", {"two", mode}}, {"k", {"new\n"}}});
    fixture.expectResult(fixture.resolve(base, ours, theirs, "theirs"), theirs);
    CHECK_EQ(fixture.resolve(base, ours, theirs, "union").conflicts.size(), size_t{1});
  }
}

TEST(resolved_file_and_directory_take_what_the_side_has) {
  const TestFiles base{{"k", kKeep}}, ours{{"d/a", kKeep}, {"d/b", kKeep}, {"k", kKeep}}, theirs{{"d", {"file\n"}}, {"k", {"new\n"}}};
  ResolvedFixture fixture;
  fixture.expectResult(fixture.resolve(base, ours, theirs, "ours"), {{"d/a", kKeep}, {"d/b", kKeep}, {"k", {"new\n"}}});
  CHECK_EQ(fixture.kinds, "file/directory d; ");
  fixture.expectResult(fixture.resolve(base, ours, theirs, "theirs"), theirs);
  fixture.expectResult(fixture.resolve(base, ours, theirs, "removed"), {{"d/a", kKeep}, {"d/b", kKeep}, {"k", {"new\n"}}});
}

TEST(resolved_rename_to_two_names_leaves_one) {
  const TestFiles base{{"a", lines(20)}}, ours{{"b", lines(20, {{3, "ours"}})}}, theirs{{"c", lines(20, {{3, "theirs"}})}};
  ResolvedFixture fixture;
  fixture.expectResult(fixture.resolve(base, ours, theirs, "theirs"), theirs);
  CHECK_EQ(fixture.kinds, "rename/rename a; ");
  fixture.expectResult(fixture.resolve(base, ours, theirs, "content", kModeFile, {"both\n"}), {{"b", {"both\n"}}});
}

TEST(resolved_conflict_refuses_what_may_not_be_written) {
  const TestFiles base{{".gitmodules", {"1\n"}}}, ours{{".gitmodules", {"2\n"}}}, theirs{{".gitmodules", {"3\n"}}};
  ResolvedFixture fixture;
  const auto codeOf = [&](const std::string& choice, uint32_t mode) -> std::string {
    try {
      fixture.resolve(base, ours, theirs, choice, mode, {"target"});
    } catch (const std::runtime_error& error) {  // of `said`
      return error.what();
    }
    return "done";
  };
  CHECK_EQ(codeOf("content", kModeFile), "done");
  CHECK(codeOf("content", kModeSymlink).find(failure_code::kUnsafePath) != std::string::npos);
  CHECK(codeOf("content", kModeTree).find(failure_code::kInvalid) != std::string::npos);
  CHECK(codeOf("mine", kModeFile).find(failure_code::kInvalid) != std::string::npos);
}
