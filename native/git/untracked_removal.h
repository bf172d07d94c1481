// Removing what a task left beside the tracked files, except what the caller keeps.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cancel.h"
#include "excluded_paths.h"
#include "safe_path.h"

namespace coppice {

class UntrackedRemoval {
 public:
  // `keep`: paths that stay with all below them; so do the directories that lead to them.
  UntrackedRemoval(const RootDirectory& root, const std::vector<std::string>& keep, const Cancel& cancel);

  // A file, link or whole directory. Missing is fine.
  void remove(const std::string& path);
  // The same, but a directory stays.
  void removeFile(const std::string& path);
  void removeIfEmpty(const std::string& directory);
  void empty(const std::string& directory);

  // Gives the owner all rights to a directory, or the right to read a file. False when that changes nothing.
  bool open(const std::string& path);

  bool keeps(const std::string& path) const { return kept_.cover(path); }

  uint32_t count() const { return count_; }

 private:
  bool leadsToKept(const std::string& path) const;
  void removeAround(const std::string& path);

  const RootDirectory& root_;
  const ExcludedPaths kept_;
  const std::vector<std::string> keep_;
  const Cancel& cancel_;
  uint32_t count_ = 0;
};

}  // namespace coppice
