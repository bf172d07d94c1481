// Locks of refs that dead processes of ours left behind. One on packed-refs or on the user's branch would stop every git command
// that needs it, so they go with the next recovery, not only when we need the same lock ourselves.
// The lock of an index stays: after a landing that died halfway it is what keeps the user from committing half a landing, and
// rolling forward takes it over.
#pragma once

#include <string>
#include <vector>

#include "cancel.h"

namespace coppice {

// Throw SYSTEM where they may not look.
std::vector<std::string> deadRefLocks(const std::string& commonDirectory, const Cancel& cancel);
// A repository that cannot be written is left as it is.
void removeDeadRefLocks(const std::string& commonDirectory, const Cancel& cancel);

// Those of the indexes of all worktrees.
std::vector<std::string> deadIndexLocks(const std::string& commonDirectory, const Cancel& cancel);
// Only under the landing lock, when no dead landing is left to be finished.
void removeDeadIndexLocks(const std::string& commonDirectory, const Cancel& cancel);

}  // namespace coppice
