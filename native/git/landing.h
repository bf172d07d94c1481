// One landing: the object that holds the locks, and the only one that can move the target, the files and the index. Ending it
// consumes it; destroying it lets everything go. PROTOCOLS P2, a method a step; the order is told in src/merge/land.ts.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "index_file.h"
#include "landing_lock.h"
#include "landing_site.h"
#include "lock_file.h"
#include "session.h"

namespace coppice {

class Landing {
 public:
  // Steps 1 and 2. What a dead landing left is finished first. Throws LOCKED, UNSUPPORTED_REPOSITORY, CORRUPT.
  static std::unique_ptr<Landing> begin(Session& session, const BeginLandingRequest& request, const Cancel& cancel);

  BeginLandingReply describe() const;
  CheckPathsReply checkPaths(const std::vector<Change>& changes, const Cancel& cancel) const;
  // A landing of kind "working-tree" moves the ref of its run. Throws INVALID for another ref then, or when it has moved already.
  MoveTargetReply moveTarget(const MoveTargetRequest& request, const Cancel& cancel);
  // Throws INVALID before the target has moved (land "commit").
  UpdatePathsReply updatePaths(const std::vector<Change>& changes, const Cancel& cancel);
  // Publishes the index if asked to, and lets go. Not calling it before destruction is the same as not publishing.
  void end(bool writeIndex) &&;

 private:
  Landing(Session& session, const BeginLandingRequest& request, LandingLock lock);
  void takeWorktree(const Deadline& deadline, const Cancel& cancel);
  void publishIndex();

  Session& session_;
  const bool commit_;
  const uint32_t timeoutMs_;
  std::string targetRef_;  // symbolic refs followed; "HEAD" when detached
  std::optional<std::string> preferred_;
  std::optional<Oid> tipOid_;
  std::string state_ = "none";
  bool moved_ = false;
  std::vector<Change> updated_;
  IndexFile index_;
  // Let go in the opposite order: the index first, then the repository.
  LandingLock lock_;
  std::optional<LandingSite> site_;
  std::optional<LockFile> indexLock_;
};

// The landings of a session. A call has its landing to itself.
class Landings {
 public:
  uint32_t keep(std::unique_ptr<Landing> landing);

  class Use {
   public:
    Landing* operator->() const { return slot_->landing.get(); }

   private:
    friend class Landings;
    struct Slot {
      std::mutex mutex;
      std::unique_ptr<Landing> landing;  // null once ended
    };
    explicit Use(std::shared_ptr<Slot> slot) : slot_(std::move(slot)), lock_(slot_->mutex) {}
    std::shared_ptr<Slot> slot_;
    std::unique_lock<std::mutex> lock_;
  };
  // Throws INVALID when there is no such landing.
  Use use(uint32_t landingId, const char* operation);
  // Null when it has ended already.
  std::unique_ptr<Landing> takeOut(uint32_t landingId);

  // What finishing dead landings has displaced is told by the next landing that begins: the one that finished them may have failed.
  void noteDisplaced(std::vector<DisplacedPath> displaced);
  std::vector<DisplacedPath> takeDisplaced();

 private:
  std::shared_ptr<Use::Slot> find(uint32_t landingId);

  std::mutex mutex_;
  std::map<uint32_t, std::shared_ptr<Use::Slot>> slots_;
  uint32_t nextId_ = 1;
  std::vector<DisplacedPath> displaced_;
};

}  // namespace coppice
