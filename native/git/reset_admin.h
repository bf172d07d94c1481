// The admin directory's part of a reset (PROTOCOLS P4): afterwards it says what it said when the worktree was added,
// with HEAD at the new base. What a task's git left there (merges, rebases, bisects, worktree refs, sparse patterns,
// locks of the dead, configuration of its own, anything unknown) is gone. The index is not touched here.
#pragma once

#include <string>

#include "cancel.h"
#include "oid.h"
#include "safe_path.h"
#include "session.h"
#include "tracker.h"

namespace coppice {

// `marks`: what is known of an earlier call; nullptr: nothing. With the same head, what nobody has touched since stays.
void sweepAdminDirectory(Session& session, const std::string& adminDirectory, const Oid& headOid,
                         std::optional<AdminMarks>* marks, const Cancel& cancel);

// Gives the worktree its ".git" file back, whatever a task has put in its place.
void restoreGitFile(const RootDirectory& root, const std::string& adminDirectory, const Cancel& cancel);

}  // namespace coppice
