// Finishes a landing whose process died between the commit point and the new index: every path that still holds exactly the
// old bytes gets the new ones, paths that hold the new ones already stay, and what holds neither is the user's: it stays where
// it is and is named. Then the index follows. Doing it twice changes nothing.
#pragma once

#include <string>

#include "landing_site.h"
#include "lock_file.h"
#include "session.h"

namespace coppice {

// `worktree`: its working directory. `indexFollows` false: the landing was of kind "working-tree". Takes the landing lock and
// the worktree's index.lock. Throws NOT_FOUND when there is no such worktree, LOCKED.
UpdatePathsReply rollForward(Session& session, const std::string& worktree, const Oid& oldTreeishOid,
                             const Oid& newTreeishOid, bool indexFollows, uint32_t timeoutMs, const Cancel& cancel);

// The same under locks that the caller holds; publishes the index, which releases `lock`.
UpdatePathsReply rollForward(Session& session, const LandingSite& site, LockFile& lock, const Oid& oldTreeishOid,
                             const Oid& newTreeishOid, bool indexFollows, const Cancel& cancel);

// What a landing that died in the middle of its move left: forward if the worktree's HEAD has moved, else discarded. Only
// under the landing lock.
void finishDeadLanding(Session& session, const Deadline& deadline, const Cancel& cancel);

}  // namespace coppice
