// The slow path: the few paths that are not identical in all three trees, with renames followed as git follows them.
#pragma once

#include <string>
#include <vector>

#include "merge_input.h"

namespace coppice {

struct MergedFile {
  std::string path;
  MergeEntry entry;  // mode 0: gone
};

struct RenameMerge {
  MergeDraft draft;
  std::vector<MergedFile> files;  // what is other than in ours
};

RenameMerge renameMerge(MergeInput& input);

// Grafts the files onto ours; the merged tree's oid.
Oid writeRenamed(MergeInput& input, const RenameMerge& merged);

}  // namespace coppice
