// What git's attributes (text, eol, crlf, ident, filter, working-tree-encoding) and core.autocrlf do to the content of
// a file between its blob and the worktree. Line ends and $Id$ are converted here exactly as git does; a configured
// external filter or an encoding is never run but named, so that nobody gets silently wrong bytes. libgit2's filters
// are not used: they read the attributes of the worktree that the handle was opened on, look at that one's index, and
// replace only the first $Id$ of a file.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "attribute_rules.h"
#include "cancel.h"
#include "conversion.h"
#include "index_file.h"
#include "safe_path.h"
#include "session.h"
#include "tree.h"

namespace coppice {

// The configuration that decides besides the attributes.
struct ConversionSettings {
  enum class AutoCrlf { kOff, kOn, kInput };
  AutoCrlf autoCrlf = AutoCrlf::kOff;
  bool nativeCrlf = false;  // core.eol is crlf
  bool ignoreCase = false;
  std::vector<std::string> ruleFiles;  // outside the worktree: the system's, core.attributesFile; the lowest first
  struct Filter {
    bool clean = false, smudge = false;  // a command is configured for this direction
    bool required = false;
  };
  std::unordered_map<std::string, Filter> filters;

  // `gitDirectory`: the worktree's admin directory, or the repository's own.
  static ConversionSettings read(const std::string& gitDirectory);
};

// Immutable once made, so threads may share one.
class Attributes {
 public:
  // For checkout: the .gitattributes files of the tree that is written.
  static Attributes ofTree(Session& session, const std::string& gitDirectory, const std::vector<TreeFile>& files);

  // For checkin: the worktree's own .gitattributes files; where one that the index names is missing, the index's.
  // `newRuleFiles`: paths of .gitattributes files that the index does not name.
  static Attributes ofWorktree(Session& session, const std::string& gitDirectory, const RootDirectory& root,
                               const IndexFile& index, const std::vector<std::string>& newRuleFiles);

  static bool isRuleFile(std::string_view path) { return RootDirectory::baseName(path) == ".gitattributes"; }

  // False: no file is converted, and nothing need be asked.
  bool any() const { return any_; }

  // What is done to a path.
  Conversion of(const std::string& path) const;

  struct Converted {
    std::optional<std::string> bytes;   // nullopt: the bytes are right as they are
    const char* unsupported = nullptr;  // "filter" or "encoding": these bytes cannot be made here
  };
  // `blobOid`: the blob's name, for $Id$.
  Converted toWorktree(const std::string& path, const Oid& blobOid, std::string_view bytes) const;
  // `indexed`: the content that the index holds for the path, nullptr when none; asked only for text=auto.
  using Indexed = std::function<std::shared_ptr<const std::string>()>;
  Converted toObject(const std::string& path, std::string_view bytes, const Indexed& indexed) const;

 private:
  Attributes(Session& session, const std::string& gitDirectory);
  void finish();

  ConversionSettings settings_;
  AttributeRules rules_;
  bool any_ = false;
};

}  // namespace coppice
