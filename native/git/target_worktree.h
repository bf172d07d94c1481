// Which worktree has the landing's target checked out: the one whose files and index must move with the ref.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cancel.h"
#include "session.h"

namespace coppice {

struct TargetWorktree {
  std::string gitDirectory;      // holds its HEAD and index
  std::string workingDirectory;  // real path, no final slash
  std::string state;             // as RepositoryDescription.state
};

// The ref that a name finally stands for: symbolic refs are followed, at most five. A name that does not exist, or is none, is
// given back as it is.
std::string resolveSymbolicRef(Session& session, const std::string& refName);

// The worktree whose HEAD is on `targetRef` (a resolved name), or that is in the middle of rebasing or bisecting it, as git
// counts it: moving the branch beneath a rebase would break the rebase's own last step. For "HEAD": the worktree `preferred`
// (null: the opened one), while its HEAD is detached. Worktrees of our own pool and missing ones are never it. Where the
// user forced one branch into several worktrees, `preferred` wins, then the main one; the others go stale, as they do with
// git's own commit.
std::optional<TargetWorktree> findTargetWorktree(Session& session, const std::string& targetRef,
                                                 const std::optional<std::string>& preferred, const Cancel& cancel);

// Whether git is at work in one of the user's worktrees: it holds the index.
bool isAnyIndexHeld(Session& session, const Cancel& cancel);

// Whether the worktree with this git directory still is the target's.
bool isOnTarget(Session& session, const std::string& gitDirectory, const std::string& targetRef);

// The worktree whose working directory is `path`. Throws NOT_FOUND.
TargetWorktree worktreeAt(Session& session, const std::string& path, const Cancel& cancel);
// The worktree with this git directory; null when it is bare, gone or moved.
std::optional<TargetWorktree> worktreeOf(Session& session, const std::string& gitDirectory, const Cancel& cancel);

// How the lock reason of a worktree of the pool begins (src/worktree/list.ts).
inline constexpr const char* kPoolLockReason = "coppice: ";

}  // namespace coppice
