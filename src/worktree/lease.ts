// A lease: the exclusive right to one worktree. Whoever holds it edits `path`, then lands, or gives it up; ending it consumes
// it. Nothing is dropped unless `discard` says so: `release` keeps what has not landed.

import type { Change, Outcome, Snapshot } from "../effect/effect.js";
import { CoppiceError } from "../errors.js";
import type { Run } from "../run.js";
import type { Anchor } from "./anchor.js";
import { takeSnapshot } from "./snapshot.js";
import type { Writer } from "./tracking.js";
import type { WorktreePool } from "./worktree-pool.js";
import type { PooledWorktree } from "./worktree-supply.js";

export interface Diff {
  readonly changes: readonly Change[];
  /** A patch as `git diff` prints it; null when it is larger than 16 MiB. */
  readonly patch: string | null;
}

export interface LandOptions {
  /** The commit's message; "Effect <id>" when absent. Trailers are added. */
  message?: string;
}

/** What a lease needs from beyond its room; the manager introduces them. */
export interface LeaseOwner {
  resolveBase(base: string): Promise<string>;
  land(lease: Lease, snapshot: Snapshot, options: LandOptions): Promise<Outcome>;
  keep(lease: Lease, snapshot: Snapshot): Promise<void>;
  ended(lease: Lease): Promise<void>;
}

const maxPatchBytes = 16 << 20;

export class Lease implements AsyncDisposable {
  readonly effectId: string;
  readonly runId: string;
  readonly #run: Run;
  readonly #pool: WorktreePool;
  readonly #anchor: Anchor;
  readonly #owner: LeaseOwner;
  readonly #worktree: PooledWorktree;
  #baseOid: string;
  #active = true;
  /** The tree that has landed or was kept last: what is equal to it needs no keeping. */
  #settledTreeOid: string | null = null;

  constructor(
    rooms: { run: Run; pool: WorktreePool; anchor: Anchor; owner: LeaseOwner },
    worktree: PooledWorktree,
    effect: { effectId: string; baseOid: string },
  ) {
    this.#run = rooms.run;
    this.#pool = rooms.pool;
    this.#anchor = rooms.anchor;
    this.#owner = rooms.owner;
    this.#worktree = worktree;
    this.effectId = effect.effectId;
    this.runId = rooms.run.id;
    this.#baseOid = effect.baseOid;
  }

  /** The worktree's folder, absolute. */
  get path(): string {
    return this.#worktree.path;
  }
  /** `w01`...: also its name for git. */
  get name(): string {
    return this.#worktree.name;
  }
  /** The commit that the lease started from. */
  get baseOid(): string {
    return this.#baseOid;
  }
  /** False once it has ended. */
  get active(): boolean {
    return this.#active;
  }
  /** For child processes to inherit, so that the worktree counts as held while they live. */
  get descriptor(): number {
    return this.#worktree.descriptor;
  }

  /** Makes a commit of everything that changed, on disk when this resolves. The files stay as they are. */
  async snapshot(writer: Writer = "this process"): Promise<Snapshot> {
    this.#requireActive("snapshot");
    await this.#pool.taskEnded(this.#worktree);
    const { effectId, baseOid } = this;
    return takeSnapshot(this.#run, this.#anchor, this.#worktree, { effectId, baseOid }, writer);
  }

  /** What changed since the base. */
  async diff(): Promise<Diff> {
    const snapshot = await this.snapshot();
    if (snapshot.snapshotOid === null) return { changes: [], patch: "" };
    const { changes, patch } = await this.#run.git.diff({
      oldTreeishOid: this.#baseOid,
      newTreeishOid: snapshot.snapshotOid,
      patch: true,
      maxPatchBytes,
    });
    // Looking is not landing: the anchor need not hold what only a diff has asked for.
    this.#anchor.settle(snapshot.snapshotOid);
    return { changes, patch };
  }

  /** Snapshot, merge and land. The lease goes on, from the same base; `reset` moves it to another. */
  async land(options: LandOptions = {}): Promise<Outcome> {
    const snapshot = await this.snapshot();
    const outcome = await this.#owner.land(this, snapshot, options);
    this.#settledTreeOid = snapshot.treeOid;
    return outcome;
  }

  /** Brings the files to exactly `base` ("HEAD", a branch, a tag, an oid; the lease's base when absent). What is there is dropped. */
  async reset(base?: string): Promise<void> {
    this.#requireActive("reset");
    const baseOid = base === undefined ? this.#baseOid : await this.#owner.resolveBase(base);
    await this.#pool.reset(this.#worktree, baseOid);
    this.#baseOid = baseOid;
    this.#settledTreeOid = null;
  }

  /** Ends the lease and drops what has not landed. */
  async discard(): Promise<void> {
    this.#requireActive("discard");
    await this.#end(() => this.#giveBack([]));
  }

  /** Ends the lease. What has not landed is kept under a ref; what a commit cannot hold keeps the worktree in place. */
  async release(): Promise<void> {
    this.#requireActive("release");
    const snapshot = await this.snapshot();
    if (snapshot.snapshotOid !== null) {
      if (snapshot.treeOid === this.#settledTreeOid) this.#anchor.settle(snapshot.snapshotOid);
      else await this.#owner.keep(this, snapshot);
    }
    await this.#end(() => this.#giveBack(snapshot.unheld));
  }

  /** Ends the lease whose snapshot is on disk and anchored. For the street, which settles the snapshot itself. */
  async vacate(snapshot: Snapshot): Promise<void> {
    await this.#end(() => this.#giveBack(snapshot.unheld));
  }

  /** Ends the lease and leaves the worktree where it is, because it alone has the work. */
  async abandon(reason: string): Promise<void> {
    await this.#end(() => this.#pool.keep(this.#worktree, reason));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#active) await this.release();
  }

  async #giveBack(unheld: Snapshot["unheld"]): Promise<void> {
    const [first] = unheld;
    if (first !== undefined) return this.#pool.keep(this.#worktree, `${first.path}: ${first.reason}`);
    const { retired } = await this.#pool.release(this.#worktree);
    this.#run.emit("effect:released", { effectId: this.effectId, worktree: this.name, retired });
  }

  async #end(act: () => Promise<void>): Promise<void> {
    if (!this.#active) return;
    this.#active = false;
    try {
      await act();
    } finally {
      await this.#owner.ended(this);
    }
  }

  #requireActive(operation: string): void {
    if (this.#active) return;
    throw new CoppiceError("ERR_CLOSED", `the lease of effect ${this.effectId} has ended`, { details: { operation } });
  }
}
