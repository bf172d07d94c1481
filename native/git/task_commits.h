// The commits that a task made itself in its worktree.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cancel.h"
#include "session.h"
#include "types.h"

namespace coppice {

// The commit that the HEAD of an admin directory names, itself or through a branch; nullopt: none (unborn, gone,
// damaged).
std::optional<Oid> readHead(Handle& handle, const std::string& gitDirectory);

// base..head, oldest first; of more than 1,000 the newest.
std::vector<TaskCommit> listTaskCommits(Handle& handle, const Oid& baseOid, const Oid& headOid, const Cancel& cancel);

}  // namespace coppice
