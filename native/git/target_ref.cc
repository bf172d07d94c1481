// The commit point, under git's own locks: HEAD's first and then the branch's, as git takes them. While HEAD.lock is held no
// `git checkout`, `git switch` or `git symbolic-ref` can take the worktree off the target.
#include "target_ref.h"

#include <sys/stat.h>

#include "failure.h"
#include "flush.h"
#include "ref.h"
#include "target_worktree.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "land.moveTarget";

RefPlace placeOf(Session& session, const TargetRef& target) {
  return {session.commonDirectory(), target.gitDirectory.value_or(session.commonDirectory())};
}

// core.logAllRefUpdates decides whether a log is begun; one that is there is always continued.
bool beginsReflogs(Session& session, const TargetRef& target) {
  const HandleLease handle = session.handle();
  OwnedConfig config;
  check(git_repository_config_snapshot(out(config), handle->repository()), kOperation);
  OwnedBuffer text;
  const int result = git_config_get_string_buf(text.get(), config.get(), "core.logallrefupdates");
  if (result == GIT_ENOTFOUND) return target.gitDirectory || !git_repository_is_bare(handle->repository());
  check(result, kOperation, "core.logAllRefUpdates");
  int value = 0;
  return git_config_parse_bool(&value, text.data()) != 0 || value != 0;  // "always" is no boolean
}

void log(Session& session, const TargetRef& target, const std::string& refName, const MoveTargetRequest& request) {
  const RefPlace place = placeOf(session, target);
  struct stat status {};
  if (stat(place.logPathOf(refName).c_str(), &status) != 0 && !beginsReflogs(session, target)) return;
  appendReflog(place, refName, request.oldOid, request.newOid, request.committer, request.reflog);
}

void requireFlushed(Session& session, const Oid& oid) {
  if (session.store().isOnlyHere(oid)) fail(failure_code::kInvalid, kOperation, "commit " + toHex(oid) + " has not been flushed");
}

// Once the ref has moved nothing may be called a failure: an effect that is on the target would count as failed, and run again. What can
// still fail by then is the sync of the ref's directory (a power cut may take the move back, as it would have a moment earlier).
MoveTargetReply setTarget(Session& session, const RefPlace& place, const std::string& refName, LockedRef ref, const Oid& newOid) {
  try {
    std::move(ref).set(newOid);
    markReached(*session.handle(), newOid);
  } catch (const Failure&) {
    const auto now = readRef(place, refName).oid;
    if (!now || !(*now == newOid)) throw;
  }
  return {true, newOid};
}

}  // namespace

std::optional<Oid> readTarget(Session& session, const TargetRef& target) {
  return readRef(placeOf(session, target), target.refName).oid;
}

MoveTargetReply moveTargetRef(Session& session, const TargetRef& target, const MoveTargetRequest& request,
                              const Deadline& deadline, const Cancel& cancel) {
  requireFlushed(session, request.newOid);
  const RefPlace place = placeOf(session, target);
  const bool hasBranch = target.refName != "HEAD";
  std::optional<LockedRef> head;
  if (hasBranch && target.gitDirectory) {
    head.emplace(LockedRef::take(place, "HEAD", deadline, cancel));
    const auto& branch = head->value().symbolicTarget;
    if (!branch || resolveSymbolicRef(session, *branch) != target.refName) return {};
  }
  LockedRef ref = LockedRef::take(place, target.refName, deadline, cancel);
  const auto& tipOid = ref.value().oid;
  if (!tipOid || *tipOid != request.oldOid) return {false, tipOid};
  log(session, target, target.refName, request);
  if (head) log(session, target, "HEAD", request);
  return setTarget(session, place, target.refName, std::move(ref), request.newOid);
}

MoveTargetReply moveRunRef(Session& session, const std::string& refName, const MoveTargetRequest& request,
                           const Deadline& deadline, const Cancel& cancel) {
  requireFlushed(session, request.newOid);
  const RefPlace place = placeOf(session, {refName, std::nullopt});
  LockedRef ref = LockedRef::take(place, refName, deadline, cancel);
  const std::optional<Oid> tipOid = ref.value().oid;
  if (!tipOid || *tipOid != request.oldOid) return {false, tipOid};
  return setTarget(session, place, refName, std::move(ref), request.newOid);
}

}  // namespace coppice
