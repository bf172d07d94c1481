// One merge of three trees, fast path or slow, checked against its manifest: what every operation that merges goes through.
#pragma once

#include "merge_input.h"
#include "session.h"
#include "types.h"

namespace coppice {

// Writes the merged tree into the store when there is no conflict, or when content is asked for.
MergeReply mergeTrees(Session& session, MergeInput& input);

}  // namespace coppice
