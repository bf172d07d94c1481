// What a scan must look at when only some paths of a worktree are suspect: those names in the directories that hold them,
// and everything below those that are directories. A suspect below a directory that is not tracked stands for that
// whole directory, so that the scan decides about it as it would on its way from the root.
#pragma once

#include <string>
#include <vector>

#include "index_file.h"
#include "safe_path.h"
#include "session.h"
#include "suspects.h"
#include "tracked_directories.h"

namespace coppice {

struct SuspectView {
  IndexFile index;                            // of a tree: the entries at and below the suspects, without stat data
  std::vector<TrackedDirectory> directories;  // they point into the index
};

// `exclude`: as a scan's.
SuspectView viewOfTree(Handle& handle, const Oid& treeOid, const RootDirectory& root, const Suspects& suspects,
                       const std::vector<std::string>& exclude, const Cancel& cancel);

// Of a whole index. The directories point into it.
std::vector<TrackedDirectory> viewOfIndex(const IndexFile& index, const RootDirectory& root, const Suspects& suspects,
                                          const std::vector<std::string>& exclude);

}  // namespace coppice
