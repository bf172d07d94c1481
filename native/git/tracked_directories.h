// The index's entries by directory: what a walk over directories needs to know about each of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "excluded_paths.h"
#include "index_file.h"

namespace coppice {

struct TrackedDirectory {
  std::string path;                              // "" for the root
  std::vector<uint32_t> files;                   // positions of the entries directly in it
  std::vector<std::string_view> subdirectories;  // names of directories with entries below; they point into the index
};

// The root is always first. Excluded directories and files do not appear, the directories above them do.
std::vector<TrackedDirectory> trackedDirectories(const IndexFile& index, const ExcludedPaths& excluded);

}  // namespace coppice
