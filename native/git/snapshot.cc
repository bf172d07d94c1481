// The snapshot of a worktree: everything its task changed, as one commit on top of the base. The worktree, its index
// and its admin directory are only read. Objects go to the session's store; the caller flushes them before the worktree
// is reset.
#include "changes.h"
#include "operations.h"
#include "task_commits.h"

namespace coppice {

SnapshotReply snapshot(Session& session, const SnapshotRequest& request, const Cancel& cancel) {
  cancel.check("snapshot");
  const Oid baseTreeOid = treeOfTreeish(*session.handle(), request.baseOid);
  Changes found = findChanges(session, request, baseTreeOid, cancel);
  const HandleLease handle = session.handle();
  SnapshotReply reply;
  reply.scanned = std::move(found.scanned);
  reply.missed = std::move(found.missed);
  reply.treeOid = editTree(*handle, baseTreeOid, std::move(found.set.edits), cancel);
  reply.unheld = std::move(found.set.unheld);
  if (found.headOid) reply.taskCommits = listTaskCommits(*handle, request.baseOid, *found.headOid, cancel);
  if (reply.treeOid == baseTreeOid) return reply;
  reply.changes = diffTrees(*handle, baseTreeOid, reply.treeOid, cancel);
  CommitRequest commitRequest;
  commitRequest.treeOid = reply.treeOid;
  commitRequest.parentOids = {request.baseOid};
  commitRequest.author = request.author;
  commitRequest.committer = request.committer;
  commitRequest.message = request.message;
  reply.snapshotOid = commit(session, commitRequest, cancel).oid;
  return reply;
}

}  // namespace coppice
