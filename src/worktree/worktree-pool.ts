// The pool: a bounded set of worktrees beside the repository. A released one stays warm and is reset in place for the next
// effect, because creating and removing costs 20 to 40 times as much. Which one an effect gets is the supply's to say.

import { join } from "node:path";
import { CoppiceError, isCoppiceError } from "../errors.js";
import type { Run } from "../run.js";
import { type Release, Semaphore } from "../semaphore.js";
import { markEmpty } from "./dead-worktree.js";
import { placeFolder } from "./folder.js";
import type { HoldKind } from "./growth.js";
import { HolderWatch, sayMounted } from "./holders.js";
import { lockReason } from "./list.js";
import { OverlapWatch } from "./overlap-watch.js";
import type { Provisioner } from "./provision.js";
import { noteProvisioned } from "./provision-note.js";
import type { Setup } from "./setup.js";
import { reportTracking } from "./tracking.js";
import { type PooledWorktree, WorktreeSupply } from "./worktree-supply.js";

/** Of a lease that is reset by hand: the setup command's own limit ends it. */
const neverAborted = new AbortController().signal;
const heldCode = "WORKTREE_HELD";
const mountedCode = "WORKTREE_MOUNTED";

export class WorktreePool {
  readonly #run: Run;
  readonly #folder: string;
  readonly #provisioner: Provisioner;
  readonly #setup: Setup;
  readonly #admission: Semaphore;
  readonly #supply: WorktreeSupply;
  readonly #holders: HolderWatch;
  readonly #overlaps: OverlapWatch;

  private constructor(run: Run, folder: string, provisioner: Provisioner, setup: Setup, overlaps: OverlapWatch) {
    this.#run = run;
    this.#overlaps = overlaps;
    this.#folder = folder;
    this.#provisioner = provisioner;
    this.#setup = setup;
    this.#holders = new HolderWatch(run.git);
    this.#admission = new Semaphore(run.options.limits.worktrees);
    this.#supply = new WorktreeSupply(run, folder, () => this.#admission.waiting);
  }

  /** Throws ERR_WORKTREES_PATH when the folder lies inside the repository or cannot be written. */
  static async open(
    run: Run,
    provisioner: Provisioner,
    setup: Setup,
    overlaps = new OverlapWatch(run, () => false),
  ): Promise<WorktreePool> {
    return new WorktreePool(run, await placeFolder(run), provisioner, setup, overlaps);
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

  /**
   * Hands out a worktree whose files are exactly those of `baseOid`, and what it was provisioned with. The place goes back with the
   * worktree, or when this throws.
   */
  async acquire(
    effect: { effectId: string; baseOid: string; kind: HoldKind },
    place: Release,
    signal: AbortSignal,
  ): Promise<{ worktree: PooledWorktree; created: boolean; setupMs: number | null }> {
    let worktree: PooledWorktree;
    try {
      worktree = await this.#supply.take(effect, signal);
    } catch (error) {
      place();
      throw error;
    }
    worktree.release = place;
    worktree.effectId = effect.effectId;
    const created = worktree.fresh;
    const setupMs = await this.#prepare(worktree, effect, signal);
    return { worktree, created, setupMs };
  }

  /** Its files are looked at next: from here on it is held for our own work. */
  async taskEnded(worktree: PooledWorktree): Promise<void> {
    this.#supply.taskEnded(worktree);
    await this.#overlaps.look();
  }

  /**
   * Gives a worktree back whose work is durable elsewhere. One that a process still holds is retired instead, and so is one in which
   * something is mounted, or that cannot be given back: its effect has nothing to do with that.
   */
  async release(worktree: PooledWorktree): Promise<{ retired: boolean }> {
    const { release, effectId } = worktree;
    this.#overlaps.end(worktree);
    const why = await this.#whyRetired(worktree);
    if (why !== null) {
      this.#run.emit("warning", { ...why, message: `${why.message}; the worktree is not used again`, effectId });
      if (why.code === mountedCode) await this.#leave(worktree);
      // Whoever holds it may go on writing to its path: no other worktree of this run may come to lie there.
      else await this.#remove(worktree, effectId, { keepName: why.code === heldCode });
      return { retired: true };
    }
    this.#supply.giveBack(worktree);
    release?.();
    return { retired: false };
  }

  async #whyRetired(worktree: PooledWorktree): Promise<{ code: string; message: string } | null> {
    const { path } = worktree;
    try {
      // From here on a death leaves nothing to keep in it. Written while the processes are looked through, it takes no time of its own.
      const idle = this.#lock(worktree, lockReason.idle(this.#run.id));
      const [{ holder, mount }] = await Promise.all([this.#holders.find(path), idle]);
      if (mount !== null)
        return { code: mountedCode, message: `${sayMounted(mount)}. Then 'coppice clean' removes ${path}` };
      if (holder === null) return null;
      const message = `process ${holder.pid} (${holder.command}) still holds ${path} (${holder.kind})`;
      return { code: heldCode, message };
    } catch (error) {
      return { code: "WORKTREE_NOT_RELEASED", message: `${path} could not be given back: ${(error as Error).message}` };
    }
  }

  /** Leaves the worktree where it is, locked under this reason: it holds work that nothing else holds. */
  async keep(worktree: PooledWorktree, reason: string): Promise<void> {
    try {
      await this.#lock(worktree, lockReason.kept(this.#run.id, worktree.effectId ?? "", reason));
    } finally {
      // Without the new reason the old one names the effect, so whoever recovers finds its work.
      await this.#run.git.releaseClaim({ claimId: worktree.claimId });
      this.#takeOut(worktree);
      await this.#run.git.endTracking({ name: worktree.name });
    }
  }

  /** Leaves an empty worktree where it is, because something is mounted in it: whoever recovers removes it once that is gone. */
  async #leave(worktree: PooledWorktree): Promise<void> {
    try {
      await this.#run.git.endTracking({ name: worktree.name });
      await this.#run.git.releaseClaim({ claimId: worktree.claimId });
    } finally {
      this.#takeOut(worktree);
    }
  }

  async #remove(worktree: PooledWorktree, effectId: string | null, { keepName = false } = {}): Promise<void> {
    await this.discard(worktree, { keepName }).catch((error: Error) => {
      const message = `${worktree.path} could not be removed: ${error.message}. 'coppice clean' does it`;
      this.#run.emit("warning", { code: "WORKTREE_NOT_REMOVED", message, effectId });
    });
  }

  /**
   * Takes the worktree out of the pool and moves it to the trash. Its work must be durable elsewhere, or unwanted. `keepName`: the
   * claim on its name ends with the session.
   */
  async discard(worktree: PooledWorktree, { keepName = false } = {}): Promise<void> {
    const { name, path } = worktree;
    try {
      await markEmpty(this.#run.git, name, this.#run.id);
      await this.#run.git.removeWorktree({ name, path, trashPath: this.#trash });
    } finally {
      if (!keepName) await this.#run.git.releaseClaim({ claimId: worktree.claimId });
      this.#takeOut(worktree);
    }
  }

  /** Removes what is idle. Leases must have ended. */
  async close(): Promise<void> {
    for (const worktree of await this.#supply.close()) await this.#warnIfMounted(() => this.discard(worktree));
    await this.#warnIfMounted(() => this.#run.git.sweepTrash({ trashPath: this.#trash }));
  }

  /** What somebody has mounted since it became idle keeps that one worktree, and not the others. */
  async #warnIfMounted(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!isCoppiceError(error, "ERR_MOUNTED")) throw error;
      this.#run.emit("warning", { code: mountedCode, message: error.message, effectId: null });
    }
  }

  get #trash(): string {
    return join(this.#folder, ".trash");
  }

  #takeOut(worktree: PooledWorktree): void {
    this.#overlaps.end(worktree);
    worktree.release?.();
    this.#supply.remove(worktree);
  }

  async #prepare(
    worktree: PooledWorktree,
    { effectId, baseOid, kind }: { effectId: string; baseOid: string; kind: HoldKind },
    signal: AbortSignal,
  ): Promise<number | null> {
    try {
      // Half reset it is no effect's work: a death until the end of this leaves nothing to keep.
      await this.#lock(worktree, lockReason.idle(this.#run.id));
      // A fresh one too: somebody may have written into it while it lay idle.
      await this.#resetFiles(worktree, baseOid, signal);
      worktree.fresh = false;
      const setupMs = await this.#provision(worktree, effectId, signal);
      // From here on a death leaves a worktree that names its effect and the base that its work is to be compared with. What a
      // verification writes is nobody's work.
      if (kind !== "verification") {
        await this.#lock(worktree, lockReason.leased(this.#run.id, effectId, baseOid));
        await this.#overlaps.begin(worktree);
      }
      this.#supply.taskStarts(worktree);
      return setupMs;
    } catch (error) {
      // Half reset: nothing of a task is in it any more, and nothing else may start from it.
      await this.#remove(worktree, effectId);
      throw error;
    }
  }

  async #resetFiles(worktree: PooledWorktree, baseOid: string, signal?: AbortSignal): Promise<void> {
    const { name, path } = worktree;
    const keepIgnored = this.#run.options.ignored === "keep";
    const keep = worktree.provisioned.paths;
    const reset = () => this.#run.git.reset({ name, path, baseOid, keepIgnored, keep }, signal);
    const reply = await (worktree.baseOid === baseOid ? reset() : this.#supply.move(worktree, reset));
    reportTracking(this.#run, name, "reset", reply);
    worktree.baseOid = baseOid;
  }

  /** Brings a leased worktree to another base; what the task left in it must be durable or unwanted. */
  async reset(worktree: PooledWorktree, baseOid: string): Promise<void> {
    const { reason } = worktree;
    await this.#lock(worktree, lockReason.idle(this.#run.id));
    try {
      await this.#resetFiles(worktree, baseOid);
      await this.#provision(worktree, worktree.effectId ?? "", neverAborted);
      await this.#lock(worktree, lockReason.leased(this.#run.id, worktree.effectId ?? "", baseOid));
    } catch (error) {
      // The lease goes on, and what its caller does next must not count as nobody's.
      await this.#lock(worktree, reason);
      throw error;
    }
  }

  async #provision(worktree: PooledWorktree, effectId: string, signal: AbortSignal): Promise<number | null> {
    const { paths } = await this.#provisioner.provision(worktree.path);
    worktree.provisioned = { paths: [...paths, ...(worktree.setUp?.paths ?? [])] };
    const setupMs = await this.#setup.ensure(worktree, effectId, signal);
    if (setupMs !== null) this.#supply.hasBeenSetUp(worktree);
    await noteProvisioned(this.#run, worktree.name, worktree.provisioned.paths);
    return setupMs;
  }

  async #lock(worktree: PooledWorktree, reason: string): Promise<void> {
    if (worktree.reason === reason) return;
    await this.#run.git.lockWorktree({ name: worktree.name, lockReason: reason });
    worktree.reason = reason;
  }
}
