// Finishing or discarding what dead landings left, without a landing of one's own: the note of a move, files on their way, index
// locks. What there is may also belong to a landing that is at work just now; the landing lock tells.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "dead_locks.h"
#include "failure.h"
#include "landing_lock.h"
#include "landing_site.h"
#include "operations.h"
#include "quarantine.h"
#include "roll_forward.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "land.recover";

bool holdsQuarantine(const std::string& gitDirectory) {
  const OwnedFd fd(open(gitDirectory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return false;
  if (!fd) failSystem(kOperation, gitDirectory);
  for (const std::string& name : namesIn(fd.get(), gitDirectory)) {
    if (name.rfind(kQuarantinePrefix, 0) == 0) return true;
  }
  return false;
}

// Git directories in which files are on their way, or were when their landing died.
std::vector<std::string> quarantinesIn(const std::string& common, const Cancel& cancel) {
  std::vector<std::string> found;
  if (holdsQuarantine(common)) found.push_back(common);
  const std::string folder = common + "/worktrees";
  const OwnedFd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return found;
  if (!fd) failSystem(kOperation, folder);
  for (const std::string& name : namesIn(fd.get(), folder)) {
    cancel.check(kOperation);
    if (holdsQuarantine(folder + "/" + name)) found.push_back(folder + "/" + name);
  }
  return found;
}

// Left where the landing had no note to finish: it was given up before it moved, or another git came between.
void settleLeftQuarantine(Session& session, const std::string& gitDirectory, const Deadline& deadline, const Cancel& cancel,
                          std::vector<DisplacedPath>& displaced) {
  const auto worktree = worktreeOf(session, gitDirectory, cancel);
  if (!worktree) return;  // gone: there is no path left that a file could go back to
  const LandingSite site(session, *worktree);
  const LockFile lock = LockFile::take(session.commonDirectory(), gitDirectory + "/index", deadline, cancel);
  const auto index = IndexFile::read(gitDirectory + "/index");
  for (DisplacedPath& path : settleQuarantines(session, site, index ? *index : IndexFile{}, cancel))
    displaced.push_back(std::move(path));
}

std::optional<DeadLanding> describe(const std::optional<FinishedLanding>& dead) {
  if (!dead) return std::nullopt;
  const MoveNote& note = dead->note;
  return DeadLanding{note.gitDirectory, note.refName, note.oldOid, note.newOid, dead->forward};
}

// nullopt: somebody lands, and `busy` says who.
std::optional<LandingLock> tryLandingLock(Session& session, const Cancel& cancel, std::optional<std::string>& busy) {
  try {
    return LandingLock::take(session.commonDirectory(), Deadline(0), cancel);
  } catch (const Failure& failure) {
    if (failure.code != failure_code::kLocked) throw;
    busy = failure.message;
    return std::nullopt;
  }
}

}  // namespace

RecoverLandingsReply recoverLandings(Session& session, const RecoverLandingsRequest& request, const Cancel& cancel) {
  cancel.check(kOperation);
  const std::string& common = session.commonDirectory();
  RecoverLandingsReply reply;
  // Without the lock first: a repository with nothing to recover is not written to.
  if (!MoveNote::exists(common) && deadIndexLocks(common, cancel).empty() && quarantinesIn(common, cancel).empty()) return reply;
  const auto lock = tryLandingLock(session, cancel, reply.busy);
  if (!lock) return reply;
  reply.locks = deadIndexLocks(common, cancel);
  if (request.dryRun) {
    reply.landing = describe(findDeadLanding(session, cancel));
    return reply;
  }
  const Deadline deadline(request.timeoutMs);
  auto dead = finishDeadLanding(session, deadline, cancel);
  reply.landing = describe(dead);
  if (dead) reply.displaced = std::move(dead->displaced);
  for (const std::string& gitDirectory : quarantinesIn(common, cancel))
    settleLeftQuarantine(session, gitDirectory, deadline, cancel, reply.displaced);
  return reply;
}

}  // namespace coppice
