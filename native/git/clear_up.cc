// What dead processes of ours have left in the way of git and of its repacking: packs that nobody will name any more, gc.pid, and locks
// of refs. Not when a session opens: whoever only looks writes nothing.
#include "dead_locks.h"
#include "failure.h"
#include "gc_lock.h"
#include "operations.h"
#include "session_packs.h"

namespace coppice {

ClearUpReply clearUp(Session& session, const ClearUpRequest& request, const Cancel& cancel) {
  cancel.check("clearUp");
  const std::string& common = session.commonDirectory();
  ClearUpReply reply{deadRefLocks(common, cancel)};
  if (request.dryRun) return reply;
  try {
    SessionPacks::removeDead(common);
    GcLock::removeDead(common);
    removeDeadRefLocks(common, cancel);
  } catch (const Failure& failure) {
    // A repository that cannot be written has nothing to clear up: merging in it works all the same.
    if (failure.code != failure_code::kSystem) throw;
    return {};
  }
  return reply;
}

}  // namespace coppice
