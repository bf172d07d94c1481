// The target's ref: where it is, and the one step that moves it (PROTOCOLS P2, step 6).
#pragma once

#include <optional>
#include <string>

#include "back_off.h"
#include "cancel.h"
#include "session.h"

namespace coppice {

struct TargetRef {
  std::string refName;                      // a branch, or "HEAD" for a detached worktree
  std::optional<std::string> gitDirectory;  // of the worktree whose HEAD is on it, for HEAD and its reflog
};

// Where it is now; null when it is gone (or a detached HEAD has been attached).
std::optional<Oid> readTarget(Session& session, const TargetRef& target);

// Compare-and-swap under the ref's lock file, durable, with the reflogs of the branch and of the HEAD that is on it. A lost
// race is `moved` false. Throws LOCKED when somebody holds the ref beyond the deadline.
MoveTargetReply moveTargetRef(Session& session, const TargetRef& target, const MoveTargetRequest& request,
                              const Deadline& deadline, const Cancel& cancel);

// The same for a run's own ref, which no HEAD is on and which has no reflog.
MoveTargetReply moveRunRef(Session& session, const std::string& refName, const MoveTargetRequest& request,
                           const Deadline& deadline, const Cancel& cancel);

}  // namespace coppice
