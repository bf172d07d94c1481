// Moves what one side did to a file to the path that the other side renamed it to, before paths are merged one by one.
#pragma once

#include <vector>

#include "changed_paths.h"

namespace coppice {

// Changes `changed` in place. Conflicts that belong to two paths at once (a file renamed to two names) are appended to
// `conflicts`; all others show when the paths are merged.
void followRenames(MergeInput& input, ChangedPaths& changed, std::vector<Conflict>& conflicts);

}  // namespace coppice
