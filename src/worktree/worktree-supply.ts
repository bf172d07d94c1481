// Which worktree an effect gets: one that is idle at its base, one that comes back, an idle one moved from another base, or a
// new one. The last two when they pay (growth.ts).

import { availableParallelism } from "node:os";
import { CoppiceError } from "../errors.js";
import type { Run } from "../run.js";
import type { Release } from "../semaphore.js";
import { Growth, type Hold, type HoldKind } from "./growth.js";
import { lockReason } from "./list.js";
import { type MadeWorktree, makeWorktree } from "./make-worktree.js";
import { emptyProvision, type Provisioned } from "./provision.js";
import type { SetUp } from "./setup.js";
import { WorktreeQueue } from "./worktree-queue.js";

/** A wait that is hard to foresee is looked at again after this long at the earliest. */
const minLookMs = 5;

export interface PooledWorktree extends MadeWorktree {
  provisioned: Provisioned;
  /** Null: not yet, or nothing is to be set up. */
  setUp: SetUp | null;
  baseOid: string;
  /** Its files are as they were made: no lease has had it. */
  fresh: boolean;
  effectId: string | null;
  /** Why it is locked, as git shows it. */
  reason: string;
  /** On the clock that stands still while a worktree is made; `taskMs` once its task has ended. */
  lease: { readonly kind: HoldKind; readonly since: number; readonly ready: number; readonly taskMs: number } | null;
  release: Release | null;
}

export class WorktreeSupply {
  readonly #run: Run;
  readonly #folder: string;
  /** Effects that wait for a place, and will wait here next. */
  readonly #toCome: () => number;
  readonly #worktrees = new Map<string, PooledWorktree>();
  readonly #idle: PooledWorktree[] = [];
  readonly #queue = new WorktreeQueue((reason) => this.#making?.abort.abort(reason));
  readonly #growth: Growth;
  #making: { readonly abort: AbortController; readonly since: number; readonly done: Promise<void> } | null = null;
  #madeForMs = 0;
  #lookAgain: NodeJS.Timeout | null = null;
  /** Making one failed while others were at work. */
  #cannotGrow = false;

  constructor(run: Run, folder: string, toCome: () => number) {
    this.#run = run;
    this.#folder = folder;
    this.#toCome = toCome;
    // One more than cores: while one waits for its flush, the others keep them busy.
    this.#growth = new Growth(1 + (run.options.limits.nativeThreads || availableParallelism()));
  }

  /** Effects that want a worktree. */
  get waiting(): number {
    return this.#queue.size + this.#toCome();
  }

  /** An idle worktree that is at the base; else the next that comes back, is moved or is made. */
  async take({ baseOid, kind }: { baseOid: string; kind: HoldKind }, signal: AbortSignal): Promise<PooledWorktree> {
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

  /** Its lease has ended, and its work is durable elsewhere. */
  giveBack(worktree: PooledWorktree): void {
    this.#endLease(worktree);
    this.#hand(worktree);
  }

  /** It is no longer the pool's; whoever waits may need another. */
  remove(worktree: PooledWorktree): void {
    this.#worktrees.delete(worktree.name);
    this.#endLease(worktree);
    this.#grow();
  }

  /** Brings it to another base with `reset`. What that takes is the price of moving, and not what its effect holds it for. */
  async move<T>(worktree: PooledWorktree, reset: () => Promise<T>): Promise<T> {
    const start = this.#calmMs();
    const reply = await reset();
    this.#growth.moved(this.#calmMs() - start);
    if (worktree.lease !== null) this.#startLease(worktree, worktree.lease.kind);
    return reply;
  }

  /** It has been set up. What that took is not what its effect holds it for. */
  hasBeenSetUp(worktree: PooledWorktree): void {
    if (worktree.lease !== null) this.#startLease(worktree, worktree.lease.kind);
  }

  /** Its task may begin. */
  taskStarts(worktree: PooledWorktree): void {
    if (worktree.lease !== null) worktree.lease = { ...worktree.lease, ready: this.#calmMs() };
  }

  taskEnded(worktree: PooledWorktree): void {
    const { lease } = worktree;
    if (lease !== null) worktree.lease = { ...lease, taskMs: this.#calmMs() - lease.ready };
  }

  /** No more are made; gives back those that are idle. */
  async close(): Promise<PooledWorktree[]> {
    this.#making?.abort.abort(new CoppiceError("ERR_CLOSED", "the pool is closing"));
    await this.#making?.done;
    if (this.#lookAgain !== null) clearTimeout(this.#lookAgain);
    return this.#idle.splice(0);
  }

  #hand(worktree: PooledWorktree): void {
    const kind = this.#queue.give(worktree);
    if (kind === null) this.#idle.push(worktree);
    else this.#startLease(worktree, kind);
  }

  /** At once, before its effect goes on: whoever asks next must see that it is taken. */
  #startLease(worktree: PooledWorktree, kind: HoldKind): void {
    const now = this.#calmMs();
    worktree.lease = { kind, since: now, ready: now, taskMs: 0 };
  }

  #endLease(worktree: PooledWorktree): void {
    if (worktree.lease !== null) {
      const { kind, since, taskMs } = worktree.lease;
      this.#growth.held(kind, { taskMs, ownMs: this.#calmMs() - since - taskMs });
    }
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

  /** Puts one more worktree to work when that pays: an idle one of another base, or a new one. */
  #grow(): void {
    const baseOid = this.#queue.firstBaseOid;
    if (baseOid === null) return;
    const holds = this.#holding();
    const { waiting } = this;
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
        setUp: null,
        baseOid,
        fresh: true,
        effectId: null,
        reason: lockReason.idle(this.#run.id),
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
}
