// The merge of two trees over a known base, in memory: nothing on disk changes, and only a wanted result enters the store.
// The same trees, labels and attributes give the same result, on every thread.
#include "case_conflict.h"
#include "conflict.h"
#include "manifest.h"
#include "merge_trees.h"
#include "operations.h"
#include "pruned_merge.h"
#include "rename_merge.h"
#include "resolved_conflicts.h"

namespace coppice {

MergeReply mergeTrees(Session& session, MergeInput& input, const std::vector<Resolution>& resolutions) {
  const Favors favors = favorsOf(resolutions);
  input.favors = &favors;
  // What is decided about a path changes the result path by path, and only the slow path has it so.
  std::optional<PrunedMerge> pruned;
  if (resolutions.empty()) pruned = prunedMerge(input);
  std::optional<RenameMerge> followed;
  if (!pruned) followed = renameMerge(input);
  if (followed) resolveConflicts(input, *followed, resolutions);
  input.favors = nullptr;
  MergeDraft& draft = pruned ? pruned->draft : followed->draft;

  MergeReply reply;
  reply.pruned = pruned.has_value();
  reply.conflicts = std::move(draft.conflicts);
  sortConflicts(reply.conflicts);
  if (!reply.conflicts.empty() && !input.treeOfConflicts) return reply;

  const Oid mergedTreeOid = pruned ? writePruned(input.handle, *pruned) : writeRenamed(input, *followed);
  if (reply.conflicts.empty()) {
    std::vector<Change> changes = diffTrees(input.handle, input.oursTreeOid, mergedTreeOid, input.cancel);
    verifyManifest(input, changes, draft.decisions);
    if (session.ignoreCase()) reply.conflicts = caseConflicts(input, mergedTreeOid, changes);
    if (reply.conflicts.empty()) reply.changes = std::move(changes);
  }
  if (reply.conflicts.empty() || input.treeOfConflicts) reply.treeOid = mergedTreeOid;
  return reply;
}

MergeReply merge(Session& session, const MergeRequest& request, const Cancel& cancel) {
  const HandleLease handle = session.handle();
  const Oid oursTreeOid = treeOfTreeish(*handle, request.oursOid);
  MergeAttributes attributes(*handle, oursTreeOid);
  MergeInput input{*handle, treeOfTreeish(*handle, request.baseOid), oursTreeOid, treeOfTreeish(*handle, request.theirsOid),
                   {request.oursLabel, request.theirsLabel}, request.content, cancel, attributes, request.content};
  return mergeTrees(session, input, {});
}

}  // namespace coppice
