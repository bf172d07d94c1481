// The face of the native side for the rest of src: an open repository with one method for each operation. It numbers
// calls, lets an AbortSignal cancel them, and turns failures into CoppiceErrors with the stack of the caller.
//
//   const git = await openGit({ path: "/repo" });
//   try {
//     const { commitOid } = await git.resolve({ name: "main" });
//   } finally {
//     await git.close();
//   }
//
// No policy lives here: defaults, retries and limits are the callers'.

import { resolve } from "node:path";
import type { ErrorDetails } from "../errors.js";
import { defaultLockTimeoutMs } from "../options.js";
import { CallsUnderWay, type SlowCall } from "./calls-under-way.js";
import { type Caller, captureCaller, convertError, errorFor, isNativeFailure } from "./convert-error.js";
import { loadNative } from "./load-native.js";
import type {
  AddWorktreeReply,
  AddWorktreeRequest,
  BeginLandingReply,
  BeginLandingRequest,
  BlobReply,
  CheckPathsReply,
  CheckPathsRequest,
  ClaimReply,
  ClaimRequest,
  ClearUpReply,
  ClearUpRequest,
  CommitRequest,
  ConsolidateReply,
  ConsolidateRequest,
  DescribeRequest,
  DiffReply,
  DiffRequest,
  Done,
  EditTreeRequest,
  EndLandingRequest,
  EndTrackingRequest,
  FindInHistoryReply,
  FindInHistoryRequest,
  FlushReply,
  FlushRequest,
  HasMovedReply,
  HasMovedRequest,
  ListClaimsReply,
  ListClaimsRequest,
  ListHoldersReply,
  ListHoldersRequest,
  ListIgnoredRequest,
  ListRefsRequest,
  ListTreeRequest,
  ListWorktreesReply,
  ListWorktreesRequest,
  LockWorktreeRequest,
  MergeReply,
  MergeRequest,
  MergeSequenceReply,
  MergeSequenceRequest,
  MoveTargetReply,
  MoveTargetRequest,
  OidReply,
  OverlapReply,
  OverlapRequest,
  PathsReply,
  ReadBlobRequest,
  ReadEntriesReply,
  ReadEntriesRequest,
  ReadTextRequest,
  RecoverLandingsReply,
  RecoverLandingsRequest,
  RefsReply,
  ReleaseClaimRequest,
  RemoveWorktreeRequest,
  RepairWorktreeReply,
  RepairWorktreeRequest,
  RepositoryDescription,
  ResetReply,
  ResetRequest,
  ResolveReply,
  ResolveRequest,
  Session,
  SharedFilesReply,
  SharedFilesRequest,
  SnapshotReply,
  SnapshotRequest,
  SweepNotesRequest,
  SweepTrashRequest,
  TextReply,
  UpdatePathsReply,
  UpdatePathsRequest,
} from "./native.js";

type Operations = Omit<Session, "cancel" | "close">;
type RequestOf<Name extends keyof Operations> = Parameters<Operations[Name]>[1];
type ReplyOf<Name extends keyof Operations> = Awaited<ReturnType<Operations[Name]>>;

const openingCall = 0;
const defaultStopTimeoutMs = 60_000;

interface Opening {
  path: string;
  threads?: number;
  lockTimeoutMs?: number;
  stopTimeoutMs?: number;
}

/**
 * Opens the repository that `path` lies in.
 * @param threads of the session for native work; 0: as many as the machine has cores
 * @param lockTimeoutMs for the locks of refs, and for the right to make worktrees
 * @param stopTimeoutMs how long `close` waits for what it has cancelled
 * @throws ERR_ADDON_LOAD, ERR_NOT_A_REPOSITORY, ERR_UNSUPPORTED_REPOSITORY
 */
export async function openGit(options: Opening): Promise<Git> {
  const { path, threads = 0, lockTimeoutMs = defaultLockTimeoutMs, stopTimeoutMs = defaultStopTimeoutMs } = options;
  const caller = captureCaller(openGit);
  const addon = loadNative();
  try {
    const session = await addon.openSession(openingCall, { path, threads, lockTimeoutMs });
    return new Git(session, { path: resolve(path), stopTimeoutMs });
  } catch (error) {
    throw convertError(error, caller);
  }
}

/** Every method throws CoppiceErrors only: ERR_ABORTED when its signal fires, ERR_CLOSED after `close`. */
export class Git {
  readonly #session: Session;
  #lastCall = openingCall;
  #closing: Promise<void> | null = null;
  #flushed: ((reply: FlushReply) => void) | null = null;
  readonly #underWay = new CallsUnderWay();
  /** Where it was opened. */
  readonly #path: string;
  readonly #stopTimeoutMs: number;

  constructor(session: Session, { path, stopTimeoutMs }: { path: string; stopTimeoutMs: number }) {
    this.#session = session;
    this.#path = path;
    this.#stopTimeoutMs = stopTimeoutMs;
  }

  /** What and where the repository is, read anew at each call. */
  describe(request: DescribeRequest = {}, signal?: AbortSignal): Promise<RepositoryDescription> {
    return this.#call("describe", request, signal);
  }

  /** A branch, tag, ref or oid as a commit. */
  resolve(request: ResolveRequest, signal?: AbortSignal): Promise<ResolveReply> {
    return this.#call("resolve", request, signal);
  }

  /** A commit object in the session's store; no ref moves. */
  commit(request: CommitRequest, signal?: AbortSignal): Promise<OidReply> {
    return this.#call("commit", request, signal);
  }

  /** A tree with small text files set or removed. */
  editTextTree(request: EditTreeRequest, signal?: AbortSignal): Promise<OidReply> {
    return this.#call("editTextTree", request, signal);
  }

  /** One file of a commit or tree as text. */
  readText(request: ReadTextRequest, signal?: AbortSignal): Promise<TextReply> {
    return this.#call("readText", request, signal);
  }

  /** The bytes of one object; border-text.ts has them as a Buffer. */
  readBlob(request: ReadBlobRequest, signal?: AbortSignal): Promise<BlobReply> {
    return this.#call("readBlob", request, signal);
  }

  /** The paths below a folder of a commit or tree. */
  listTreePaths(request: ListTreeRequest, signal?: AbortSignal): Promise<PathsReply> {
    return this.#call("listTreePaths", request, signal);
  }

  /** What stands at paths of a commit or tree. */
  readEntries(request: ReadEntriesRequest, signal?: AbortSignal): Promise<ReadEntriesReply> {
    return this.#call("readEntries", request, signal);
  }

  /** Whether a landing came to its commit point, also where its user has rewritten the history since. */
  hasMoved(request: HasMovedRequest, signal?: AbortSignal): Promise<HasMovedReply> {
    return this.#call("hasMoved", request, signal);
  }

  /** Which commits a branch no longer has. */
  findInHistory(request: FindInHistoryRequest, signal?: AbortSignal): Promise<FindInHistoryReply> {
    return this.#call("findInHistory", request, signal);
  }

  /** Writes the session's new objects to disk as one pack, then moves refs. */
  async flush(request: FlushRequest, signal?: AbortSignal): Promise<FlushReply> {
    const reply = await this.#call("flush", request, signal);
    this.#flushed?.(reply);
    return reply;
  }

  /** Who wants to know of every flush, whoever asks for it: one listener, which must not throw. */
  onFlushed(listener: (reply: FlushReply) => void): void {
    this.#flushed = listener;
  }

  /** Replaces packs that this session wrote by one. */
  consolidate(request: ConsolidateRequest, signal?: AbortSignal): Promise<ConsolidateReply> {
    return this.#call("consolidate", request, signal);
  }

  /** The refs below a prefix. */
  listRefs(request: ListRefsRequest, signal?: AbortSignal): Promise<RefsReply> {
    return this.#call("listRefs", request, signal);
  }

  /** What two commits or trees hold differently. */
  diff(request: DiffRequest, signal?: AbortSignal): Promise<DiffReply> {
    return this.#call("diff", request, signal);
  }

  /** Makes a linked worktree, detached and locked. */
  addWorktree(request: AddWorktreeRequest, signal?: AbortSignal): Promise<AddWorktreeReply> {
    return this.#call("addWorktree", request, signal);
  }

  /** Every worktree that the repository knows. */
  listWorktrees(request: ListWorktreesRequest = {}, signal?: AbortSignal): Promise<ListWorktreesReply> {
    return this.#call("listWorktrees", request, signal);
  }

  /** Locks a worktree with a reason, or unlocks it. */
  lockWorktree(request: LockWorktreeRequest, signal?: AbortSignal): Promise<Done> {
    return this.#call("lockWorktree", request, signal);
  }

  /** Moves a worktree to the trash folder. */
  removeWorktree(request: RemoveWorktreeRequest, signal?: AbortSignal): Promise<Done> {
    return this.#call("removeWorktree", request, signal);
  }

  /** Links a moved worktree and its admin directory again. */
  repairWorktree(request: RepairWorktreeRequest, signal?: AbortSignal): Promise<RepairWorktreeReply> {
    return this.#call("repairWorktree", request, signal);
  }

  /** Watches a worktree no longer that stays. */
  endTracking(request: EndTrackingRequest, signal?: AbortSignal): Promise<Done> {
    return this.#call("endTracking", request, signal);
  }

  /** Deletes what lies in the trash folder. */
  sweepTrash(request: SweepTrashRequest, signal?: AbortSignal): Promise<Done> {
    return this.#call("sweepTrash", request, signal);
  }

  /** A commit made from a worktree's files; on disk with the next flush. */
  snapshot(request: SnapshotRequest, signal?: AbortSignal): Promise<SnapshotReply> {
    return this.#call("snapshot", request, signal);
  }

  /** Brings a worktree to exactly its base. */
  reset(request: ResetRequest, signal?: AbortSignal): Promise<ResetReply> {
    return this.#call("reset", request, signal);
  }

  /** The ignored files of a worktree. */
  listIgnored(request: ListIgnoredRequest, signal?: AbortSignal): Promise<PathsReply> {
    return this.#call("listIgnored", request, signal);
  }

  /** The processes that still use a worktree. */
  listHolders(request: ListHoldersRequest, signal?: AbortSignal): Promise<ListHoldersReply> {
    return this.#call("listHolders", request, signal);
  }

  /** The paths that two of these worktrees have both changed, as far as tracking tells. */
  findOverlaps(request: OverlapRequest, signal?: AbortSignal): Promise<OverlapReply> {
    return this.#call("findOverlaps", request, signal);
  }

  /** The tree that joins two commits or trees, or the conflicts; in memory. */
  merge(request: MergeRequest, signal?: AbortSignal): Promise<MergeReply> {
    return this.#call("merge", request, signal);
  }

  /** Merges results one after the other onto a tip, a commit for each that changes something; in memory. */
  mergeSequence(request: MergeSequenceRequest, signal?: AbortSignal): Promise<MergeSequenceReply> {
    return this.#call("mergeSequence", request, signal);
  }

  /** Takes the landing lock and the index lock of the target. */
  beginLanding(request: BeginLandingRequest, signal?: AbortSignal): Promise<BeginLandingReply> {
    return this.#call("beginLanding", request, signal);
  }

  /** Which of the paths the user has changed. */
  checkPaths(request: CheckPathsRequest, signal?: AbortSignal): Promise<CheckPathsReply> {
    return this.#call("checkPaths", request, signal);
  }

  /** Moves the target by compare-and-swap. */
  moveTarget(request: MoveTargetRequest, signal?: AbortSignal): Promise<MoveTargetReply> {
    return this.#call("moveTarget", request, signal);
  }

  /** Brings the target's working tree in step. */
  updatePaths(request: UpdatePathsRequest, signal?: AbortSignal): Promise<UpdatePathsReply> {
    return this.#call("updatePaths", request, signal);
  }

  /** Writes the index or drops it, and releases the locks. */
  endLanding(request: EndLandingRequest, signal?: AbortSignal): Promise<Done> {
    return this.#call("endLanding", request, signal);
  }

  /** Finishes or discards what dead landings left. */
  recoverLandings(request: RecoverLandingsRequest, signal?: AbortSignal): Promise<RecoverLandingsReply> {
    return this.#call("recoverLandings", request, signal);
  }

  /** Takes a claim, held while this process or a child with its descriptor lives. */
  claim(request: ClaimRequest, signal?: AbortSignal): Promise<ClaimReply> {
    return this.#call("claim", request, signal);
  }

  /** The claims that have a file, and whether somebody holds them. */
  listClaims(request: ListClaimsRequest = {}, signal?: AbortSignal): Promise<ListClaimsReply> {
    return this.#call("listClaims", request, signal);
  }

  /** Removes what dead processes left in our notes; gives the names below the notes' folder. */
  sweepNotes(request: SweepNotesRequest, signal?: AbortSignal): Promise<PathsReply> {
    return this.#call("sweepNotes", request, signal);
  }

  /** Takes away what dead processes have left in the way of git and of its repacking. */
  clearUp(request: ClearUpRequest, signal?: AbortSignal): Promise<ClearUpReply> {
    return this.#call("clearUp", request, signal);
  }

  /** Gives a claim back. */
  releaseClaim(request: ReleaseClaimRequest, signal?: AbortSignal): Promise<Done> {
    return this.#call("releaseClaim", request, signal);
  }

  /** The files that all worktrees have in common and that decide what git does; not given when their marks are as known. */
  sharedFiles(request: SharedFilesRequest, signal?: AbortSignal): Promise<SharedFilesReply> {
    return this.#call("sharedFiles", request, signal);
  }

  /** Who wants to know of calls that take longer than `afterMs`; 0: nobody. One listener, which must not throw. */
  onSlow(afterMs: number, listener: (slow: SlowCall) => void): void {
    this.#underWay.onSlow(afterMs, listener);
  }

  /**
   * Closes the session when, after the signal, a call takes longer than `close` would wait for it: something hangs, and what is left of
   * the work is a matter for recovery. Gives back what ends the watch.
   */
  closeWhenStuck(signal: AbortSignal): () => void {
    let timer: NodeJS.Timeout | undefined;
    const watch = (since: number) => {
      const leftMs = this.#stopTimeoutMs - (this.#underWay.longest(since)?.elapsedMs ?? 0);
      if (leftMs > 0) timer = setTimeout(watch, leftMs, since).unref();
      else this.close().catch(() => {}); // Whoever closes is told.
    };
    const begin = () => watch(performance.now());
    signal.addEventListener("abort", begin, { once: true });
    return () => {
      signal.removeEventListener("abort", begin);
      clearTimeout(timer);
    };
  }

  /**
   * Cancels what is under way, waits until it has stopped, releases landings and claims. Twice is harmless. Throws ERR_TIMEOUT when
   * something does not stop: whoever waits for it is told so too, and the claims stay held.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close(captureCaller(this.close));
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(caller: Caller): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(this.#givenUp(caller)), this.#stopTimeoutMs);
    });
    try {
      await Promise.race([this.#session.close(++this.#lastCall), late]);
    } catch (error) {
      throw convertError(error, caller);
    } finally {
      clearTimeout(timer);
    }
  }

  #givenUp(caller: Caller): Error {
    const { operation, path } = this.#underWay.longest() ?? { operation: "close", path: this.#path };
    const what = `${operation} in ${path} has not stopped within ${this.#stopTimeoutMs} ms of being asked to`;
    const error = errorFor("ERR_TIMEOUT", what, caller, { details: { operation, path } });
    this.#underWay.giveUp(error);
    return error;
  }

  async #call<Name extends keyof Operations>(
    name: Name,
    request: RequestOf<Name>,
    signal: AbortSignal | undefined,
  ): Promise<ReplyOf<Name>> {
    const caller = captureCaller(this.#call);
    if (signal?.aborted) throw aborted(name, signal, caller, { operation: name });
    const call = ++this.#lastCall;
    const cancel = () => this.#session.cancel(call);
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      // The compiler does not see that the request and the reply belong to the same name.
      const operation = this.#session[name] as (call: number, request: RequestOf<Name>) => Promise<ReplyOf<Name>>;
      const path = "path" in request ? request.path : this.#path;
      return await this.#underWay.follow(call, name, path, operation.call(this.#session, call, request));
    } catch (error) {
      throw this.#converted(error, name, signal, caller);
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
  }

  /** A cancelled call was stopped by its signal, or else by `close`. */
  #converted(error: unknown, name: string, signal: AbortSignal | undefined, caller: Caller): unknown {
    if (!isNativeFailure(error) || error.code !== "CANCELLED") return convertError(error, caller);
    const details = { operation: error.operation };
    if (signal?.aborted) return aborted(name, signal, caller, details);
    return errorFor("ERR_CLOSED", `${name}: the session was closed meanwhile`, caller, { cause: error, details });
  }
}

function aborted(name: string, signal: AbortSignal, caller: Caller, details: ErrorDetails): Error {
  return errorFor("ERR_ABORTED", `${name}: aborted by the caller`, caller, { cause: signal.reason, details });
}
