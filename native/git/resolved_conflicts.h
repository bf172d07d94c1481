// What a caller has decided about the conflicts of a merge, applied to its result.
//
// "ours" and "theirs" are two things, as for git: where both sides have a text, the lines that contradict each other are the
// chosen side's and all others are merged (`git merge -X`); that is decided while merging, by favorsOf. Everything else is
// decided by path: each path that the conflict is about becomes what the chosen side's tree has there (`git checkout --ours`).
#pragma once

#include <vector>

#include "rename_merge.h"
#include "types.h"

namespace coppice {

// Throws INVALID for a choice that there is not.
Favors favorsOf(const std::vector<Resolution>& resolutions);

// Takes the conflicts that the resolutions decide out of the draft, and changes files and decisions accordingly. A conflict
// stays when it is not decided, when a union cannot be made, and when two decisions contradict each other about one path.
// Throws UNSAFE_PATH for an entry that may not be written, INVALID for one that is none.
void resolveConflicts(MergeInput& input, RenameMerge& merge, const std::vector<Resolution>& resolutions);

}  // namespace coppice
