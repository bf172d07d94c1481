// The check after every merge that nothing was lost: each path that a side changed is in the merged tree what the merge
// said, and nothing else differs from ours. It reads the trees again and trusts no step of the merge but its decisions.
#pragma once

#include <vector>

#include "merge_input.h"

namespace coppice {

// `changes`: ours -> merged, from diffTrees. Throws CORRUPT naming the first path that is not what it must be.
// Costs the changes of theirs and of the merge, not the files, and not what landed on ours since the base.
void verifyManifest(MergeInput& input, const std::vector<Change>& changes, const std::vector<MergeDecision>& decisions);

}  // namespace coppice
