// How the files that an index names differ from a tree: what was staged, by a task's own git or by hand.
#pragma once

#include <vector>

#include "cancel.h"
#include "index_file.h"
#include "tree.h"

namespace coppice {

// The edits that turn the tree into the tree of the index's merged entries (stage 0, not intent-to-add), sorted by
// path. Where the TREE extension says that a directory equals its tree, it is believed, as `git write-tree` does.
std::vector<TreeEdit> indexDifference(Handle& handle, const Oid& treeOid, const IndexFile& index, const Cancel& cancel);

}  // namespace coppice
