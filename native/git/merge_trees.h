// One merge of three trees, fast path or slow, checked against its manifest: what every operation that merges goes through.
#pragma once

#include "merge_input.h"
#include "session.h"
#include "types.h"

namespace coppice {

// Writes the merged tree into the store when no conflict is left, or when the tree of conflicts is asked for. What the resolutions
// decide is no conflict; one that is not among them, or cannot be had, is.
MergeReply mergeTrees(Session& session, MergeInput& input, const std::vector<Resolution>& resolutions);

}  // namespace coppice
