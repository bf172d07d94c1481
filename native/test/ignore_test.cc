// Ignore rules against the git CLI: fixed cases of what is easily got wrong, then generated rule sets over a small
// tree. The model of the generated ones: names from a small alphabet so that patterns meet them; per-directory lists,
// info/exclude and core.excludesFile; every kind of wildcard, negation, anchoring, directory-only, escapes, comments,
// blanks, CR, BOM.
#include "git/ignore.h"

#include <algorithm>
#include <random>
#include <set>

#include "git/scan.h"
#include "git/wildmatch.h"
#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;

namespace {

const Cancel kNever;

std::vector<std::string> splitAtNul(const std::string& text) {
  std::vector<std::string> parts;
  for (size_t at = 0, end; (end = text.find('\0', at)) != std::string::npos; at = end + 1)
    parts.push_back(text.substr(at, end - at));
  return parts;
}

// Untracked files that are not ignored, as git and as the scan see them.
std::set<std::string> untrackedByGit(const SessionRepository& repository) {
  const auto list = splitAtNul(repository.git("ls-files -z --others --exclude-standard 2>/dev/null"));
  return {list.begin(), list.end()};
}

ScanResult scanAll(const SessionRepository& repository) {
  const auto session = repository.open();
  const auto index = IndexFile::read(repository.path() + "/.git/index");
  const IndexFile none;
  ScanRequest request;
  request.root = repository.path();
  request.index = index ? &*index : &none;
  request.listIgnored = true;
  return said([&] { return scan(*session, request, kNever); });
}

std::set<std::string> untrackedByScan(const SessionRepository& repository) {
  std::set<std::string> paths;
  for (const auto& untracked : scanAll(repository).untracked)
    if (!untracked.ignored) paths.insert(untracked.path);
  return paths;
}

std::string listed(const std::set<std::string>& paths) {
  std::string text;
  for (const std::string& path : paths)
    text += path + "\n";
  return text;
}

void checkSame(const SessionRepository& repository) {
  CHECK_EQ(listed(untrackedByScan(repository)), listed(untrackedByGit(repository)));
}

class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  size_t below(size_t bound) { return random_() % bound; }
  const char* oneOf(const std::vector<const char*>& list) { return list[below(list.size())]; }

  std::string name() {
    return oneOf(
        {"a", "b", "c", "ab", "abc", "a.o", "b.o", "A", "ba", "x y", "a]", "-", "\\a", "aab", "a b ", "!a", "#a"});
  }
  std::string path() {
    std::string path = name();
    for (size_t depth = below(4); depth > 0; depth--)
      path += "/" + name();
    return path;
  }
  std::string component() {
    std::string part;
    for (size_t pieces = 1 + below(3); pieces > 0; pieces--)
      part += oneOf({"a",     "b",    "c",     "ab",     ".o",           "*",    "?",          "**", "[ab]",
                     "[!a]",  "[^b]", "[a-c]", "[]a]",   "[[:alpha:]]",  "[a-",  "\\a",        "\\", "A",
                     "[A-B]", "***",  "\\*",   "[\\]a]", "[[:upper:]x]", "[a/]", "[[:nope:]]", "x y"});
    return part;
  }
  std::string pattern() {
    std::string text = below(4) == 0 ? "!" : "";
    if (below(4) == 0) text += "/";
    text += below(3) == 0 ? path() : component();
    for (size_t depth = below(3); depth > 0; depth--)
      text += "/" + (below(3) == 0 ? std::string("**") : component());
    if (below(4) == 0) text += "/";
    return text;
  }
  std::string rules() {
    std::string text = below(20) == 0 ? "\xef\xbb\xbf" : "";
    for (size_t lines = 1 + below(5); lines > 0; lines--) {
      text += below(12) == 0
                  ? oneOf({"", "#a", "!", "/", "\\#a", "\\!a", "   ", "a  ", "a\\ ", "a\\  ", "//", "**", "!/"})
                  : pattern();
      if (below(15) == 0) text += "  ";
      if (below(15) == 0) text += "\r";
      if (lines > 1 || below(4) != 0) text += "\n";
    }
    return text;
  }

 private:
  std::mt19937 random_;
};

// One repository for all rounds: the tree is rebuilt, git's start-up is the cost.
void compareGenerated(uint32_t seed, bool ignoreCase) {
  Generator generate(seed);
  const SessionRepository repository;
  repository.git(std::string("config core.ignoreCase ") + (ignoreCase ? "true" : "false"));
  const auto occupied = [&](const std::string& path) {
    for (size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
      if (std::filesystem::is_regular_file(repository.path() + "/" + path.substr(0, slash))) return true;
    return std::filesystem::exists(repository.path() + "/" + path);
  };
  std::string forced;  // these are in the index although a rule may ignore them or their directory
  for (int i = 0; i < 25; i++) {
    const std::string path = generate.path();
    if (occupied(path)) continue;
    repository.write(path, "");
    // (Not when case is ignored: git then also takes the untracked A/b for the tracked a/b.)
    if (generate.below(6) == 0 && !ignoreCase) forced += " " + quoted(":(literal)" + path);
  }
  if (!forced.empty()) repository.git("add -f --" + forced);
  for (const char* list : {".gitignore", "a/.gitignore", "ab/b/.gitignore"})
    if (list[0] == '.' || (generate.below(2) && !occupied(list))) repository.write(list, generate.rules());
  if (generate.below(2)) repository.write(".git/info/exclude", generate.rules());
  if (generate.below(2)) {
    repository.write(".git/more-rules", generate.rules());
    repository.git("config core.excludesFile .git/more-rules");
  }
  try {
    checkSame(repository);
  } catch (const CheckFailed& failure) {
    std::string rules;
    for (const char* list : {".gitignore", "a/.gitignore", "ab/b/.gitignore", ".git/info/exclude", ".git/more-rules"})
      if (std::filesystem::exists(repository.path() + "/" + list))
        rules += std::string(list) + ":\n" + repository.read(list) + "\n";
    throw CheckFailed("seed " + std::to_string(seed) + " " + failure.what() + "\n" + rules);
  }
}

int rounds() {
  const char* wanted = getenv("COPPICE_TEST_ROUNDS");
  return wanted != nullptr ? std::stoi(wanted) : 150;
}

}  // namespace

TEST(wildmatch_follows_git) {
  const auto matches = [](const char* pattern, const char* text) { return wildmatch(pattern, text, false); };
  CHECK(matches("", "") && !matches("", "a") && matches("*", "") && matches("**", ""));
  CHECK(matches("*", "foo") && !matches("*", "a/b") && matches("**", "a/b") && matches("f*o", "foo/o") == false);
  CHECK(matches("**/b", "b") && matches("**/b", "a/c/b") && !matches("**/b", "ab"));
  CHECK(matches("a/**/b", "a/b") && matches("a/**/b", "a/x/y/b") && !matches("a/**/b", "ab"));
  CHECK(matches("a/**", "a/b/c") && !matches("a/**", "a"));
  CHECK(matches("a**b", "axb") && !matches("a**b", "a/b"));
  CHECK(matches("**/a*b/**/c", "x/axb/c") && matches("**/a*b/**/c", "x/a/axb/y/z/c"));
  CHECK(matches("[]-]", "]") && matches("[!]-]", "a") && !matches("[!]-]", "-") && matches("[a-c-e]", "-"));
  CHECK(matches("[[:digit:][:upper:]]", "A") && !matches("[[:digit:]]", "a") && !matches("[[:nonsense:]]", "n"));
  CHECK(matches("\\*", "*") && !matches("\\*", "a") && !matches("a\\", "a\\") && !matches("[a", "a"));
  CHECK(!matches("a[/]b", "a/b") && !matches("a?b", "a/b") && !matches("a[!x]b", "a/b"));
  CHECK(wildmatch("FOO*", "foobar", true) && wildmatch("[A-C]", "b", true) && !wildmatch("[A]", "a", true));
}

TEST(wildmatch_needs_no_exponential_time) {
  // Each of these keeps a matcher that tries every split busy for longer than any test may run.
  std::string stars, deep;
  for (int i = 0; i < 60; i++)
    stars += "a*", deep += "**/a*/";
  CHECK(!wildmatch(stars + "b", std::string(200, 'a'), false));
  std::string path;
  for (int i = 0; i < 200; i++)
    path += "a/";
  CHECK(!wildmatch(deep + "b", path + "c", false));
}

TEST(ignore_fixed_cases_follow_git) {
  const SessionRepository repository;
  for (const char* path :
       {"build/out.o", "build/keep/a", "src/build/out", "src/a.o", "src/b.c", "log", "logs/log", "docs/x/y/z.md",
        "docs/z.md", "foobar", "fooa/b/bar", "notes.txt", "deep/a/b/c/d", "kept/a", "kept/b", "quoted ", "#hash"})
    repository.write(path, "x");
  repository.write(
      ".gitignore",
      "/build/\n*.o\n!src/a.o\nlog/\nlogs\ndocs/**/z.md\nfoo**/bar\nkept/*\n!kept/b\nquoted\\ \n\\#hash\n");
  repository.write("build/keep/.gitignore", "!a\n");
  repository.write("deep/.gitignore", "/a/b\n");
  repository.write("deep/a/b/.gitignore", "!c\n");
  checkSame(repository);
  CHECK_EQ(listed(untrackedByScan(repository)),
           ".gitignore\ndeep/.gitignore\nkept/b\nlog\nnotes.txt\nsrc/a.o\nsrc/b.c\nsrc/build/out\n");
}

TEST(ignore_takes_the_nearest_list_first) {
  const SessionRepository repository;
  repository.write("one", "x");
  repository.write("two", "x");
  repository.write("three", "x");
  repository.write("global", "*\n");
  repository.git("config core.excludesFile global");
  repository.write(".git/info/exclude", "!one\n!two\n");
  repository.write(".gitignore", "two\n");
  checkSame(repository);
  CHECK_EQ(listed(untrackedByScan(repository)), "one\n");
}

TEST(ignore_reads_the_default_excludes_file) {
  const SessionRepository repository;
  const TempDirectory home;
  repository.write("one", "x");
  repository.write("two", "x");
  home.write("git/ignore", "two\n");
  OwnedBuffer before;
  CHECK_EQ(git_libgit2_opts(GIT_OPT_GET_SEARCH_PATH, GIT_CONFIG_LEVEL_XDG, before.get()), 0);
  CHECK_EQ(git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, GIT_CONFIG_LEVEL_XDG, home.file("git").c_str()), 0);
  const std::string found = listed(untrackedByScan(repository));
  CHECK_EQ(git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, GIT_CONFIG_LEVEL_XDG, before.data()), 0);
  CHECK_EQ(found, "one\n");
}

TEST(ignore_does_not_read_a_linked_gitignore) {
  const SessionRepository repository;
  repository.write("rules", "one\n");
  repository.write("one", "x");
  CHECK_EQ(runCommand(repository.path(), "ln -s rules .gitignore").code, 0);
  checkSame(repository);
  CHECK_EQ(listed(untrackedByScan(repository)), ".gitignore\none\nrules\n");
}

TEST(ignore_reads_a_sparse_gitignore_from_the_index) {
  const SessionRepository repository;
  repository.write("sub/.gitignore", "one\n");
  repository.write("sub/kept", "x");
  repository.commit("base");
  repository.git("update-index --skip-worktree sub/.gitignore");
  CHECK_EQ(runCommand(repository.path(), "rm sub/.gitignore && : > sub/one && : > sub/two").code, 0);
  checkSame(repository);
  CHECK_EQ(listed(untrackedByScan(repository)), "sub/two\n");
}

TEST(ignore_lists_ignored_directories_without_entering_them) {
  const SessionRepository repository;
  repository.write(".gitignore", "node_modules/\n*.log\n");
  repository.write("node_modules/a/b", "x");
  repository.write("a.log", "x");
  repository.write("sub/node_modules/c", "x");
  std::set<std::string> ignored;
  for (const auto& untracked : scanAll(repository).untracked)
    if (untracked.ignored) ignored.insert(untracked.path);
  CHECK_EQ(listed(ignored), "a.log\nnode_modules/\nsub/node_modules/\n");
}

TEST(ignore_generated_rules_follow_git) {
  for (int round = 0; round < rounds(); round++)
    compareGenerated(static_cast<uint32_t>(round), false);
}

TEST(ignore_generated_rules_follow_git_when_case_is_ignored) {
  for (int round = 0; round < rounds() / 3; round++)
    compareGenerated(static_cast<uint32_t>(100000 + round), true);
}
