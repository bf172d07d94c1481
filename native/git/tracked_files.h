// Which files a worktree tracks: its index, or a stand-in when a task left none that can be read.
#pragma once

#include <optional>
#include <string>

#include "cancel.h"
#include "index_file.h"
#include "session.h"

namespace coppice {

// `headOid`: the commit that the worktree's HEAD names. The stand-in (no index, a damaged one, a split or sparse one)
// lists the files of the base and of HEAD; its entries prove nothing, so every file that is there is read.
IndexFile trackedFiles(Session& session, const std::string& gitDirectory, const Oid& baseTreeOid,
                       const std::optional<Oid>& headOid, const Cancel& cancel);

}  // namespace coppice
