// Which driver merges a path: attributes of ours, of info/attributes and of the configuration, by git's precedence.
#include "test/merge_fixture.h"

using namespace coppice;
using namespace coppice::test;

namespace {

const std::string kTen = lines(10);
const std::string kOurs = lines(10, {{2, "ours"}});
const std::string kTheirs = lines(10, {{9, "theirs"}});
const std::string kClash = lines(10, {{2, "clash"}});
const std::string kJoined = lines(10, {{2, "ours"}, {9, "theirs"}});

// "clean" or the kind of the one conflict, of a file that both sides changed in different lines.
std::string merged(MergeFixture& fixture, const std::string& path, const TestFiles& attributes, const std::string& theirs = kTheirs) {
  TestFiles base = attributes, ours = attributes, other = attributes;
  base.emplace(path, kTen);
  ours.emplace(path, kOurs);
  other.emplace(path, theirs);
  const MergeReply reply = fixture.merge(base, ours, other);
  return reply.conflicts.empty() ? "clean" : reply.conflicts.at(0).kind;
}

}  // namespace

TEST(merge_attributes_binary_is_never_merged) {
  MergeFixture fixture;
  CHECK_EQ(merged(fixture, "a/f.lock", {}), "clean");
  CHECK_EQ(merged(fixture, "a/f.lock", {{".gitattributes", "*.lock -merge\n"}}), "binary");
  CHECK_EQ(merged(fixture, "a/f.lock", {{".gitattributes", "*.lock binary\n"}}), "binary");
  CHECK_EQ(merged(fixture, "a/f.lock", {{".gitattributes", "[attr]fixed -merge\n*.lock fixed\n"}}), "binary");
  CHECK_EQ(merged(fixture, "a/f.lock", {{".gitattributes", "*.lock -merge\n"}, {"a/.gitattributes", "f.* merge\n"}}), "clean");
  CHECK_EQ(merged(fixture, "a/f.lock", {{".gitattributes", "/f.lock -merge\nb/*.lock -merge\n"}}), "clean");
  CHECK_EQ(merged(fixture, "a/f.lock", {{".gitattributes", "a/*.lock -merge\n"}}), "binary");
}

TEST(merge_attributes_union_keeps_both) {
  MergeFixture fixture;
  const TestFiles attributes{{".gitattributes", "CHANGES merge=union\n"}};
  CHECK_EQ(merged(fixture, "CHANGES", {}, kClash), "content");
  CHECK_EQ(merged(fixture, "CHANGES", attributes, kClash), "clean");
}

TEST(merge_attributes_text_conversion_changes_no_merge) {
  MergeFixture fixture;
  CHECK_EQ(merged(fixture, "f", {{".gitattributes", "* -text eol=crlf -diff\n"}}), "clean");
}

TEST(merge_attributes_of_ours_count) {
  MergeFixture fixture;
  const TestFiles base{{"f", kTen}, {"k", "1\n"}};
  const TestFiles with{{"f", kTheirs}, {"k", "1\n"}, {".gitattributes", "f -merge\n"}};
  fixture.expectFiles(fixture.merge(base, {{"f", kOurs}, {"k", "1\n"}}, with),
                      {{"f", kJoined}, {"k", "1\n"}, {".gitattributes", "f -merge\n"}});
  CHECK_EQ(fixture.conflict(base, with, {{"f", kOurs}, {"k", "1\n"}}).kind, "binary");
}

TEST(merge_attributes_of_a_configured_program_are_a_conflict) {
  MergeFixture fixture;
  const TestFiles attributes{{".gitattributes", "f merge=mine\n"}};
  CHECK_EQ(merged(fixture, "f", attributes), "clean");  // git too: a driver that nobody configured is the text driver
  fixture.repository.git("config merge.mine.driver true");
  fixture.session = fixture.repository.open();
  CHECK_EQ(merged(fixture, "f", attributes), "binary");
  fixture.repository.git("config merge.default binary");
  fixture.session = fixture.repository.open();
  CHECK_EQ(merged(fixture, "g", attributes), "binary");
}

TEST(merge_attributes_outside_the_tree) {
  MergeFixture fixture;
  fixture.repository.folder().write("repository/.git/info/attributes", "f -merge\n");
  CHECK_EQ(merged(fixture, "f", {{".gitattributes", "f merge\n"}}), "binary");
  fixture.repository.folder().write("repository/.git/info/attributes", "");
  fixture.repository.folder().write("global", "f -merge\n");
  fixture.repository.git("config core.attributesFile " + quoted(fixture.repository.folder().file("global")));
  fixture.session = fixture.repository.open();
  CHECK_EQ(merged(fixture, "f", {}), "binary");
  CHECK_EQ(merged(fixture, "f", {{".gitattributes", "f merge\n"}}), "clean");
}

TEST(merge_attributes_set_the_marker_size) {
  MergeFixture fixture;
  fixture.content = true;
  const TestFile attributes("f conflict-marker-size=10\n");
  const Conflict conflict = fixture.conflict({{".gitattributes", attributes}, {"f", "1\n"}}, {{".gitattributes", attributes}, {"f", "2\n"}},
                                             {{".gitattributes", attributes}, {"f", "3\n"}});
  CHECK_EQ(conflict.content.value(), "<<<<<<<<<< target\n2\n==========\n3\n>>>>>>>>>> effect\n");
}
