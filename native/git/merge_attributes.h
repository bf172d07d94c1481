// Which merge driver a path has, read from ours: what `git merge` would find with ours checked out and clean. In git's
// order: info/attributes, .gitattributes of the path's directories, core.attributesFile, the system's file.
// Not read: the working tree's own .gitattributes (the same trees must merge the same way whatever is checked out).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "session.h"

namespace coppice {

struct MergeDriver {
  enum class Kind {
    kText,
    kUnion,
    kBinary,   // never merged: `-merge`, or the macro `binary`
    kCommand,  // merge.<name>.driver is configured: a program, which is not run
  };
  Kind kind = Kind::kText;
  int markerSize = 0;  // 0: git's default
};

class MergeAttributes {
 public:
  MergeAttributes(Handle& handle, const Oid& oursTreeOid);
  ~MergeAttributes();

  MergeDriver driverFor(std::string_view path);

 private:
  struct Assignment {
    std::string name;
    enum class State { kSet, kUnset, kUnspecified, kValue } state;
    std::string value;
  };
  struct Rule {
    std::string pattern;
    bool wholePath = false;  // the pattern has a '/': matched against the path below the file's directory
    std::vector<Assignment> assignments;
  };
  struct File {
    std::string directory;  // "" or "a/b/": only paths below it are looked at
    std::vector<Rule> rules;
    std::vector<Rule> macros;
  };
  using Decided = std::unordered_map<std::string, Assignment>;

  static std::shared_ptr<const File> parse(std::string_view text, std::string directory, bool macros);
  std::shared_ptr<const File> fileInTree(const std::string& directory);
  void readOutside();
  void apply(const std::vector<Assignment>& assignments, const std::vector<const File*>& files, Decided& decided) const;
  MergeDriver driverOf(const Decided& decided) const;

  Handle& handle_;
  Oid treeOid_;
  bool ignoreCase_;
  bool outsideRead_ = false;
  std::shared_ptr<const File> info_;
  std::vector<std::shared_ptr<const File>> global_;  // highest precedence first
  std::shared_ptr<const File> builtin_;
  std::optional<std::string> defaultDriver_;
  std::unordered_map<std::string, std::shared_ptr<const File>> inTree_;
};

}  // namespace coppice
