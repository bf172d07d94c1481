// Results merged one after the other onto a tip, each onto what the ones before it made, and a commit for each.
//
// One call for all of them: two calls for each result (merge, commit) spent half of their time on the way between the
// JavaScript thread and ours (docs/decisions/merge-cost.md).
#include <chrono>

#include "commit.h"
#include "failure.h"
#include "merge_trees.h"
#include "operations.h"

namespace coppice {

namespace {

using Clock = std::chrono::steady_clock;

class Sequence {
 public:
  Sequence(Session& session, Handle& handle, const MergeSequenceRequest& request, const Cancel& cancel)
      : session_(session),
        handle_(handle),
        request_(request),
        cancel_(cancel),
        tipOid_(request.tipOid),
        tipTreeOid_(treeOfCommit(request.tipOid)) {}

  MergedStep merge(const MergeStep& step) {
    const Clock::time_point start = Clock::now();
    // Effects of one batch mostly share their base.
    if (step.baseOid != baseOid_) baseTreeOid_ = treeOfTreeish(handle_, step.baseOid);
    baseOid_ = step.baseOid;
    MergeAttributes attributes(handle_, tipTreeOid_);
    MergeInput input{handle_, baseTreeOid_, tipTreeOid_, treeOfCommit(step.theirsOid),
                     {request_.oursLabel, step.theirsLabel}, step.stopAtConflict, cancel_, attributes};
    MergeReply reply = mergeTrees(session_, input, step.resolutions);
    MergedStep merged;
    if (reply.treeOid && !reply.changes.empty()) merged.commitOid = commit(*reply.treeOid, step);
    merged.conflicts = std::move(reply.conflicts);
    merged.changes = std::move(reply.changes);
    const auto duration = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
    merged.durationUs = static_cast<uint64_t>(duration.count());
    return merged;
  }

  const Oid& tipOid() const { return tipOid_; }

 private:
  // A parent must be a commit, and the git that reads the commit would be the first to notice.
  Oid treeOfCommit(const Oid& commitOid) { return treeOf(*handle_.read(commitOid, GIT_OBJECT_COMMIT).data); }

  Oid commit(const Oid& treeOid, const MergeStep& step) {
    CommitRequest wanted{treeOid, {tipOid_}, request_.author, request_.committer, step.message};
    if (request_.keepParents) wanted.parentOids.push_back(step.theirsOid);
    tipOid_ = handle_.write(GIT_OBJECT_COMMIT, commitBytes(wanted));
    tipTreeOid_ = treeOid;
    return tipOid_;
  }

  Session& session_;
  Handle& handle_;
  const MergeSequenceRequest& request_;
  const Cancel& cancel_;
  Oid tipOid_;
  Oid tipTreeOid_;
  Oid baseOid_{};
  Oid baseTreeOid_{};
};

}  // namespace

MergeSequenceReply mergeSequence(Session& session, const MergeSequenceRequest& request, const Cancel& cancel) {
  const HandleLease handle = session.handle();
  Sequence sequence(session, *handle, request, cancel);
  MergeSequenceReply reply;
  reply.steps.reserve(request.steps.size());
  for (const MergeStep& step : request.steps) {
    cancel.check("mergeSequence");
    reply.steps.push_back(sequence.merge(step));
    if (step.stopAtConflict && !reply.steps.back().conflicts.empty()) break;
  }
  reply.tipOid = sequence.tipOid();
  return reply;
}

}  // namespace coppice
