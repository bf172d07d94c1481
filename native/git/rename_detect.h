// Which deleted files of one side are the same files as which added ones. In git's order: same content, then same
// (unique) base name and at least 75 % alike, then the best pairs that are at least 50 % alike.
#pragma once

#include <string>
#include <vector>

#include "merge_input.h"

namespace coppice {

struct RenameCandidate {
  std::string path;
  MergeEntry entry;
  bool relevant = true;  // a source only: whether following it can change the merge (git looks at no other's content)
};

struct Rename {
  size_t source;  // positions in the two lists
  size_t target;
};

// Both lists sorted by path. Beyond 7,000 x 7,000 pairs only same content and base names count, as for git's merge.
std::vector<Rename> detectRenames(MergeInput& input, const std::vector<RenameCandidate>& sources,
                                  const std::vector<RenameCandidate>& targets);

}  // namespace coppice
