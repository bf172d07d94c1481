// Step 7 of landing: the files of the worktree, path by path, in an order in which nothing stands in another's way. Not
// cancellable once the first path has moved: half a landing is worse than a late abort.
#pragma once

#include <vector>

#include "index_file.h"
#include "landing_site.h"
#include "session.h"

namespace coppice {

// `index`: as it was before the landing. Sparse paths (skip-worktree, no file) are left to it alone.
UpdatePathsReply updatePaths(Session& session, const LandingSite& site, const IndexFile& index,
                             const std::vector<Change>& changes, const Cancel& cancel);

}  // namespace coppice
