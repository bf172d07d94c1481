#include "landing.h"

#include <algorithm>
#include <utility>

#include "back_off.h"
#include "failpoint.h"
#include "failure.h"
#include "index_update.h"
#include "move_note.h"
#include "path_check.h"
#include "path_update.h"
#include "quarantine.h"
#include "roll_forward.h"
#include "target_ref.h"

namespace coppice {
namespace {

constexpr uint32_t kCheckoutPatienceMs = 2000;  // an index that is held for longer is no checkout's
constexpr int kMaxSearches = 5;  // for a worktree that stays the target's while we wait for its index

// A checkout reads its branch first and moves HEAD last. If the branch moved in between, it would be checked out with the files of
// before, and the user's next `git commit -a` would revert the effect. Nearly all that time it holds its index. Rejected: to hold the
// index ourselves, which would get into the way of whoever works on another branch.
void waitForCheckouts(Session& session, const Cancel& cancel) {
  const Deadline deadline(kCheckoutPatienceMs);
  for (BackOff backOff(deadline); isAnyIndexHeld(session, cancel);) {
    failpoint("landing.waiting");
    if (!backOff.wait(cancel, "land.moveTarget")) return;
  }
}

TargetRef targetOf(const std::string& refName, const std::optional<LandingSite>& site) {
  return {refName, site ? std::optional<std::string>(site->gitDirectory) : std::nullopt};
}

}  // namespace

Landing::Landing(Session& session, const BeginLandingRequest& request, LandingLock lock)
    : session_(session),
      commit_(request.commit),
      timeoutMs_(request.timeoutMs),
      preferred_(request.worktree),
      lock_(std::move(lock)) {}

std::unique_ptr<Landing> Landing::begin(Session& session, const BeginLandingRequest& request, const Cancel& cancel) {
  const Deadline deadline(request.timeoutMs);
  LandingLock lock = LandingLock::take(session.commonDirectory(), deadline, cancel);
  failpoint("landing.locked");
  if (auto dead = finishDeadLanding(session, deadline, cancel)) session.landings().noteDisplaced(std::move(dead->displaced));
  std::unique_ptr<Landing> landing(new Landing(session, request, std::move(lock)));
  landing->targetRef_ = request.targetRef == "HEAD" ? request.targetRef : resolveSymbolicRef(session, request.targetRef);
  landing->takeWorktree(deadline, cancel);
  landing->tipOid_ = readTarget(session, targetOf(landing->targetRef_, landing->site_));
  return landing;
}

// While we wait for index.lock its holder may check out another branch, so HEAD is read again under the lock.
void Landing::takeWorktree(const Deadline& deadline, const Cancel& cancel) {
  // With land "working-tree" the caller names the folder: its target is a ref of the run, which nothing has checked out.
  const bool named = !commit_ && preferred_;
  for (int search = 0; search < kMaxSearches && !site_; search++) {
    const auto worktree = named ? std::optional<TargetWorktree>(worktreeAt(session_, *preferred_, cancel))
                                : findTargetWorktree(session_, targetRef_, preferred_, cancel);
    if (!worktree) return;
    LockFile lock = LockFile::take(session_.commonDirectory(), worktree->gitDirectory + "/index", deadline, cancel);
    if (!named && !isOnTarget(session_, worktree->gitDirectory, targetRef_)) continue;
    site_.emplace(session_, *worktree);
    state_ = worktree->state;
    indexLock_.emplace(std::move(lock));
  }
  if (!site_) fail(failure_code::kLocked, "land.begin", "the target is checked out in one worktree after the other", targetRef_);
  if (auto index = IndexFile::read(site_->gitDirectory + "/index")) index_ = std::move(*index);
  failpoint("landing.index-locked");
  session_.landings().noteDisplaced(settleQuarantines(session_, *site_, index_, cancel));
}

BeginLandingReply Landing::describe() const {
  BeginLandingReply reply;
  if (site_) reply.workingDirectory = site_->root.path();
  reply.tipOid = tipOid_;
  reply.indexConflicted =
      std::any_of(index_.entries.begin(), index_.entries.end(), [](const IndexEntry& entry) { return entry.stage != 0; });
  reply.state = state_;
  reply.displaced = session_.landings().takeDisplaced();
  return reply;
}

CheckPathsReply Landing::checkPaths(const std::vector<Change>& changes, const Cancel& cancel) const {
  CheckPathsReply reply;
  if (!site_) return reply;
  const LandingKind kind = commit_ ? LandingKind::kCommit : LandingKind::kWorkingTree;
  const std::vector<PathVerdict> verdicts = judgePaths(session_, *site_, index_, kind, changes, cancel);
  for (size_t i = 0; i < changes.size(); i++) {
    if (!verdicts[i].reason.empty()) reply.blocked.push_back({changes[i].path, verdicts[i].reason});
  }
  return reply;
}

MoveTargetReply Landing::moveTarget(const MoveTargetRequest& request, const Cancel& cancel) {
  constexpr const char* kOperation = "land.moveTarget";
  if (moved_) fail(failure_code::kInvalid, kOperation, "the target has moved");
  if (!commit_ && targetRef_.rfind(kRunRefs, 0) != 0) {
    fail(failure_code::kInvalid, kOperation, "a landing in the working tree moves a ref of its run only", targetRef_);
  }
  // Nothing stops a worktree from taking a target that was checked out nowhere. Then this landing would leave its files
  // behind: the caller begins again. (A worktree that we hold cannot leave: the move itself looks, under HEAD.lock.)
  if (!site_ && commit_) waitForCheckouts(session_, cancel);
  if (!site_ && findTargetWorktree(session_, targetRef_, preferred_, cancel)) return {};
  if (site_) {
    if (!indexLock_->isOurs()) {
      fail(failure_code::kLocked, kOperation, "somebody removed our index.lock, so the checks may be stale; land again",
           indexLock_->path());
    }
    MoveNote{site_->gitDirectory, targetRef_, request.oldOid, request.newOid}.write(session_.commonDirectory());
  }
  failpoint("landing.noted");
  const Deadline deadline(timeoutMs_);
  const MoveTargetReply reply = commit_ ? moveTargetRef(session_, targetOf(targetRef_, site_), request, deadline, cancel)
                                        : moveRunRef(session_, targetRef_, request, deadline, cancel);
  moved_ = reply.moved;
  if (site_ && !moved_) MoveNote::remove(session_.commonDirectory());
  failpoint("landing.moved");
  return reply;
}

UpdatePathsReply Landing::updatePaths(const std::vector<Change>& changes, const Cancel& cancel) {
  if (commit_ && !moved_) fail(failure_code::kInvalid, "land.updatePaths", "the target has not moved yet");
  if (!site_) return {};
  updated_.insert(updated_.end(), changes.begin(), changes.end());
  UpdatePathsReply reply = coppice::updatePaths(session_, *site_, index_, changes, cancel);
  // Here the files are the last step.
  if (!commit_ && moved_) MoveNote::remove(session_.commonDirectory());
  return reply;
}

void Landing::publishIndex() {
  constexpr const char* kOperation = "land.end";
  if (!moved_) fail(failure_code::kInvalid, kOperation, "there is no new index: the target has not moved");
  if (!site_) return;
  if (!indexLock_->isOurs()) {
    // Removed by hand after the commit point: what another git wrote since is the index that counts.
    indexLock_.emplace(LockFile::take(session_.commonDirectory(), indexLock_->path(), Deadline(timeoutMs_), Cancel()));
    const auto read = IndexFile::read(indexLock_->path());
    index_ = read ? *read : IndexFile{};
  }
  const timespec date = indexLock_->now();
  const PageString bytes = updatedIndex(session_, *site_, index_, updated_);
  failpoint("landing.publishing");
  indexLock_->commit(bytes, &date);
  failpoint("landing.published");
  MoveNote::remove(session_.commonDirectory());
}

void Landing::end(bool writeIndex) && {
  // Whatever happens here, both locks go with this object.
  if (writeIndex) publishIndex();
}

uint32_t Landings::keep(std::unique_ptr<Landing> landing) {
  auto slot = std::make_shared<Use::Slot>();
  slot->landing = std::move(landing);
  std::lock_guard<std::mutex> lock(mutex_);
  slots_[nextId_] = std::move(slot);
  return nextId_++;
}

std::shared_ptr<Landings::Use::Slot> Landings::find(uint32_t landingId) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = slots_.find(landingId);
  return found == slots_.end() ? nullptr : found->second;
}

Landings::Use Landings::use(uint32_t landingId, const char* operation) {
  auto slot = find(landingId);
  if (slot) {
    Use use(std::move(slot));
    if (use.slot_->landing) return use;
  }
  fail(failure_code::kInvalid, operation, "there is no landing " + std::to_string(landingId) + ", or it has ended");
}

std::unique_ptr<Landing> Landings::takeOut(uint32_t landingId) {
  auto slot = find(landingId);
  if (!slot) return nullptr;
  std::unique_ptr<Landing> landing;
  {
    const Use use(slot);  // after the call that is at work
    landing = std::move(slot->landing);
  }
  std::lock_guard<std::mutex> lock(mutex_);
  slots_.erase(landingId);
  return landing;
}

void Landings::noteDisplaced(std::vector<DisplacedPath> displaced) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (DisplacedPath& path : displaced) displaced_.push_back(std::move(path));
}

std::vector<DisplacedPath> Landings::takeDisplaced() {
  std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(displaced_, {});
}

}  // namespace coppice
