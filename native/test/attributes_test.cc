// Attributes against the git CLI: which values a path has (generated rules), and what becomes of the bytes in both
// directions for every combination of attributes, configuration and content.
#include "git/attributes.h"

#include <filesystem>
#include <random>
#include <sstream>

#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;

namespace {

const std::vector<std::string> kNames = {"text", "crlf", "eol", "ident", "filter", "working-tree-encoding"};

// One pattern a set of attributes.
const std::vector<std::string> kAttributeSets = {
    "",
    "text",
    "-text",
    "text=auto",
    "text=input",
    "text=other",
    "eol=lf",
    "eol=crlf",
    "text eol=crlf",
    "text=auto eol=crlf",
    "text=auto eol=lf",
    "-text eol=crlf",
    "crlf",
    "-crlf",
    "crlf=input",
    "crlf=auto",
    "ident",
    "ident text eol=crlf",
    "binary",
    "!text eol=crlf",
    "text=auto ident eol=crlf",
    "filter=lfs -text",
    "working-tree-encoding=UTF-8 eol=crlf",
};

const std::vector<std::string> kContents = {
    "",
    "no line end",
    "one\ntwo\n",
    "one\r\ntwo\r\n",
    "mixed\r\nlines\n",
    "lone\rcr\n",
    "cr at end\r",
    std::string("nul\0\r\nnul\n", 10),
    "end of file\r\n\032",
    "end of file\n\032",
    "\x01\x02\x03\x04\n",
    "tabs\tand\033escape\n",
    std::string(200, 'x') + "\x01\n",
    "$Id$\n",
    "$Id: old $\r\n",
    "$Id: from another system $\n",
    "$Id: broken\n$ $Id$ and $Id$",
    "$Id:$",
    "$Id:x$",
    "$Id: 12 34$\n$Id",
    "$x$Id$$",
    "$Id",
    "$Idx$",
    "$Id: no end",
    "\r\n",
    "\n",
    "\r",
    "caf\xc3\xa9\n",
};

std::string pathOf(size_t set, size_t content) {
  return "s" + std::to_string(set) + "/c" + std::to_string(content);
}

// A value as `git check-attr` prints it.
std::string printedValue(const AttributeValue& value) {
  switch (value.kind) {
    case AttributeValue::Kind::kTrue:
      return "set";
    case AttributeValue::Kind::kFalse:
      return "unset";
    case AttributeValue::Kind::kText:
      return value.text;
    default:
      return "unspecified";
  }
}

class Matrix {
 public:
  Matrix() {
    for (size_t set = 0; set < kAttributeSets.size(); set++) {
      for (size_t content = 0; content < kContents.size(); content++)
        repository.write(pathOf(set, content), kContents[content]);
    }
    repository.git("-c core.autocrlf=false add -A");
    std::string rules;
    for (size_t set = 0; set < kAttributeSets.size(); set++)
      rules += "s" + std::to_string(set) + "/* " + kAttributeSets[set] + "\n";
    repository.write(".gitattributes", rules);
    repository.git("add .gitattributes");
    repository.git("commit -q -m matrix");
    session = repository.open();
  }

  // Runs `body` under each configuration of line ends.
  void eachConfiguration(const std::function<void(const std::string&)>& body) {
    for (const std::string autoCrlf : {"false", "true", "input"}) {
      for (const std::string eol : {"lf", "crlf"}) {
        if (autoCrlf == "input" && eol == "crlf") continue;  // git refuses it
        repository.git("config core.autocrlf " + autoCrlf);
        repository.git("config core.eol " + eol);
        repository.git("read-tree HEAD");
        body(autoCrlf + " " + eol);
      }
    }
  }

  std::string gitDirectory() const { return repository.path() + "/.git"; }

  SessionRepository repository;
  std::shared_ptr<Session> session;
};

}  // namespace

TEST(attributes_convert_to_the_worktree_as_git_does) {
  Matrix matrix;
  const Cancel cancel;
  const HandleLease handle = matrix.session->handle();
  const std::vector<TreeFile> files = listTree(*handle, matrix.repository.oid("HEAD^{tree}"), cancel);
  matrix.eachConfiguration([&](const std::string& configuration) {
    CHECK_EQ(runCommand(matrix.repository.path(), "rm -rf s*").code, 0);
    matrix.repository.git("checkout -q -f -- .");
    const Attributes attributes = Attributes::ofTree(*matrix.session, matrix.gitDirectory(), files);
    CHECK(attributes.any());
    for (const TreeFile& file : files) {
      const std::string blob = *handle->read(file.oid).data;
      const Attributes::Converted converted = attributes.toWorktree(file.path, file.oid, blob);
      CHECK(converted.unsupported == nullptr);
      if (converted.bytes.value_or(blob) != matrix.repository.read(file.path))
        throw std::runtime_error(configuration + ": git writes " + file.path + " otherwise");
      if (attributes.of(file.path).keepsBlob()) CHECK(!converted.bytes);
    }
  });
}

TEST(attributes_convert_to_objects_as_git_does) {
  Matrix matrix;
  const Cancel cancel;
  const HandleLease handle = matrix.session->handle();
  std::mt19937 random(3);
  matrix.eachConfiguration([&](const std::string& configuration) {
    std::map<std::string, std::string> written;
    for (size_t set = 0; set < kAttributeSets.size(); set++) {
      for (size_t content = 0; content < kContents.size(); content++) {
        const std::string path = pathOf(set, content);
        written[path] = kContents[random() % kContents.size()] + (random() % 2 ? "more\r\n" : "x\n");
        matrix.repository.write(path, written[path]);
      }
    }
    const IndexFile index = IndexFile::read(matrix.gitDirectory() + "/index").value();
    const RootDirectory root(matrix.repository.path());
    const Attributes attributes = Attributes::ofWorktree(*matrix.session, matrix.gitDirectory(), root, index, {});
    matrix.repository.git("-c core.safecrlf=false add -A");
    const IndexFile after = IndexFile::read(matrix.gitDirectory() + "/index").value();
    for (const auto& [path, bytes] : written) {
      const auto indexed = [&] { return handle->read(index.find(path)->oid).data; };
      const Attributes::Converted converted = attributes.toObject(path, bytes, indexed);
      CHECK(converted.unsupported == nullptr);
      if (hashObject(GIT_OBJECT_BLOB, converted.bytes.value_or(bytes)) != after.find(path)->oid)
        throw std::runtime_error(configuration + ": git stores " + path + " otherwise");
    }
  });
}

TEST(attributes_that_need_another_program_are_named) {
  const SessionRepository repository;
  repository.write(".gitattributes",
                   "a filter=both\nb filter=clean\nc filter=needed\nd filter=empty\ne filter=process\nf "
                   "working-tree-encoding=UTF-16\n"
                   "g filter=unknown\nh filter\n");
  for (const std::string variable : {"both.clean cat", "both.smudge cat", "clean.clean cat", "needed.required true",
                                     "empty.smudge ''", "process.process cat"})
    repository.git("config filter." + variable);
  const std::shared_ptr<Session> session = repository.open();
  repository.commit("rules");
  const RootDirectory root(repository.path());
  const std::string gitDirectory = repository.path() + "/.git";
  const IndexFile index = IndexFile::read(gitDirectory + "/index").value();
  const Attributes attributes = Attributes::ofWorktree(*session, gitDirectory, root, index, {});
  const auto none = [] { return nullptr; };
  const auto reasons = [&](const std::string& path) {
    const char* out = attributes.toWorktree(path, kEmptyTreeOid, "x").unsupported;
    const char* in = attributes.toObject(path, "x", none).unsupported;
    return std::string(out ? out : "-") + " " + (in ? in : "-");
  };
  CHECK_EQ(reasons("a"), "filter filter");
  CHECK_EQ(reasons("b"), "- filter");
  CHECK_EQ(reasons("c"), "filter filter");
  CHECK_EQ(reasons("d"), "- -");
  CHECK_EQ(reasons("e"), "filter filter");
  CHECK_EQ(reasons("f"), "encoding encoding");
  CHECK_EQ(reasons("g"), "- -");
  CHECK_EQ(reasons("h"), "- -");
}

TEST(attributes_cost_nothing_where_there_are_none) {
  const SessionRepository repository;
  repository.write("a", "a\n");
  repository.write(".gitattributes", "# nothing that changes bytes\n*.c diff=cpp linguist-generated\n");
  repository.commit("first");
  const std::shared_ptr<Session> session = repository.open();
  const Cancel cancel;
  const HandleLease handle = session->handle();
  const auto any = [&] {
    return Attributes::ofTree(*session, repository.path() + "/.git",
                              listTree(*handle, repository.oid("HEAD^{tree}"), cancel))
        .any();
  };
  CHECK(!any());
  repository.write(".git/info/attributes", "*.c text\n");
  CHECK(any());
  repository.write(".git/info/attributes", "");
  CHECK(!any());
  repository.folder().write("rules", "*.c text\n");
  repository.git("config core.attributesFile " + quoted(repository.folder().file("rules")));
  CHECK(any());
  repository.git("config --unset core.attributesFile");
  repository.git("config core.autocrlf input");
  CHECK(any());
}

TEST(attributes_of_a_worktree_read_new_files_and_stand_in_for_missing_ones) {
  const SessionRepository repository;
  repository.write("gone/.gitattributes", "* text\n");
  repository.write("linked/.gitattributes", "* text\n");
  repository.write("gone/a", "a\n");
  repository.commit("first");
  namespace fs = std::filesystem;
  fs::remove(repository.path() + "/gone/.gitattributes");
  fs::remove(repository.path() + "/linked/.gitattributes");
  repository.folder().write("outside", "* -text\n");
  fs::create_symlink(repository.folder().file("outside"), repository.path() + "/linked/.gitattributes");
  repository.write("new/.gitattributes", "* text\n");
  const std::shared_ptr<Session> session = repository.open();
  const RootDirectory root(repository.path());
  const IndexFile index = IndexFile::read(repository.path() + "/.git/index").value();
  const auto text = [&](const std::vector<std::string>& newRuleFiles, const std::string& path) {
    return Attributes::ofWorktree(*session, repository.path() + "/.git", root, index, newRuleFiles).of(path).lineEnds ==
           Conversion::LineEnds::kLf;
  };
  CHECK(text({}, "gone/a"));
  CHECK(text({}, "linked/a"));
  CHECK(!text({}, "new/a"));
  CHECK(text({"new/.gitattributes"}, "new/a"));
}

TEST(attribute_rules_agree_with_git_on_generated_rules) {
  const GitRepository repository;
  std::mt19937 random(11);
  const auto pick = [&](const std::vector<std::string>& list) { return list[random() % list.size()]; };
  const std::vector<std::string> patterns = {"*",
                                             "*.c",
                                             "a",
                                             "/a",
                                             "a/",
                                             "a/b",
                                             "a/*",
                                             "**/c",
                                             "a/**",
                                             "a/**/c",
                                             "*.[ch]",
                                             "?",
                                             "b?",
                                             "*b*",
                                             "\"quoted \\tname\"",
                                             "\"a\\142c\"",
                                             "\"bad",
                                             "!a",
                                             "#x",
                                             "\\#x",
                                             "A",
                                             "a\\*",
                                             "[a",
                                             "d/c.h",
                                             "a b",
                                             ".*",
                                             "x.c",
                                             "[[:alpha:]].c",
                                             "*/*",
                                             "**",
                                             "a**c",
                                             "/*/c",
                                             "a/b**/c",
                                             "a/**c",
                                             "b**",
                                             "a/b/d**/*.ts",
                                             "b.h",
                                             "\xc3\xa9"};
  const std::vector<std::string> assignments = {"text",
                                                "-text",
                                                "!text",
                                                "text=auto",
                                                "eol=lf",
                                                "-eol",
                                                "ident",
                                                "-ident",
                                                "!ident",
                                                "filter=x=y",
                                                "filter=",
                                                "filter",
                                                "binary",
                                                "-binary",
                                                "!binary",
                                                "mine",
                                                "-mine",
                                                "other",
                                                "-diff",
                                                "crlf",
                                                "bad!name",
                                                "--text",
                                                "working-tree-encoding=UTF-16",
                                                "text=",
                                                "outer"};
  const std::vector<std::string> paths = {
      "a",     "b",   "x.c",  "a.c",   "a/b",  "a/c",           "a/b/c",    "a/b/x.c",      "a/b/d/c.h",
      "d/c.h", "b.h", "bb",   "abc",   "A",    "A/B",           "#x",       "a*",           "c",
      "d/d/c", ".x",  "a/.x", "b/b.h", "abbc", "quoted \tname", "\xc3\xa9", "a/b/d/e/f/g.c"};
  std::string input;
  for (const std::string& path : paths)
    input += path + '\0';
  repository.write("../paths", input);
  for (int round = 0; round < 60; round++) {
    const bool ignoreCase = round % 4 == 3;
    repository.git(std::string("config core.ignorecase ") + (ignoreCase ? "true" : "false"));
    CHECK_EQ(runCommand(repository.path(), "rm -rf a d .gitattributes .git/info/attributes").code, 0);
    AttributeRules rules(kNames, ignoreCase);
    const auto file = [&](AttributeRules::Place place, const std::string& directory, const std::string& path) {
      if (random() % 4 == 0) return;
      std::string text = random() % 8 == 0 ? "\xef\xbb\xbf" : "";
      for (unsigned line = 0; line < random() % 8; line++) {
        const bool macro = random() % 5 == 0;
        text += macro ? "[attr]" + pick({"mine", "outer", "binary", "text"}) : pick(patterns);
        for (unsigned i = 0; i < 1 + random() % 3; i++)
          text += pick({" ", "  ", "\t"}) + pick(assignments);
        if (random() % 30 == 0) text += std::string(2100, ' ');
        text += pick({"\n", "\n", "\r\n"});
      }
      repository.write(path, text);
      rules.add(place, directory, text);
    };
    file(AttributeRules::Place::kDirectory, "", ".gitattributes");
    file(AttributeRules::Place::kDirectory, "a", "a/.gitattributes");
    file(AttributeRules::Place::kDirectory, "a/b", "a/b/.gitattributes");
    file(AttributeRules::Place::kDirectory, "d", "d/.gitattributes");
    file(AttributeRules::Place::kInfo, "", ".git/info/attributes");
    rules.finish();
    std::string names;
    for (const std::string& name : kNames)
      names += " " + name;
    const CommandResult result = repository.tryGit("check-attr -z --stdin" + names + " < ../paths 2>/dev/null");
    CHECK_EQ(result.code, 0);
    std::string ours;
    for (const std::string& path : paths) {
      const std::vector<AttributeValue> values = rules.valuesOf(path);
      for (size_t i = 0; i < kNames.size(); i++)
        ours += path + '\0' + kNames[i] + '\0' + printedValue(values[i]) + '\0';
    }
    if (result.output != ours) throw std::runtime_error("round " + std::to_string(round) + ": git finds other values");
  }
}
