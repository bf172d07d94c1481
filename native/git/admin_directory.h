// Git's admin directories of linked worktrees, <common>/worktrees/<name>: written whole before any git can see them,
// listed, locked and dropped. What is half made or half removed lies in <common>/coppice/worktrees, where no git looks:
// a sibling lists every folder in <common>/worktrees, and `git worktree prune` deletes those that it cannot read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cancel.h"
#include "oid.h"
#include "session.h"
#include "types.h"

namespace coppice {

// Throws INVALID for a name that is not one plain component of letters, digits, ".", "_" and "-".
std::string adminDirectoryPath(const Session& session, const std::string& name);

// Makes the admin directory of a worktree at `worktreePath` (real path), HEAD detached at `headOid`, locked. Throws
// EXISTS.
void createAdminDirectory(Session& session, const std::string& name, const std::string& worktreePath,
                          const Oid& headOid, const std::string& lockReason, const Cancel& cancel);

// What dead processes left half made or half removed: it goes, unless `dryRun`. Gives the names; none while somebody living is at
// work there.
std::vector<std::string> sweepHalfMade(Session& session, bool dryRun, const Cancel& cancel);

// Missing is fine.
void dropAdminDirectory(Session& session, const std::string& name, const Cancel& cancel);

// The folder of the worktree that an admin directory stands for; nullopt: there is none, or it says nothing.
std::optional<std::string> worktreePathOf(const std::string& adminDirectory);

// Where the ".git" of a worktree leads: the admin directory, or the repository's own for the main worktree. nullopt:
// nowhere.
std::optional<std::string> gitDirectoryOf(const std::string& worktreePath);

// Where the ".git" file of a worktree says that its admin directory is, whether that is there or not; nullopt: it is no such
// file.
std::optional<std::string> gitFileTarget(const std::string& worktreePath);

// Whether both paths name one existing file or folder.
bool isSameFile(const std::string& path, const std::string& otherPath);

// The content of a worktree's ".git" file.
std::string gitFileContent(const std::string& adminDirectory);

// A HEAD log of one line: a worktree's earlier tasks are none of the next one's business.
std::string headLog(Session& session, const Oid& headOid);

// All worktrees that git knows, the main one first (not of a bare repository), then by name. Those whose folder is gone
// too.
std::vector<WorktreeDescription> listWorktreeDescriptions(Session& session, const Cancel& cancel);

}  // namespace coppice
