// Paths of a merged tree that a case-insensitive filesystem cannot hold side by side.
#pragma once

#include <vector>

#include "merge_input.h"

namespace coppice {

// One conflict of kind "case" for each path new in `changes` (ours -> merged) that folds to another path of the merged
// tree, unless theirs already had both. Folds ASCII only, as git does for core.ignorecase.
std::vector<Conflict> caseConflicts(MergeInput& input, const Oid& mergedTreeOid, const std::vector<Change>& changes);

}  // namespace coppice
