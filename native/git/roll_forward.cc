#include "roll_forward.h"

#include <sys/stat.h>

#include <utility>

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

// The repository may have been moved since.
std::string gitDirectoryNow(const std::string& common, const std::string& gitDirectory) {
  struct stat status {};
  if (stat(gitDirectory.c_str(), &status) == 0) return gitDirectory;
  const size_t slash = gitDirectory.rfind("/worktrees/");
  const std::string name = slash == std::string::npos ? "" : gitDirectory.substr(slash);
  return name.find('/', 11) == std::string::npos ? common + name : common;
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

std::optional<FinishedLanding> findDeadLanding(Session& session, const Cancel& cancel) {
  const std::string& common = session.commonDirectory();
  auto note = MoveNote::read(common);
  if (!note) return std::nullopt;
  const std::string noted = std::exchange(note->gitDirectory, gitDirectoryNow(common, note->gitDirectory));
  const auto worktree = worktreeOf(session, note->gitDirectory, cancel);
  // A ref that is elsewhere by now did not move, or its user has gone on from there: both leave nothing to finish.
  const auto nowOid = !worktree             ? std::nullopt
                      : note->indexFollows() ? headOidOf(session, note->gitDirectory)
                                             : readRef({common, common}, note->refName).oid;
  return FinishedLanding{*note, noted != note->gitDirectory, nowOid && *nowOid == note->newOid, {}};
}

std::optional<FinishedLanding> finishDeadLanding(Session& session, const Deadline& deadline, const Cancel& cancel) {
  const std::string& common = session.commonDirectory();
  auto dead = findDeadLanding(session, cancel);
  if (dead) {
    const MoveNote& note = dead->note;
    if (dead->forward) {
      // A held file is looked for by its lock's path, which is another one since the repository was moved.
      if (dead->moved) removeDeadIndexLocks(common, cancel);
      const LandingSite site(session, *worktreeOf(session, note.gitDirectory, cancel));
      LockFile lock = LockFile::take(common, site.gitDirectory + "/index", deadline, cancel);
      dead->displaced =
          rollForward(session, site, lock, note.oldOid, note.newOid, note.indexFollows(), cancel).displaced;
    }
    MoveNote::remove(common);
  }
  removeDeadIndexLocks(common, cancel);
  return dead;
}

}  // namespace coppice
