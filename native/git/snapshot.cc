// The snapshot of a worktree: everything its task changed, as one commit on top of the base. The worktree, its index
// and its admin directory are only read. Objects go to the session's store; the caller flushes them before the worktree
// is reset.
#include <sys/stat.h>

#include "admin_directory.h"
#include "change_set.h"
#include "operations.h"
#include "scan.h"
#include "task_commits.h"
#include "tracked_files.h"

namespace coppice {

namespace {

// A task that removed its admin directory has only lost its index and its HEAD: the repository's own settings then
// count.
std::string gitDirectoryFor(const Session& session, const std::string& name) {
  const std::string path = adminDirectoryPath(session, name);
  struct stat status;
  return ::stat((path + "/commondir").c_str(), &status) == 0 ? path : session.commonDirectory();
}

}  // namespace

SnapshotReply snapshot(Session& session, const SnapshotRequest& request, const Cancel& cancel) {
  cancel.check("snapshot");
  const std::string gitDirectory = gitDirectoryFor(session, request.name);
  const HandleLease handle = session.handle();
  const Oid baseTreeOid = treeOfTreeish(*handle, request.baseOid);
  const std::optional<Oid> headOid = readHead(*handle, gitDirectory);
  const IndexFile index = trackedFiles(session, gitDirectory, baseTreeOid, headOid, cancel);

  ScanRequest scanRequest;
  scanRequest.root = request.path;
  scanRequest.gitDirectory = gitDirectory;
  scanRequest.index = &index;
  scanRequest.exclude = request.exclude;
  const ScanResult scanned = scan(session, scanRequest, cancel);

  ChangeSetRequest changeSetRequest;
  changeSetRequest.root = request.path;
  changeSetRequest.gitDirectory = gitDirectory;
  changeSetRequest.baseTreeOid = baseTreeOid;
  changeSetRequest.index = &index;
  changeSetRequest.scanned = &scanned;
  changeSetRequest.exclude = request.exclude;
  changeSetRequest.maxFiles = request.maxFiles;
  changeSetRequest.maxBytes = request.maxBytes;
  ChangeSet changeSet = changeSetOf(session, changeSetRequest, cancel);

  SnapshotReply reply;
  reply.scanned = "its changes are not tracked";
  reply.treeOid = editTree(*handle, baseTreeOid, std::move(changeSet.edits), cancel);
  reply.unheld = std::move(changeSet.unheld);
  if (headOid) reply.taskCommits = listTaskCommits(*handle, request.baseOid, *headOid, cancel);
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
