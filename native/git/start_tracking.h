// From here on the changes of a worktree that was just made are tracked.
#pragma once

#include <optional>
#include <string>

#include "cancel.h"
#include "index_file.h"
#include "session.h"

namespace coppice {

struct FreshWorktree {
  const std::string& name;
  const std::string& path;   // real
  const std::string& admin;  // its admin directory; the index is written
  const Oid& treeOid;
  IndexFile index;  // what was written, with the stat data of every file
};

// Why they are not; nullopt: they are. Never fails for that, but throws CANCELLED.
std::optional<std::string> startTracking(Session& session, FreshWorktree worktree, const Cancel& cancel);

}  // namespace coppice
