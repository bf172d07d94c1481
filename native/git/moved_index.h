// The index of another tree, from the bytes of one that a reset wrote: entries that stay are copied and not even parsed, so
// moving a worktree costs its index a copy and a checksum. What git or anybody else wrote is for splicedIndex and
// serializeIndex.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cancel.h"
#include "index_splice.h"
#include "oid.h"
#include "session.h"

namespace coppice {

// `bytes`: an index of version 2 that names exactly the files of `oldTreeOid`. `edits`: each path once, sorted; with them it
// names those of `newTreeOid`. The checksum of the bytes is not looked at: whoever asks knows that nobody else wrote them.
// nullopt: they are of another form, or of another tree.
std::optional<std::string> movedIndex(Handle& handle, std::string_view bytes, const Oid& oldTreeOid,
                                      const Oid& newTreeOid, const std::vector<IndexEdit>& edits, const Cancel& cancel);

}  // namespace coppice
