// The index's entries by directory: what a walk over directories needs to know about each of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "excluded_paths.h"
#include "index_file.h"

namespace coppice {

struct TrackedDirectory {
  std::string path;                              // "" for the root
  std::vector<uint32_t> files;                   // positions of the entries directly in it
  std::vector<std::string_view> subdirectories;  // names of directories with entries below; they point into the index
  std::optional<std::vector<std::string>> only;  // the only names in it that are looked at; nullopt: all
};

// The root is always first. Excluded directories and files do not appear, the directories above them do.
std::vector<TrackedDirectory> trackedDirectories(const IndexFile& index, const ExcludedPaths& excluded);

// The directory at `path` and those below it. The index has entries there.
std::vector<TrackedDirectory> trackedDirectoriesBelow(const IndexFile& index, const ExcludedPaths& excluded,
                                                      const std::string& path);

// The positions of the entries below a directory: from first up to second.
std::pair<size_t, size_t> entriesBelow(const IndexFile& index, const std::string& directory);

}  // namespace coppice
