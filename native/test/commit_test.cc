// Commits byte for byte as git writes them, and the ledger's trees of text files.
#include "git/commit.h"

#include <filesystem>

#include "git/operations.h"
#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;
namespace fs = std::filesystem;

namespace {

const Cancel kNever;
const Person kAda{"Ada Lovelace", "ada@example.org", 1700000000, -210};

CommitRequest request(const std::string& message, const std::string& name = "Ada Lovelace") {
  CommitRequest request{kEmptyTreeOid, {}, kAda, kAda, message};
  request.author.name = name;
  return request;
}

std::string bodyOf(const std::string& message) {
  const std::string bytes = commitBytes(request(message));
  return bytes.substr(bytes.find("\n\n") + 2);
}

std::string authorOf(const std::string& name) {
  const std::string bytes = commitBytes(request("m", name));
  const size_t start = bytes.find("author ") + 7;
  return bytes.substr(start, bytes.find(" <") - start);
}

}  // namespace

TEST(commit_equals_gits_commit_tree) {
  const SessionRepository repository;
  const Oid parent = repository.commit("first");
  const Oid tree = repository.oid("HEAD^{tree}");
  const auto session = repository.open();
  const Oid ours =
      said([&] { return commit(*session, {tree, {parent, parent}, kAda, kAda, "A subject\n\nA body \xc3\xa9\n"}, kNever).oid; });
  repository.folder().write("message", "A subject\n\nA body \xc3\xa9\n");
  std::string environment;
  for (const std::string role : {"GIT_AUTHOR_", "GIT_COMMITTER_"}) {
    environment += role + "NAME='Ada Lovelace' " + role + "EMAIL=ada@example.org " + role + "DATE='1700000000 -0330' ";
  }
  const CommandResult theirs = runCommand(repository.path(), environment + "git commit-tree " + toHex(tree) + " -p " +
                                                                 toHex(parent) + " -F " +
                                                                 quoted(repository.folder().file("message")));
  CHECK_EQ(toHex(ours) + "\n", theirs.output);
}

TEST(commit_identities_are_sanitised_as_git_does) {
  CHECK_EQ(authorOf(" .Ada <Love>\nlace, "), "Ada Lovelace");
  CHECK_EQ(authorOf("\"Ada\""), "Ada");
  CHECK_EQ(authorOf("Ada \xc3\x89. L"), "Ada \xc3\x89. L");
  CHECK_EQ(failureCode([] { authorOf(" <>., "); }), failure_code::kInvalid);
  CHECK_EQ(failureCode([] { authorOf(std::string("A\0da", 5)); }), failure_code::kInvalid);
  CommitRequest bad = request("m");
  bad.committer.timeSeconds = -1;
  CHECK_EQ(failureCode([&] { commitBytes(bad); }), failure_code::kInvalid);
  bad = request("m");
  bad.author.offsetMinutes = 6000;
  CHECK_EQ(failureCode([&] { commitBytes(bad); }), failure_code::kInvalid);
}

TEST(commit_messages_keep_what_they_say) {
  CHECK_EQ(bodyOf("subject"), "subject\n");
  CHECK_EQ(bodyOf("\n \n  indented\n\n# kept\ntext  \n\n\n"), "  indented\n\n# kept\ntext\n");
  CHECK_EQ(bodyOf(" \n\n"), "");
  CHECK_EQ(failureCode([] { bodyOf(std::string("a\0b", 3)); }), failure_code::kInvalid);
}

TEST(commit_needs_its_tree_and_parents) {
  const SessionRepository repository;
  const Oid first = repository.commit("first");
  const auto session = repository.open();
  const Oid missing = hashObject(GIT_OBJECT_BLOB, "missing");
  const auto code = [&](const Oid& tree, const std::vector<Oid>& parents) {
    return failureCode([&] { commit(*session, {tree, parents, kAda, kAda, "m"}, kNever); });
  };
  CHECK_EQ(code(missing, {}), failure_code::kNotFound);
  CHECK_EQ(code(kEmptyTreeOid, {missing}), failure_code::kNotFound);
  CHECK_EQ(code(first, {}), failure_code::kInvalid);
  CHECK_EQ(code(kEmptyTreeOid, {repository.oid("HEAD^{tree}")}), failure_code::kInvalid);
  CHECK_EQ(code(kEmptyTreeOid, {first}), "");
}

TEST(text_tree_is_written_read_and_listed) {
  const SessionRepository repository;
  const auto session = repository.open();
  const Oid one = said([&] {
    return editTextTree(*session, {std::nullopt, {{"ab/cd/e1", "{}"}, {"ab/x", "\xc3\xa9"}, {"top", ""}}}, kNever).oid;
  });
  const Oid two = editTextTree(*session, {one, {{"ab/x", std::nullopt}, {"ab/cd/e2", "2"}, {"gone", std::nullopt}}}, kNever).oid;
  const auto text = [&](const Oid& tree, const std::string& path, uint32_t maxBytes = 0) {
    return readText(*session, {tree, path, maxBytes}, kNever).text;
  };
  CHECK_EQ(*text(one, "ab/x"), "\xc3\xa9");
  CHECK_EQ(*text(one, "top"), "");
  CHECK(!text(two, "ab/x").has_value() && !text(two, "ab").has_value() && !text(two, "top/x").has_value());
  CHECK_EQ(failureCode([&] { text(one, "ab/x", 1); }), failure_code::kLimit);
  const auto list = [&](const std::string& prefix, uint32_t maxEntries = 0) {
    std::string paths;
    for (const std::string& path : listTreePaths(*session, {two, prefix, maxEntries}, kNever).paths) paths += path + ",";
    return paths;
  };
  CHECK_EQ(list(""), "ab/cd/e1,ab/cd/e2,top,");
  CHECK_EQ(list("ab/cd"), "ab/cd/e1,ab/cd/e2,");
  CHECK_EQ(list("ab/cd/"), list("ab/cd"));
  CHECK_EQ(list("", 2), "ab/cd/e1,ab/cd/e2,");
  CHECK_EQ(list("nothing"), "");
  CHECK_EQ(list("top"), "top,");
}

TEST(entries_of_a_tree_are_read_in_the_order_of_their_paths) {
  SessionRepository repository;
  repository.write("a/file.txt", "a\n");
  repository.write("run.sh", "run\n");
  fs::permissions(repository.path() + "/run.sh", fs::perms::owner_all);
  fs::create_symlink("nowhere", repository.path() + "/link");
  repository.git("add --all");
  repository.git("commit --quiet --message=more");
  const auto session = repository.open();
  const Oid head = repository.oid("HEAD");
  const auto read = [&](const std::vector<std::string>& paths) { return readEntries(*session, {head, paths}, kNever).entries; };
  const auto entries = read({"run.sh", "nothing", "a", "a/file.txt", "link", "a/file.txt/below", "", "run.sh"});
  CHECK_EQ(entries.size(), 8u);
  const std::vector<uint32_t> modes{kModeExecutable, 0, kModeTree, kModeFile, kModeSymlink, 0, kModeTree, kModeExecutable};
  for (size_t i = 0; i < modes.size(); i++) CHECK_EQ(entries[i].mode, modes[i]);
  CHECK(!entries[1].oid && !entries[5].oid);
  CHECK(*entries[0].oid == repository.oid("HEAD:run.sh") && *entries[2].oid == repository.oid("HEAD:a"));
  CHECK(*entries[3].oid == repository.oid("HEAD:a/file.txt") && *entries[4].oid == repository.oid("HEAD:link"));
  CHECK(read({}).empty());
}

TEST(text_tree_never_reads_bytes_that_are_no_text) {
  const SessionRepository repository;
  const auto session = repository.open();
  for (const char* bytes : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xe2\x82"}) {
    const Oid tree = editTextTree(*session, {std::nullopt, {{"f", bytes}}}, kNever).oid;
    CHECK_EQ(failureCode([&] { readText(*session, {tree, "f", 0}, kNever); }), failure_code::kInvalid);
  }
  const std::string good = "\xe2\x82\xac \xf0\x9f\x98\x80";
  const Oid tree = editTextTree(*session, {std::nullopt, {{"f", good}}}, kNever).oid;
  CHECK_EQ(*readText(*session, {tree, "f", 0}, kNever).text, good);
}
