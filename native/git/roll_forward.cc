#include "roll_forward.h"

#include "dead_locks.h"
#include "index_update.h"
#include "landing_lock.h"
#include "move_note.h"
#include "path_check.h"
#include "path_update.h"
#include "quarantine.h"
#include "ref.h"

namespace coppice {
namespace {

std::optional<Oid> headOidOf(Session& session, const std::string& gitDirectory) {
  const RefPlace place{session.commonDirectory(), gitDirectory};
  const RefValue head = readRef(place, "HEAD");
  return head.symbolicTarget ? readRef(place, resolveSymbolicRef(session, *head.symbolicTarget)).oid : head.oid;
}

}  // namespace

UpdatePathsReply rollForward(Session& session, const LandingSite& site, LockFile& lock, const Oid& oldTreeishOid,
                             const Oid& newTreeishOid, bool indexFollows, const Cancel& cancel) {
  const auto read = IndexFile::read(site.gitDirectory + "/index");
  const IndexFile index = read ? *read : IndexFile{};
  std::vector<DisplacedPath> displaced = settleQuarantines(session, site, index, cancel);
  std::vector<Change> changes;
  {
    const HandleLease handle = session.handle();
    changes = diffTrees(*handle, treeOfTreeish(*handle, oldTreeishOid), treeOfTreeish(*handle, newTreeishOid), cancel);
  }
  const LandingKind kind = indexFollows ? LandingKind::kRollForward : LandingKind::kWorkingTree;
  const std::vector<PathVerdict> verdicts = judgePaths(session, site, index, kind, changes, cancel);
  std::vector<Change> remaining;
  for (size_t i = 0; i < changes.size(); i++) {
    if (!verdicts[i].reason.empty()) {
      displaced.push_back({changes[i].path, verdicts[i].reason, std::nullopt});
    } else if (!verdicts[i].isNewAlready) {
      remaining.push_back(changes[i]);
    }
  }
  UpdatePathsReply reply = updatePaths(session, site, index, remaining, cancel);
  reply.displaced.insert(reply.displaced.begin(), displaced.begin(), displaced.end());
  if (indexFollows) {
    const timespec date = lock.now();
    lock.commit(updatedIndex(session, site, index, changes), &date);
  }
  return reply;
}

UpdatePathsReply rollForward(Session& session, const std::string& worktree, const Oid& oldTreeishOid,
                             const Oid& newTreeishOid, bool indexFollows, uint32_t timeoutMs, const Cancel& cancel) {
  const Deadline deadline(timeoutMs);
  const LandingLock landingLock = LandingLock::take(session.commonDirectory(), deadline, cancel);
  const LandingSite site(session, worktreeAt(session, worktree, cancel));
  LockFile lock = LockFile::take(session.commonDirectory(), site.gitDirectory + "/index", deadline, cancel);
  return rollForward(session, site, lock, oldTreeishOid, newTreeishOid, indexFollows, cancel);
}

void finishDeadLanding(Session& session, const Deadline& deadline, const Cancel& cancel) {
  const std::string& common = session.commonDirectory();
  if (const auto note = MoveNote::read(common)) {
    const auto worktree = worktreeOf(session, note->gitDirectory, cancel);
    const auto headOid = worktree ? headOidOf(session, note->gitDirectory) : std::nullopt;
    // A HEAD that is elsewhere by now did not move, or its user has gone on from there: both leave nothing to finish.
    if (headOid && *headOid == note->newOid) {
      const LandingSite site(session, *worktree);
      LockFile lock = LockFile::take(common, site.gitDirectory + "/index", deadline, cancel);
      rollForward(session, site, lock, note->oldOid, note->newOid, true, cancel);
    }
    MoveNote::remove(common);
  }
  removeDeadIndexLocks(common, cancel);
}

}  // namespace coppice
