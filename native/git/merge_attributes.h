// Which merge driver a path has, read from ours: what `git merge` would find with ours checked out and clean.
// Not read: the working tree's own .gitattributes (the same trees must merge the same way whatever is checked out).
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "attribute_rules.h"
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
  int markerSize = 7;
};

// Belongs to one merge. Reads nothing before the first question: most merges never ask.
class MergeAttributes {
 public:
  MergeAttributes(Handle& handle, const Oid& oursTreeOid) : handle_(handle), treeOid_(oursTreeOid) {}

  MergeDriver driverFor(const std::string& path);

 private:
  struct Outside {
    std::vector<std::string> machineRules;  // texts, the lowest precedence first
    std::optional<std::string> infoRules;
    std::optional<std::string> defaultDriver;
    bool ignoreCase = false;
  };
  const Outside& outside();
  const AttributeRules& rulesFor(const std::string& directory);
  MergeDriver::Kind kindOf(const AttributeValue& merge);

  Handle& handle_;
  Oid treeOid_;
  std::optional<Outside> outside_;
  std::unordered_map<std::string, AttributeRules> byDirectory_;
};

}  // namespace coppice
