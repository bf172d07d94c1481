// What has changed in a worktree since its base: of a tracked one only the suspects are looked at, else all of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "change_set.h"
#include "session.h"
#include "types.h"

namespace coppice {

struct Changes {
  ChangeSet set;
  std::optional<Oid> headOid;          // the commit that the worktree's HEAD names
  std::optional<std::string> scanned;  // as SnapshotReply
  std::vector<std::string> missed;
};

Changes findChanges(Session& session, const SnapshotRequest& request, const Oid& baseTreeOid, const Cancel& cancel);

}  // namespace coppice
