// The slow path: the few paths that are not identical in all three trees, with renames followed as git follows them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "merge_input.h"

namespace coppice {

struct MergedFile {
  std::string path;
  MergeEntry entry;  // mode 0: gone
};

// What belongs to the conflict at a path besides the paths that its record names.
struct ConflictExtent {
  std::vector<std::string> beside;   // new names of files that cannot stand there together
  std::vector<std::string> sources;  // where files came from that renames have brought there
};

struct RenameMerge {
  MergeDraft draft;
  std::vector<MergedFile> files;  // what is other than in ours
  std::map<std::string, ConflictExtent> extents;
};

RenameMerge renameMerge(MergeInput& input);

// Grafts the files onto ours; the merged tree's oid.
Oid writeRenamed(MergeInput& input, const RenameMerge& merged);

}  // namespace coppice
