// The pool: a bounded set of worktrees beside the repository. A released one stays warm and is reset in place for the next
// effect, because creating and removing costs 20 to 40 times as much; a new one is made when that pays (growth.ts).

import { join } from "node:path";
import { CoppiceError } from "../errors.js";
import type { Run } from "../run.js";
import { type Release, Semaphore } from "../semaphore.js";
import { placeFolder } from "./folder.js";
import { Growth, type Hold, type HoldKind } from "./growth.js";
import { HolderWatch } from "./holders.js";
import { lockReason } from "./list.js";
import { type MadeWorktree, makeWorktree } from "./make-worktree.js";
import { emptyProvision, type Provisioned, type Provisioner } from "./provision.js";
import { reportTracking } from "./tracking.js";
import { WorktreeQueue } from "./worktree-queue.js";

/** A wait that is hard to foresee is looked at again after this long at the earliest. */
const minLookMs = 5;

export interface PooledWorktree extends MadeWorktree {
  provisioned: Provisioned;
  baseOid: string;
  /** Its files are as they were made: no lease has had it. */
  fresh: boolean;
  effectId: string | null;
  /** `since` on the clock that stands still while a worktree is made. */
  lease: { readonly kind: HoldKind; readonly since: number } | null;
  release: Release | null;
}

export class WorktreePool {
  readonly #run: Run;
  readonly #folder: string;
  readonly #provisioner: Provisioner;
  readonly #admission: Semaphore;
  readonly #worktrees = new Map<string, PooledWorktree>();
  readonly #idle: PooledWorktree[] = [];
  readonly #queue = new WorktreeQueue((reason) => this.#making?.abort.abort(reason));
  readonly #growth = new Growth();
  readonly #holders: HolderWatch;
  #making: { readonly abort: AbortController; readonly since: number; readonly done: Promise<void> } | null = null;
  #madeForMs = 0;
  #lookAgain: NodeJS.Timeout | null = null;
  /** Making one failed while others were at work. */
  #cannotGrow = false;

  private constructor(run: Run, folder: string, provisioner: Provisioner) {
    this.#run = run;
    this.#folder = folder;
    this.#provisioner = provisioner;
    this.#holders = new HolderWatch(run.git);
    this.#admission = new Semaphore(run.options.limits.worktrees);
  }

  /** Throws ERR_WORKTREES_PATH when the folder lies inside the repository or cannot be written. */
  static async open(run: Run, provisioner: Provisioner): Promise<WorktreePool> {
    return new WorktreePool(run, await placeFolder(run), provisioner);
  }

  /**
   * A place among the worktrees in use. Effects are admitted in the order in which they ask, so asking comes first of all.
   * Throws ERR_TIMEOUT after `limits.acquireTimeoutMs`, or what the signal was aborted with.
   */
  async admit(effectId: string, signal: AbortSignal): Promise<Release> {
    const { acquireTimeoutMs, worktrees } = this.#run.options.limits;
    if (acquireTimeoutMs === 0) return this.#admission.acquire(signal);
    const timeout = AbortSignal.timeout(acquireTimeoutMs);
    try {
      return await this.#admission.acquire(AbortSignal.any([signal, timeout]));
    } catch (error) {
      if (error !== timeout.reason) throw error;
      throw new CoppiceError(
        "ERR_TIMEOUT",
        `effect ${effectId} waited ${acquireTimeoutMs} ms for one of ${worktrees} worktrees: ` +
          "raise limits.acquireTimeoutMs or limits.worktrees",
      );
    }
  }

  /** Hands out a worktree whose files are exactly those of `baseOid`. The place goes back with the worktree, or when this throws. */
  async acquire(
    effect: { effectId: string; baseOid: string; kind: HoldKind },
    place: Release,
    signal: AbortSignal,
  ): Promise<{ worktree: PooledWorktree; created: boolean }> {
    let worktree: PooledWorktree;
    try {
      worktree = await this.#take(effect, signal);
    } catch (error) {
      place();
      throw error;
    }
    worktree.release = place;
    worktree.effectId = effect.effectId;
    const created = worktree.fresh;
    await this.#prepare(worktree, effect, signal);
    return { worktree, created };
  }

  /** Gives a worktree back whose work is durable elsewhere. One that a process still holds is retired instead. */
  async release(worktree: PooledWorktree): Promise<{ retired: boolean }> {
    const holder = await this.#holders.find(worktree.path);
    if (holder !== null) {
      const message =
        `process ${holder.pid} (${holder.command}) still holds ${worktree.path} (${holder.kind}); ` +
        "the worktree is not used again";
      this.#run.emit("warning", { code: "WORKTREE_HELD", message, effectId: worktree.effectId });
      await this.discard(worktree);
      return { retired: true };
    }
    // When somebody waits for it, the next reason follows at once; until then the old one names an effect whose work is safe.
    const wanted = this.#queue.size + this.#admission.waiting > 0;
    if (!wanted) await this.#lock(worktree, lockReason.idle(this.#run.id));
    const { release } = worktree;
    this.#endLease(worktree);
    this.#hand(worktree);
    release?.();
    return { retired: false };
  }

  /** Leaves the worktree where it is, locked under this reason: it holds work that nothing else holds. */
  async keep(worktree: PooledWorktree, reason: string): Promise<void> {
    this.#worktrees.delete(worktree.name);
    await this.#lock(worktree, lockReason.kept(this.#run.id, worktree.effectId ?? "", reason));
    await this.#run.git.releaseClaim({ claimId: worktree.claimId });
    this.#leave(worktree);
  }

  /** Takes the worktree out of the pool and moves it to the trash. Its work must be durable elsewhere, or unwanted. */
  async discard(worktree: PooledWorktree): Promise<void> {
    this.#worktrees.delete(worktree.name);
    const { name, path } = worktree;
    try {
      await this.#run.git.removeWorktree({ name, path, trashPath: this.#trash });
    } finally {
      await this.#run.git.releaseClaim({ claimId: worktree.claimId });
      this.#leave(worktree);
    }
  }

  list(): PooledWorktree[] {
    return [...this.#worktrees.values()];
  }

  /** Removes what is idle. Leases must have ended. */
  async close(): Promise<void> {
    this.#making?.abort.abort(new CoppiceError("ERR_CLOSED", "the pool is closing"));
    await this.#making?.done;
    if (this.#lookAgain !== null) clearTimeout(this.#lookAgain);
    for (const worktree of this.#idle.splice(0)) await this.discard(worktree);
    await this.#run.git.sweepTrash({ trashPath: this.#trash });
  }

  get #trash(): string {
    return join(this.#folder, ".trash");
  }

  /** An idle worktree that is at the base; else the next that comes back, is moved or is made. */
  async #take({ baseOid, kind }: { baseOid: string; kind: HoldKind }, signal: AbortSignal): Promise<PooledWorktree> {
    signal.throwIfAborted();
    const at = this.#idle.findLastIndex((worktree) => worktree.baseOid === baseOid);
    const [idle] = at < 0 ? [] : this.#idle.splice(at, 1);
    if (idle !== undefined) {
      this.#startLease(idle, kind);
      return idle;
    }
    const worktree = this.#queue.wait(baseOid, kind, signal);
    this.#grow();
    return worktree;
  }

  #hand(worktree: PooledWorktree): void {
    const kind = this.#queue.give(worktree);
    if (kind === null) this.#idle.push(worktree);
    else this.#startLease(worktree, kind);
  }

  /** At once, before its effect goes on: whoever asks next must see that it is taken. */
  #startLease(worktree: PooledWorktree, kind: HoldKind): void {
    worktree.lease = { kind, since: this.#calmMs() };
  }

  #endLease(worktree: PooledWorktree): void {
    if (worktree.lease !== null) this.#growth.held(worktree.lease.kind, this.#calmMs() - worktree.lease.since);
    worktree.lease = null;
    worktree.effectId = null;
    worktree.release = null;
  }

  /**
   * Milliseconds in which no worktree was being made. Making takes all cores, so that what is held meanwhile is held longer;
   * counted, that would ask for still more worktrees.
   */
  #calmMs(): number {
    const now = performance.now();
    return now - this.#madeForMs - (this.#making === null ? 0 : now - this.#making.since);
  }

  /** The worktree is no longer the pool's; whoever waits may need another. */
  #leave(worktree: PooledWorktree): void {
    worktree.release?.();
    this.#endLease(worktree);
    this.#grow();
  }

  /** Puts one more worktree to work when that pays: an idle one of another base, or a new one. */
  #grow(): void {
    const baseOid = this.#queue.firstBaseOid;
    if (baseOid === null) return;
    const holds = this.#holding();
    const waiting = this.#queue.size + this.#admission.waiting;
    const idle = this.#idle.at(-1);
    // One is made at a time: two at once would each take twice as long.
    if (idle === undefined && this.#making !== null) return;
    const cramped = holds.length > 0 && this.#cannotGrow;
    const pays =
      idle !== undefined ? this.#growth.moving(holds, waiting) : !cramped && this.#growth.making(holds, waiting);
    if (!pays) {
      this.#growLater();
    } else if (idle !== undefined) {
      this.#idle.pop();
      this.#hand(idle);
    } else {
      const abort = new AbortController();
      const since = performance.now();
      this.#making = { abort, since, done: this.#make(baseOid, abort.signal) };
    }
  }

  #growLater(): void {
    const look = () => {
      this.#lookAgain = null;
      this.#grow();
    };
    this.#lookAgain ??= setTimeout(look, Math.max(minLookMs, this.#growth.makingMs / 4));
  }

  #holding(): Hold[] {
    const now = this.#calmMs();
    return [...this.#worktrees.values()].flatMap(({ lease }) =>
      lease === null ? [] : [{ kind: lease.kind, ageMs: now - lease.since }],
    );
  }

  async #make(baseOid: string, signal: AbortSignal): Promise<void> {
    const start = performance.now();
    try {
      const made = await makeWorktree(this.#run, this.#folder, new Set(this.#worktrees.keys()), baseOid, signal);
      this.#growth.made(performance.now() - start);
      this.#cannotGrow = false;
      const worktree = {
        ...made,
        provisioned: emptyProvision,
        baseOid,
        fresh: true,
        effectId: null,
        lease: null,
        release: null,
      };
      this.#worktrees.set(worktree.name, worktree);
      this.#hand(worktree);
    } catch (error) {
      this.#notMade(error, signal);
    }
    this.#madeForMs += performance.now() - start;
    this.#making = null;
    this.#grow();
  }

  /** With other worktrees at work the pool goes on with those; the effect that waits longest is refused only when there are none. */
  #notMade(error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return;
    if (this.#worktrees.size > 0) {
      this.#cannotGrow = true;
      const message = `no further worktree could be made, ${this.#worktrees.size} go on: ${(error as Error).message}`;
      this.#run.emit("warning", { code: "WORKTREE_NOT_MADE", message, effectId: null });
      return;
    }
    this.#queue.refuseFirst(error);
  }

  async #prepare(
    worktree: PooledWorktree,
    { effectId, baseOid }: { effectId: string; baseOid: string },
    signal: AbortSignal,
  ): Promise<void> {
    try {
      // The reason goes first: from here on a death of this process leaves a worktree that names its effect.
      await this.#lock(worktree, lockReason.leased(this.#run.id, effectId));
      if (!worktree.fresh || worktree.baseOid !== baseOid) await this.#resetFiles(worktree, baseOid, signal);
      worktree.fresh = false;
      worktree.provisioned = await this.#provisioner.provision(worktree.path);
    } catch (error) {
      // Half reset: nothing of a task is in it any more, and nothing else may start from it.
      await this.discard(worktree);
      throw error;
    }
  }

  async #resetFiles(worktree: PooledWorktree, baseOid: string, signal?: AbortSignal): Promise<void> {
    const { name, path } = worktree;
    const moves = worktree.baseOid !== baseOid;
    const start = this.#calmMs();
    const keepIgnored = this.#run.options.ignored === "keep";
    const keep = worktree.provisioned.paths;
    const reply = await this.#run.git.reset({ name, path, baseOid, keepIgnored, keep }, signal);
    reportTracking(this.#run, name, "reset", reply);
    worktree.baseOid = baseOid;
    if (!moves || worktree.lease === null) return;
    this.#growth.moved(this.#calmMs() - start);
    // What moving took is not what its effect holds it for.
    this.#startLease(worktree, worktree.lease.kind);
  }

  /** Brings a leased worktree to another base; what the task left in it must be durable or unwanted. */
  async reset(worktree: PooledWorktree, baseOid: string): Promise<void> {
    await this.#resetFiles(worktree, baseOid);
    worktree.provisioned = await this.#provisioner.provision(worktree.path);
  }

  async #lock(worktree: PooledWorktree, reason: string): Promise<void> {
    await this.#run.git.lockWorktree({ name: worktree.name, lockReason: reason });
  }
}
