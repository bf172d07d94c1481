// Every operation that TypeScript can call, one line each, by room. The binding's table names exactly these.
#pragma once

#include "session.h"
#include "types.h"

namespace coppice {

// session.cc
inline RepositoryDescription describe(Session& session, const DescribeRequest&, const Cancel&) { return session.describe(); }
ResolveReply resolve(Session&, const ResolveRequest&, const Cancel&);
// commit.cc, text_tree.cc, read_blob.cc, entry_at.cc
OidReply commit(Session&, const CommitRequest&, const Cancel&);
OidReply editTextTree(Session&, const EditTreeRequest&, const Cancel&);
TextReply readText(Session&, const ReadTextRequest&, const Cancel&);
BlobReply readBlob(Session&, const ReadBlobRequest&, const Cancel&);
PathsReply listTreePaths(Session&, const ListTreeRequest&, const Cancel&);
ReadEntriesReply readEntries(Session&, const ReadEntriesRequest&, const Cancel&);
// target_history.cc
HasMovedReply hasMoved(Session&, const HasMovedRequest&, const Cancel&);
FindInHistoryReply findInHistory(Session&, const FindInHistoryRequest&, const Cancel&);
// flush.cc, consolidate.cc, ref.cc
FlushReply flush(Session&, const FlushRequest&, const Cancel&);
ConsolidateReply consolidate(Session&, const ConsolidateRequest&, const Cancel&);
RefsReply listRefs(Session&, const ListRefsRequest&, const Cancel&);
// diff.cc
DiffReply diff(Session&, const DiffRequest&, const Cancel&);
// worktree.cc, worktree_links.cc, snapshot.cc, reset.cc, holder.cc
AddWorktreeReply addWorktree(Session&, const AddWorktreeRequest&, const Cancel&);
ListWorktreesReply listWorktrees(Session&, const ListWorktreesRequest&, const Cancel&);
Done lockWorktree(Session&, const LockWorktreeRequest&, const Cancel&);
Done removeWorktree(Session&, const RemoveWorktreeRequest&, const Cancel&);
RepairWorktreeReply repairWorktree(Session&, const RepairWorktreeRequest&, const Cancel&);
Done endTracking(Session&, const EndTrackingRequest&, const Cancel&);
Done sweepTrash(Session&, const SweepTrashRequest&, const Cancel&);
SnapshotReply snapshot(Session&, const SnapshotRequest&, const Cancel&);
ResetReply reset(Session&, const ResetRequest&, const Cancel&);
PathsReply listIgnored(Session&, const ListIgnoredRequest&, const Cancel&);
ListHoldersReply listHolders(Session&, const ListHoldersRequest&, const Cancel&);
// overlaps.cc
OverlapReply findOverlaps(Session&, const OverlapRequest&, const Cancel&);
// merge.cc, merge_sequence.cc
MergeReply merge(Session&, const MergeRequest&, const Cancel&);
MergeSequenceReply mergeSequence(Session&, const MergeSequenceRequest&, const Cancel&);
// land.cc, landing_recovery.cc
BeginLandingReply beginLanding(Session&, const BeginLandingRequest&, const Cancel&);
CheckPathsReply checkPaths(Session&, const CheckPathsRequest&, const Cancel&);
MoveTargetReply moveTarget(Session&, const MoveTargetRequest&, const Cancel&);
UpdatePathsReply updatePaths(Session&, const UpdatePathsRequest&, const Cancel&);
Done endLanding(Session&, const EndLandingRequest&, const Cancel&);
RecoverLandingsReply recoverLandings(Session&, const RecoverLandingsRequest&, const Cancel&);
// claim.cc, claim_listing.cc
ClaimReply claim(Session&, const ClaimRequest&, const Cancel&);
ListClaimsReply listClaims(Session&, const ListClaimsRequest&, const Cancel&);
PathsReply sweepNotes(Session&, const SweepNotesRequest&, const Cancel&);
// clear_up.cc
ClearUpReply clearUp(Session&, const ClearUpRequest&, const Cancel&);
Done releaseClaim(Session&, const ReleaseClaimRequest&, const Cancel&);
// shared_files.cc
SharedFilesReply sharedFiles(Session&, const SharedFilesRequest&, const Cancel&);

}  // namespace coppice
