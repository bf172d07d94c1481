// Finishes a landing whose process died between the commit point and the new index: every path that still holds exactly the
// old bytes gets the new ones, paths that hold the new ones already stay, and what holds neither is the user's: it stays where
// it is and is named. Then the index follows. Doing it twice changes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "landing_site.h"
#include "lock_file.h"
#include "move_note.h"
#include "session.h"

namespace coppice {

// `worktree`: its working directory. `indexFollows` false: the landing was of kind "working-tree". Takes the landing lock and
// the worktree's index.lock. Throws NOT_FOUND when there is no such worktree, LOCKED.
UpdatePathsReply rollForward(Session& session, const std::string& worktree, const Oid& oldTreeishOid,
                             const Oid& newTreeishOid, bool indexFollows, uint32_t timeoutMs, const Cancel& cancel);

// The same under locks that the caller holds; publishes the index, which releases `lock`.
UpdatePathsReply rollForward(Session& session, const LandingSite& site, LockFile& lock, const Oid& oldTreeishOid,
                             const Oid& newTreeishOid, bool indexFollows, const Cancel& cancel);

// A landing that died in the middle of its move.
struct FinishedLanding {
  MoveNote note;        // its git directory as it is called now
  bool moved = false;   // the repository was, since
  bool forward = false;  // its ref had moved: its worktree follows now
  std::vector<DisplacedPath> displaced;
};

// What it left: forward if its ref has moved, else discarded. Only under the landing lock.
std::optional<FinishedLanding> finishDeadLanding(Session& session, const Deadline& deadline, const Cancel& cancel);

// What finishing would do, without doing it.
std::optional<FinishedLanding> findDeadLanding(Session& session, const Cancel& cancel);

}  // namespace coppice
