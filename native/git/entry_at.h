// What stands at one path of a tree.
#pragma once

#include <string_view>

#include "merge_input.h"

namespace coppice {

// Mode 0 when there is nothing. A directory has kModeTree.
MergeEntry entryAt(Handle& handle, const Oid& treeOid, std::string_view path);

}  // namespace coppice
