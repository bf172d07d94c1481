// The pool: a bounded set of worktrees beside the repository. A released one stays warm and is reset in place for the next
// effect, because creating and removing costs 20 to 40 times as much. Each worktree is claimed with a lock of the
// operating system for as long as this process, or a child that inherited the descriptor, lives.

import { join } from "node:path";
import { CoppiceError, isCoppiceError } from "../errors.js";
import type { Run } from "../run.js";
import { type Release, Semaphore } from "../semaphore.js";
import { placeFolder } from "./folder.js";
import { lockReason } from "./list.js";
import { emptyProvision, type Provisioned, type Provisioner } from "./provision.js";

const maxWorktrees = 1000;

export interface PooledWorktree {
  /** `w01`...: the folder's name, and the admin directory's. */
  readonly name: string;
  readonly path: string;
  /** For children of the task to inherit, so that the claim outlives this process with them. */
  readonly descriptor: number;
  readonly claimId: number;
  provisioned: Provisioned;
  effectId: string | null;
  baseOid: string;
  release: Release | null;
}

export class WorktreePool {
  readonly #run: Run;
  readonly #folder: string;
  readonly #provisioner: Provisioner;
  readonly #admission: Semaphore;
  readonly #worktrees = new Map<string, PooledWorktree>();
  readonly #idle: PooledWorktree[] = [];

  private constructor(run: Run, folder: string, provisioner: Provisioner) {
    this.#run = run;
    this.#folder = folder;
    this.#provisioner = provisioner;
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
    effectId: string,
    baseOid: string,
    place: Release,
    signal: AbortSignal,
  ): Promise<{ worktree: PooledWorktree; created: boolean }> {
    try {
      const idle = this.#idle.pop();
      const worktree = idle ?? (await this.#create(effectId, baseOid, signal));
      worktree.release = place;
      worktree.effectId = effectId;
      await this.#prepare(worktree, effectId, baseOid, idle !== undefined, signal);
      return { worktree, created: idle === undefined };
    } catch (error) {
      place();
      throw error;
    }
  }

  /** Gives a worktree back whose work is durable elsewhere. One that a process still holds is retired instead. */
  async release(worktree: PooledWorktree): Promise<{ retired: boolean }> {
    const { holders } = await this.#run.git.listHolders({ path: worktree.path });
    const holder = holders[0];
    if (holder !== undefined) {
      const message =
        `process ${holder.pid} (${holder.command}) still holds ${worktree.path} (${holder.kind}); ` +
        "the worktree is not used again";
      this.#run.emit("warning", { code: "WORKTREE_HELD", message, effectId: worktree.effectId });
      await this.discard(worktree);
      return { retired: true };
    }
    await this.#lock(worktree, lockReason.idle(this.#run.id));
    worktree.effectId = null;
    this.#idle.push(worktree);
    worktree.release?.();
    return { retired: false };
  }

  /** Leaves the worktree where it is, locked under this reason: it holds work that nothing else holds. */
  async keep(worktree: PooledWorktree, reason: string): Promise<void> {
    this.#worktrees.delete(worktree.name);
    await this.#lock(worktree, lockReason.kept(this.#run.id, worktree.effectId ?? "", reason));
    await this.#run.git.releaseClaim({ claimId: worktree.claimId });
    worktree.release?.();
  }

  /** Takes the worktree out of the pool and moves it to the trash. Its work must be durable elsewhere, or unwanted. */
  async discard(worktree: PooledWorktree): Promise<void> {
    this.#worktrees.delete(worktree.name);
    const { name, path } = worktree;
    try {
      await this.#run.git.removeWorktree({ name, path, trashPath: this.#trash });
    } finally {
      await this.#run.git.releaseClaim({ claimId: worktree.claimId });
      worktree.release?.();
    }
  }

  list(): PooledWorktree[] {
    return [...this.#worktrees.values()];
  }

  /** Removes what is idle. Leases must have ended. */
  async close(): Promise<void> {
    for (const worktree of this.#idle.splice(0)) await this.discard(worktree);
    await this.#run.git.sweepTrash({ trashPath: this.#trash });
  }

  get #trash(): string {
    return join(this.#folder, ".trash");
  }

  async #create(effectId: string, baseOid: string, signal: AbortSignal): Promise<PooledWorktree> {
    for (let number = 1; number <= maxWorktrees; number++) {
      const name = `w${String(number).padStart(2, "0")}`;
      if (this.#worktrees.has(name)) continue;
      const owner = `process ${process.pid}, run ${this.#run.id}`;
      const claim = await this.#run.git.claim({ name: `worktree/${name}`, owner });
      if (!claim.claimed) continue;
      try {
        const worktree = await this.#add(name, claim, effectId, baseOid, signal);
        if (worktree !== null) return worktree;
      } catch (error) {
        await this.#run.git.releaseClaim({ claimId: claim.claimId });
        throw error;
      }
      await this.#run.git.releaseClaim({ claimId: claim.claimId });
    }
    throw new CoppiceError(
      "ERR_LIMIT",
      `${this.#folder} holds ${maxWorktrees} worktrees already: 'coppice list' shows those that keep work, 'coppice drop' removes one`,
    );
  }

  /** Null: the name is taken, by a worktree of the user's or one that keeps work. */
  async #add(
    name: string,
    claim: { claimId: number; descriptor: number },
    effectId: string,
    baseOid: string,
    signal: AbortSignal,
  ): Promise<PooledWorktree | null> {
    const path = join(this.#folder, name);
    try {
      await this.#run.git.addWorktree(
        {
          name,
          path,
          baseOid,
          lockReason: lockReason.leased(this.#run.id, effectId),
          copyFrom: this.#run.repository.workingDirectory,
        },
        signal,
      );
    } catch (error) {
      if (isCoppiceError(error, "ERR_EXISTS")) return null;
      throw error;
    }
    const worktree: PooledWorktree = {
      name,
      path,
      descriptor: claim.descriptor,
      claimId: claim.claimId,
      provisioned: emptyProvision,
      effectId,
      baseOid,
      release: null,
    };
    this.#worktrees.set(name, worktree);
    return worktree;
  }

  async #prepare(
    worktree: PooledWorktree,
    effectId: string,
    baseOid: string,
    warm: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      if (warm) {
        // The reason goes first: from here on a death of this process leaves a worktree that names its effect.
        await this.#lock(worktree, lockReason.leased(this.#run.id, effectId));
        await this.#resetFiles(worktree, baseOid, signal);
      }
      worktree.provisioned = await this.#provisioner.provision(worktree.path);
    } catch (error) {
      // Half reset: nothing of a task is in it any more, and nothing else may start from it.
      await this.discard(worktree);
      throw error;
    }
  }

  async #resetFiles(worktree: PooledWorktree, baseOid: string, signal?: AbortSignal): Promise<void> {
    const { name, path } = worktree;
    const keepIgnored = this.#run.options.ignored === "keep";
    await this.#run.git.reset({ name, path, baseOid, keepIgnored, keep: worktree.provisioned.paths }, signal);
    worktree.baseOid = baseOid;
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
