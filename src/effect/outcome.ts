// Builds outcomes: what is known of an effect gathers here while it walks the street, and each way to end reads it once.

import { type CoppiceError, isCoppiceError } from "../errors.js";
import type { BlockedPath, Change, Conflict, Kept, Landed, Outcome, Snapshot, Unheld } from "./effect.js";
import { StepClock } from "./timings.js";

export class OutcomeDraft {
  readonly clock = new StepClock();
  baseOid: string | null = null;
  snapshotOid: string | null = null;
  changes: readonly Change[] = [];
  unheld: readonly Unheld[] = [];
  /** Where the worktree stays because it holds more than the snapshot. */
  keptWorktree: string | null = null;
  /** What the task returned; null until then. */
  value: unknown = null;

  attempt = 1;

  constructor(
    readonly effectId: string,
    readonly runId: string,
  ) {}

  /** Takes over what a snapshot found; a worktree with things that a commit cannot carry stays. */
  hold(snapshot: Snapshot, worktreePath: string | null): void {
    this.snapshotOid = snapshot.snapshotOid;
    this.changes = snapshot.changes;
    this.unheld = snapshot.unheld;
    if (snapshot.unheld.length > 0) this.keptWorktree = worktreePath;
  }

  landed(commitOid: string, displaced: Landed["displaced"], kept: Kept | null): Outcome {
    return { kind: "landed", ...this.#settled(kept), value: this.value, commitOid, displaced };
  }

  unchanged(kept: Kept | null): Outcome {
    return { kind: "unchanged", ...this.#settled(kept), value: this.value };
  }

  conflicted(conflicts: readonly Conflict[], kept: Kept): Outcome {
    return { kind: "conflicted", ...this.#settled(kept), value: this.value, conflicts };
  }

  blocked(blocked: readonly BlockedPath[], kept: Kept): Outcome {
    return { kind: "blocked", ...this.#settled(kept), value: this.value, blocked };
  }

  /** Aborted when the caller wanted it, failed otherwise. */
  failed(error: CoppiceError, kept: Kept | null): Outcome {
    const kind = isCoppiceError(error, "ERR_ABORTED") ? "aborted" : "failed";
    return { kind, ...this.#settled(kept), error };
  }

  #settled(kept: Kept | null) {
    return {
      effectId: this.effectId,
      runId: this.runId,
      attempt: this.attempt,
      baseOid: this.baseOid,
      snapshotOid: this.snapshotOid,
      changes: this.changes,
      unheld: this.unheld,
      kept,
      timings: this.clock.read(),
      replayed: false,
    };
  }
}
