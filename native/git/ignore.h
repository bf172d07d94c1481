// Git's ignore rules for one worktree: the .gitignore files on the way to a path, then <common>/info/exclude, then
// core.excludesFile; the first of these lists that says anything decides. Files are read when a directory is first
// asked about, so a worktree without untracked files costs nothing. Why not libgit2's: docs/decisions/ignore-rules.md.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "ignore_rules.h"
#include "safe_path.h"
#include "worktree_settings.h"

namespace coppice {

// Safe to ask from several threads. Lives as long as one scan: later changes of the files are not seen.
class Ignore {
 public:
  // `readAbsent` answers for a .gitignore that cannot be read from disk (sparse checkout: git then takes the index's).
  using ReadAbsent = std::function<std::optional<std::string>(const std::string& path)>;
  Ignore(const RootDirectory& root, WorktreeSettings settings, ReadAbsent readAbsent);

  // `directory`: relative to the root, "" for the root itself. `name`: one component in it.
  bool isIgnored(const std::string& directory, std::string_view name, bool isDirectory);

 private:
  // What holds for everything in one directory.
  struct Scope {
    std::shared_ptr<const Scope> parent;
    size_t depth;                      // length of the directory's path with its final slash
    std::optional<IgnoreRules> rules;  // of its own .gitignore
    bool ignored;                      // the directory is ignored, so all in it is, and its .gitignore does not count
  };
  std::shared_ptr<const Scope> scopeOf(const std::string& directory);
  std::shared_ptr<const Scope> makeScope(const std::string& directory);
  bool decide(const Scope& scope, std::string_view path, bool isDirectory) const;
  std::optional<IgnoreRules> readDirectoryRules(const std::string& directory);

  const RootDirectory& root_;
  const WorktreeSettings settings_;
  const ReadAbsent readAbsent_;
  const std::optional<IgnoreRules> infoExclude_;
  const std::optional<IgnoreRules> excludesFile_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const Scope>> scopes_;
};

}  // namespace coppice
