// The border in TypeScript: the same names in the same order as native/git/types.h and native/git/operations.h, and
// nothing else. test/git/contract.test.ts keeps both sides equal. What may be missing is `null`, never `undefined`; an
// unknown or forgotten field is refused by name. Everything is plain data but the session.
//
// Strings are UTF-8 on the other side. A byte of a path or a file that is no part of valid UTF-8 arrives here as one
// lone surrogate U+DC80..U+DCFF and goes back as that byte.

import type { ConflictKind, UnheldReason } from "../effect/effect.js";

/** 40 hexadecimal digits. */
export type Oid = string;

/** What git is in the middle of. */
export type RepositoryState = "none" | "merge" | "revert" | "cherrypick" | "bisect" | "rebase" | "apply";
/** What the user did to a path. */
export type BlockedReason =
  | "modified"
  | "staged"
  | "untracked"
  | "deleted"
  | "directory-in-the-way"
  | "type-changed"
  | "filter"
  | "unwritable";
/** What decides a conflict. */
export type ResolutionChoice = "ours" | "theirs" | "union" | "content" | "removed";
/** What a shared file is for. */
export type SharedPlace = "config" | "hook" | "attributes" | "alternates" | "info";
/** What lies there: "other" is neither a file nor a link, or hooks/ when it has more than is read. */
export type SharedKind = "file" | "link" | "other";
/** How a process holds a worktree. */
export type HolderKind = "cwd" | "descriptor" | "mapping" | "environment";

// ---- session -------------------------------------------------------------------------------------------------------

export interface OpenRequest {
  /** Anywhere inside the repository, or the repository itself. */
  path: string;
  /** Native threads of this session; 0: hardware concurrency. */
  threads: number;
  /** How long to wait for the lock of a ref, and for the right to make worktrees. */
  lockTimeoutMs: number;
}

export type DescribeRequest = Record<string, never>;

export interface RepositoryDescription {
  /** Of the opened worktree, absolute, real path, no final slash. */
  gitDirectory: string;
  /** Shared by all worktrees, likewise. */
  commonDirectory: string;
  /** Null: bare. */
  workingDirectory: string | null;
  bare: boolean;
  /** Full name; null: detached. */
  headRef: string | null;
  /** Null: unborn. */
  headOid: Oid | null;
  state: RepositoryState;
  ignoreCase: boolean;
  commitSigning: boolean;
  userName: string | null;
  userEmail: string | null;
}

/**
 * A commit or branch looked up by name. Never a revision expression: "HEAD", a full ref name, a branch name, a tag
 * name or 40 digits.
 */
export interface ResolveRequest {
  name: string;
}

export interface ResolveReply {
  /** Full name of the branch it stands for; null: an oid, a tag or a detached HEAD. */
  refName: string | null;
  /** Null: not there, or unborn. */
  commitOid: Oid | null;
  treeOid: Oid | null;
  /** Of the commit. */
  parentOids: readonly Oid[];
  /** Of the commit. */
  message: string | null;
  /** Of the commit, the committer's. */
  timeSeconds: number | null;
}

// ---- objects -------------------------------------------------------------------------------------------------------

export interface Person {
  name: string;
  email: string;
  timeSeconds: number;
  offsetMinutes: number;
}

export interface CommitRequest {
  treeOid: Oid;
  parentOids: readonly Oid[];
  author: Person;
  committer: Person;
  message: string;
}

export interface OidReply {
  oid: Oid;
}

/** One path that two trees hold differently. Mode 0 and a null oid: not there. */
export interface Change {
  path: string;
  oldMode: number;
  oldOid: Oid | null;
  newMode: number;
  newOid: Oid | null;
}

/** Puts small text files into a tree (the ledger's), on top of `treeOid`. `text` null removes the path. */
export interface TextEdit {
  path: string;
  text: string | null;
}

export interface EditTreeRequest {
  treeOid: Oid | null;
  edits: readonly TextEdit[];
}

/** Reads one file of a tree-ish (commit or tree) as text; null when the path is not there. */
export interface ReadTextRequest {
  treeishOid: Oid;
  path: string;
  maxBytes: number;
}

export interface TextReply {
  text: string | null;
}

/** The bytes of a file or the target of a symbolic link, whatever they are. */
export interface ReadBlobRequest {
  oid: Oid;
  /** 0: no limit. */
  maxBytes: number;
}

export interface BlobReply {
  content: string;
}

/** Every file at or below `prefix` ("": all) of a tree-ish: paths only, sorted, at most `maxEntries`. */
export interface ListTreeRequest {
  treeishOid: Oid;
  prefix: string;
  maxEntries: number;
}

export interface PathsReply {
  paths: readonly string[];
}

/** What stands at each of some paths of a tree-ish, in their order. A directory counts as what it is: a tree. */
export interface ReadEntriesRequest {
  treeishOid: Oid;
  paths: readonly string[];
}

export interface EntryReply {
  /** 0: nothing is there. */
  mode: number;
  /** Null: nothing is there. */
  oid: Oid | null;
}

export interface ReadEntriesReply {
  entries: readonly EntryReply[];
}

/** Whether a landing moved its target from `oldOid` to `newOid`, whatever has become of it since. */
export interface HasMovedRequest {
  targetRef: string;
  /** The working directory that "HEAD" is of. */
  worktree: string | null;
  oldOid: Oid;
  newOid: Oid;
}

export interface HasMovedReply {
  moved: boolean;
}

/** Which of some commits a branch no longer has, as far as its history can be looked through. */
export interface FindInHistoryRequest {
  tipOid: Oid;
  oids: readonly Oid[];
}

export interface FindInHistoryReply {
  missing: readonly Oid[];
}

/** One step of a flush. */
export interface RefUpdate {
  refName: string;
  /** Null: delete. */
  newOid: Oid | null;
  /** True: only when the ref is at `expectedOid` now (null: not there). */
  compare: boolean;
  expectedOid: Oid | null;
  /** Null: no reflog entry is written. */
  reflog: string | null;
}

/**
 * One flush of the session's store: pack with .keep, idx, fsync, then the refs in the order given,
 * fsynced, then the .keep goes. With nothing in the store only the refs move.
 */
export interface FlushRequest {
  refs: readonly RefUpdate[];
}

export interface FlushReply {
  /** "pack-<hex>", null: the store was empty. */
  packName: string | null;
  objects: number;
  bytes: number;
  /** The first ref whose comparison failed (a lost race); later ones did not move. */
  lostRef: string | null;
  /** Of this session, this one included. */
  packs: number;
}

/**
 * Replaces packs of this session by one: the smallest, and as many as it takes to leave `atMost`. Readers go on. A pack that
 * is not ours, or has a .keep that is not ours, is never touched.
 */
export interface ConsolidateRequest {
  atMost: number;
}

export interface ConsolidateReply {
  /** Null: nothing was to be done, or a gc runs. */
  packName: string | null;
  replaced: number;
  bytes: number;
  /** Of this session now. */
  packs: number;
  gcRunning: boolean;
}

export interface ListRefsRequest {
  /** "refs/coppice/". */
  prefix: string;
}

export interface Ref {
  refName: string;
  oid: Oid;
}

export interface RefsReply {
  refs: readonly Ref[];
}

// ---- diff ----------------------------------------------------------------------------------------------------------

export interface DiffRequest {
  oldTreeishOid: Oid;
  newTreeishOid: Oid;
  patch: boolean;
  maxPatchBytes: number;
}

export interface DiffReply {
  changes: readonly Change[];
  /** Null when not asked for, or larger than the limit. */
  patch: string | null;
}

// ---- worktree ------------------------------------------------------------------------------------------------------

export interface AddWorktreeRequest {
  /** Admin directory under <common>/worktrees. */
  name: string;
  /** Absolute; must not exist; its parent is made when missing. */
  path: string;
  /** A commit on disk. */
  baseOid: Oid;
  /** Git shows it in `git worktree list`. */
  lockReason: string;
  /** A checked-out worktree whose clean files are copied; null: all are inflated. */
  copyFrom: string | null;
  /** From here on its changes are tracked, as long as this session is open. */
  track: boolean;
  /** Must stay free on its filesystem, but never more than a twentieth of that; 0: no look. */
  reserveBytes: number;
}

export interface AddWorktreeReply {
  files: number;
  copied: number;
  bytes: number;
  /** Why its changes are not tracked; null: they are, or nobody asked. */
  untracked: string | null;
}

export type ListWorktreesRequest = Record<string, never>;

export interface WorktreeDescription {
  /** "" for the main worktree. */
  name: string;
  path: string;
  /** Null: not locked. */
  lockReason: string | null;
  headRef: string | null;
  headOid: Oid | null;
  /** Its .git file is there and points back. */
  present: boolean;
}

export interface ListWorktreesReply {
  worktrees: readonly WorktreeDescription[];
}

export interface LockWorktreeRequest {
  name: string;
  /** Null: unlock. */
  lockReason: string | null;
}

/** Moves the folder into `trashPath` (same filesystem, made when missing) by rename, then drops the admin directory. */
export interface RemoveWorktreeRequest {
  name: string;
  path: string;
  trashPath: string;
}

/**
 * Links a worktree and its admin directory again after the repository, the worktree or both were moved. Only where what is
 * found proves that they belong together, and never one that another repository has.
 */
export interface RepairWorktreeRequest {
  name: string;
  /** Where to look for it, beside where it was last. */
  places: readonly string[];
  /** Nothing is written. */
  dryRun: boolean;
}

export interface RepairWorktreeReply {
  /** Where it is; null: not found. */
  path: string | null;
  repaired: boolean;
  /** The repository that has the folder of this name now. */
  elsewhere: string | null;
}

/** The worktree of this name is not looked after any more: it stays, and what watches it goes. A later snapshot of it scans. */
export interface EndTrackingRequest {
  name: string;
}

/** Deletes what lies in the trash folder, and the folder when it is empty. */
export interface SweepTrashRequest {
  trashPath: string;
}

export type Done = Record<string, never>;

/** What one snapshot may hold; 0: no limit. */
export interface SnapshotLimits {
  /** Changed paths. */
  files: number;
  /** Of changed files. */
  bytes: number;
  /** Directories above a file that the base does not have. */
  depth: number;
  /** Of such a file's path. */
  pathBytes: number;
  /** True: such a path must be possible on Windows, too. */
  portablePaths: boolean;
}

export interface SnapshotRequest {
  /** Empty: the main worktree. */
  name: string;
  path: string;
  /** The commit the lease started from; the snapshot's only parent. */
  baseOid: Oid;
  /** Provisioned paths (files, links, directories): never part of the snapshot. */
  exclude: readonly string[];
  limits: SnapshotLimits;
  author: Person;
  committer: Person;
  message: string;
  /** The whole worktree is scanned although its changes are tracked, and both are held. */
  verify: boolean;
}

/** Something the task left that a commit cannot carry. */
export interface Unheld {
  path: string;
  reason: UnheldReason;
}

export interface TaskCommit {
  commitOid: Oid;
  message: string;
}

export interface SnapshotReply {
  /** Equal to the base's tree: unchanged. */
  treeOid: Oid;
  /** In the store, not yet on disk; null: unchanged. */
  snapshotOid: Oid | null;
  /** Base -> snapshot, sorted by path. */
  changes: readonly Change[];
  unheld: readonly Unheld[];
  /** Base..HEAD of the worktree, oldest first, at most 1,000. */
  taskCommits: readonly TaskCommit[];
  /** Why the whole worktree was scanned; null: tracking told what to look at. */
  scanned: string | null;
  /** With `verify`: held, and tracking had not told of them; always a defect. */
  missed: readonly string[];
}

/** Brings the worktree to exactly `baseOid`: files, index, HEAD and admin directory. */
export interface ResetRequest {
  name: string;
  path: string;
  baseOid: Oid;
  keepIgnored: boolean;
  /** Provisioned paths that stay, whatever the ignore rules say. */
  keep: readonly string[];
}

export interface ResetReply {
  written: number;
  removed: number;
  /** Why the whole worktree was scanned; null: tracking told what to look at. */
  scanned: string | null;
}

/**
 * The ignored files of a checked-out worktree, as files and (with a final slash) whole directories. For
 * .worktreeinclude.
 */
export interface ListIgnoredRequest {
  path: string;
  maxEntries: number;
}

/**
 * Processes that still hold worktrees after their tasks ended (working directory, writable descriptor, mapping), and mounts beneath
 * them. One look at all processes answers for all paths.
 */
export interface ListHoldersRequest {
  paths: readonly string[];
}

export interface Holder {
  /** The one of the request that it holds. */
  path: string;
  pid: number;
  command: string;
  kind: HolderKind;
}

/** Something is mounted beneath a worktree. */
export interface Mount {
  /** The one of the request that it lies beneath. */
  path: string;
  /** Absolute. */
  mountPath: string;
}

export interface ListHoldersReply {
  holders: readonly Holder[];
  mounts: readonly Mount[];
}

/** Paths that two worktrees have both changed since their tasks began, as far as tracking tells: nothing is scanned. */
export interface OverlapWorktree {
  name: string;
  path: string;
  /** Its task is about to begin: what changed before is forgotten. */
  begins: boolean;
}

export interface OverlapRequest {
  worktrees: readonly OverlapWorktree[];
}

export interface Overlap {
  path: string;
  /** Worktrees, by name. */
  first: string;
  second: string;
}

export interface OverlapReply {
  overlaps: readonly Overlap[];
}

// ---- merge ---------------------------------------------------------------------------------------------------------

export interface MergeRequest {
  /** Commits or trees. */
  baseOid: Oid;
  oursOid: Oid;
  theirsOid: Oid;
  /** For the markers. */
  oursLabel: string;
  theirsLabel: string;
  /** True: conflict records carry the file with markers, and a tree is written with them in place. */
  content: boolean;
}

export interface ConflictSide {
  path: string;
  mode: number;
  oid: Oid;
}

export interface Conflict {
  path: string;
  kind: ConflictKind;
  base: ConflictSide | null;
  ours: ConflictSide | null;
  theirs: ConflictSide | null;
  content: string | null;
}

export interface MergeReply {
  /** In the store; null: conflicted. */
  treeOid: Oid | null;
  conflicts: readonly Conflict[];
  /** Ours -> merged, sorted by path; empty when conflicted. */
  changes: readonly Change[];
  /** False: the slow path with rename detection ran. */
  pruned: boolean;
}

/** What becomes of one conflict of a step. */
export interface Resolution {
  /** The conflict's. */
  path: string;
  /** The conflict's. */
  kind: ConflictKind;
  choice: ResolutionChoice;
  /** With content: a file's or a symbolic link's. */
  mode: number;
  /** With content: the file, cut at its NUL bytes, which no string here may hold. */
  content: readonly string[];
}

/** One result of a sequence. */
export interface MergeStep {
  /** Commit or tree. */
  baseOid: Oid;
  /** Commit. */
  theirsOid: Oid;
  theirsLabel: string;
  /** Of the commit that lands it. */
  message: string;
  /** True: with a conflict it is the last step that is merged, and its conflicts have content. */
  stopAtConflict: boolean;
  resolutions: readonly Resolution[];
}

export interface MergeSequenceRequest {
  /** Commit. */
  tipOid: Oid;
  oursLabel: string;
  steps: readonly MergeStep[];
  /** True: theirs becomes the second parent. */
  keepParents: boolean;
  author: Person;
  committer: Person;
}

export interface MergedStep {
  /** In the store; null: conflicted, or nothing is left to change. */
  commitOid: Oid | null;
  conflicts: readonly Conflict[];
  /** The tip before it -> its commit, sorted by path. */
  changes: readonly Change[];
  durationUs: number;
}

export interface MergeSequenceReply {
  /** The last commit made; the tip itself when none was. */
  tipOid: Oid;
  /** Fewer than asked for when one stopped it. */
  steps: readonly MergedStep[];
}

// ---- land (one call a step) ----------------------------------------------------------------------------------------

export interface BeginLandingRequest {
  /** Full name of a branch, or "HEAD" for a detached target worktree. */
  targetRef: string;
  /** Working directory to keep in step; null: find the one that has the target. */
  worktree: string | null;
  /** False: land "working-tree": paths only, neither branch nor index moves. */
  commit: boolean;
  /** How long to wait for the landing lock and for index.lock. */
  timeoutMs: number;
}

export interface DisplacedPath {
  path: string;
  reason: BlockedReason;
  /** Where the user's bytes went when they could not stay in place. */
  keptPath: string | null;
}

export interface BeginLandingReply {
  landingId: number;
  /** Null: the target is checked out nowhere. */
  workingDirectory: string | null;
  /** Of the target now, under the lock; null: deleted meanwhile. */
  tipOid: Oid | null;
  indexConflicted: boolean;
  /** Of the target's worktree. */
  state: RepositoryState;
  /** By a dead landing that was finished or taken back first. */
  displaced: readonly DisplacedPath[];
}

/** Step 3 for a set of paths: which of them did the user change? Compared with the old side of each change. */
export interface CheckPathsRequest {
  landingId: number;
  changes: readonly Change[];
}

export interface BlockedPath {
  path: string;
  reason: BlockedReason;
}

export interface CheckPathsReply {
  blocked: readonly BlockedPath[];
}

/** Step 6: the commit point. Compare-and-swap of the target, with the reflogs of branch and HEAD. */
export interface MoveTargetRequest {
  landingId: number;
  oldOid: Oid;
  newOid: Oid;
  committer: Person;
  reflog: string;
}

export interface MoveTargetReply {
  /** False: lost race. */
  moved: boolean;
  tipOid: Oid | null;
}

/** Step 7: the working tree, path by path. Never overwrites a byte that is not the old side's. */
export interface UpdatePathsRequest {
  landingId: number;
  changes: readonly Change[];
}

export interface UpdatePathsReply {
  written: number;
  removed: number;
  displaced: readonly DisplacedPath[];
}

/**
 * Step 8, and what follows: the new index is renamed into place (land "commit"), or the lock is dropped ("working-
 * tree", or nothing moved). Releases the landing lock. Calling it twice is harmless.
 */
export interface EndLandingRequest {
  landingId: number;
  writeIndex: boolean;
}

/** Finishes or discards what dead landings left: half-moved files, index locks. A landing that lives is let be. */
export interface RecoverLandingsRequest {
  /** How long to wait for the index.lock of a git that is at work. */
  timeoutMs: number;
  /** Nothing is written. */
  dryRun: boolean;
}

export interface DeadLanding {
  /** Of the worktree that was to follow. */
  gitDirectory: string;
  refName: string;
  oldOid: Oid;
  newOid: Oid;
  /** It had moved its ref, and was finished; false: it had not, or its user has gone on since. */
  forward: boolean;
}

export interface RecoverLandingsReply {
  landing: DeadLanding | null;
  /** The user's files that stayed as they are or were put aside. */
  displaced: readonly DisplacedPath[];
  /** Index locks of dead landings, removed. */
  locks: readonly string[];
  /** Who is landing now: what there is is his. */
  busy: string | null;
}

// ---- runs and claims -----------------------------------------------------------------------------------------------

export interface ClaimRequest {
  /** "run/<runId>" or "effect/<runId>/<effectId>": a file below <common>/coppice/claims. */
  name: string;
  /** Text written into the file, for messages only. */
  owner: string;
}

export interface ClaimReply {
  /** False: somebody who is alive holds it. */
  claimed: boolean;
  claimId: number;
  /** For children to inherit, so that they keep the claim alive. */
  descriptor: number;
  /** Who holds it, when not claimed. */
  owner: string | null;
}

/** Every claim that has a file, held or not; a claim without a file is free. */
export type ListClaimsRequest = Record<string, never>;

export interface ClaimDescription {
  name: string;
  held: boolean;
}

export interface ListClaimsReply {
  claims: readonly ClaimDescription[];
}

/**
 * Removes what dead processes left below <common>/coppice and nobody needs: claims that nobody holds, half-made admin
 * directories.
 */
export interface SweepNotesRequest {
  /** Only says what would go. */
  dryRun: boolean;
}

/** What dead processes have left in the way of git and of its repacking. */
export interface ClearUpRequest {
  /** Only says what would go. */
  dryRun: boolean;
}

export interface ClearUpReply {
  /** Of refs. */
  locks: readonly string[];
}

export interface ReleaseClaimRequest {
  claimId: number;
}

// ---- the shared repository ------------------------------------------------------------------------------------------

/** Looks at the files of the git directory that all worktrees have in common and that decide what git does. */
export interface SharedFilesRequest {
  /** Of the opened worktree. */
  gitDirectory: string;
  /** Links into it count by their text alone; null: bare. */
  workingDirectory: string | null;
  /** Of an earlier reply: nothing is read when nothing has changed since. */
  knownMarks: string | null;
}

export interface ConfigurationEntry {
  /** "core.hookspath": section and key in lower case. */
  name: string;
  /** Null: the key alone, which git takes for true. */
  value: string | null;
}

export interface SharedFile {
  /** Absolute. */
  path: string;
  place: SharedPlace;
  kind: SharedKind;
  /** Permission bits. */
  mode: number;
  /** Of the content; without content, of size, times and the like. */
  digest: string;
  /** Bytes, or the text of a link; null: unreadable, or more than 4 MiB. */
  content: string | null;
  /** False: a configuration that cannot be read as one. */
  readable: boolean;
  /** Of a configuration, in its order. */
  entries: readonly ConfigurationEntry[];
}

export interface SharedFilesReply {
  /** False: as the known marks say, and the files are not given. */
  changed: boolean;
  /** Null: something has changed so lately that it must be read again. */
  marks: string | null;
  files: readonly SharedFile[];
}

// ---- the addon -----------------------------------------------------------------------------------------------------

/**
 * An open repository: the one object that is not plain data. `call` is a number that the caller chooses, unique among
 * the calls under way on this session. A rejection is an Error with `code` (a word of native/git/failure.h), `number`,
 * `class`, `operation` and `path`.
 */
export interface Session {
  describe(call: number, request: DescribeRequest): Promise<RepositoryDescription>;
  resolve(call: number, request: ResolveRequest): Promise<ResolveReply>;
  commit(call: number, request: CommitRequest): Promise<OidReply>;
  editTextTree(call: number, request: EditTreeRequest): Promise<OidReply>;
  readText(call: number, request: ReadTextRequest): Promise<TextReply>;
  readBlob(call: number, request: ReadBlobRequest): Promise<BlobReply>;
  listTreePaths(call: number, request: ListTreeRequest): Promise<PathsReply>;
  readEntries(call: number, request: ReadEntriesRequest): Promise<ReadEntriesReply>;
  hasMoved(call: number, request: HasMovedRequest): Promise<HasMovedReply>;
  findInHistory(call: number, request: FindInHistoryRequest): Promise<FindInHistoryReply>;
  flush(call: number, request: FlushRequest): Promise<FlushReply>;
  consolidate(call: number, request: ConsolidateRequest): Promise<ConsolidateReply>;
  listRefs(call: number, request: ListRefsRequest): Promise<RefsReply>;
  diff(call: number, request: DiffRequest): Promise<DiffReply>;
  addWorktree(call: number, request: AddWorktreeRequest): Promise<AddWorktreeReply>;
  listWorktrees(call: number, request: ListWorktreesRequest): Promise<ListWorktreesReply>;
  lockWorktree(call: number, request: LockWorktreeRequest): Promise<Done>;
  removeWorktree(call: number, request: RemoveWorktreeRequest): Promise<Done>;
  repairWorktree(call: number, request: RepairWorktreeRequest): Promise<RepairWorktreeReply>;
  endTracking(call: number, request: EndTrackingRequest): Promise<Done>;
  sweepTrash(call: number, request: SweepTrashRequest): Promise<Done>;
  snapshot(call: number, request: SnapshotRequest): Promise<SnapshotReply>;
  reset(call: number, request: ResetRequest): Promise<ResetReply>;
  listIgnored(call: number, request: ListIgnoredRequest): Promise<PathsReply>;
  listHolders(call: number, request: ListHoldersRequest): Promise<ListHoldersReply>;
  findOverlaps(call: number, request: OverlapRequest): Promise<OverlapReply>;
  merge(call: number, request: MergeRequest): Promise<MergeReply>;
  mergeSequence(call: number, request: MergeSequenceRequest): Promise<MergeSequenceReply>;
  beginLanding(call: number, request: BeginLandingRequest): Promise<BeginLandingReply>;
  checkPaths(call: number, request: CheckPathsRequest): Promise<CheckPathsReply>;
  moveTarget(call: number, request: MoveTargetRequest): Promise<MoveTargetReply>;
  updatePaths(call: number, request: UpdatePathsRequest): Promise<UpdatePathsReply>;
  endLanding(call: number, request: EndLandingRequest): Promise<Done>;
  recoverLandings(call: number, request: RecoverLandingsRequest): Promise<RecoverLandingsReply>;
  claim(call: number, request: ClaimRequest): Promise<ClaimReply>;
  listClaims(call: number, request: ListClaimsRequest): Promise<ListClaimsReply>;
  sweepNotes(call: number, request: SweepNotesRequest): Promise<PathsReply>;
  clearUp(call: number, request: ClearUpRequest): Promise<ClearUpReply>;
  releaseClaim(call: number, request: ReleaseClaimRequest): Promise<Done>;
  sharedFiles(call: number, request: SharedFilesRequest): Promise<SharedFilesReply>;
  /**
   * Asks a call under way to stop: it rejects with CANCELLED, unless it was done already. False: there is no such
   * call.
   */
  cancel(call: number): boolean;
  /** Cancels what is under way, waits for it, releases landings and claims. After it every call rejects with CLOSED. */
  close(call: number): Promise<Done>;
}

export interface NativeAddon {
  version(): { libgit2: string; addon: string };
  openSession(call: number, request: OpenRequest): Promise<Session>;
}
