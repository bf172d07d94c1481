// Builds outcomes: what is known of an effect gathers here while it walks the street, and each way to end reads it once.

import { type CoppiceError, isCoppiceError } from "../errors.js";
import type {
  BlockedPath,
  Change,
  Conflict,
  Conflicted,
  Kept,
  Landed,
  Outcome,
  Rerun,
  Resolution,
  Snapshot,
  Unheld,
} from "./effect.js";
import { type Labels, noLabels } from "./labels.js";
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
  /** Set when its conflicts are to make the task run again. */
  rerunFor: readonly Conflict[] | null = null;
  #reruns: Rerun[] = [];
  /** Of earlier attempts. */
  #resolutions: readonly Resolution[] = [];

  constructor(
    readonly effectId: string,
    readonly runId: string,
    readonly labels: Labels = noLabels,
  ) {}

  /** Takes over what a snapshot found; a worktree with things that a commit cannot carry stays. */
  hold(snapshot: Snapshot, worktreePath: string | null): void {
    this.snapshotOid = snapshot.snapshotOid;
    this.changes = snapshot.changes;
    this.unheld = snapshot.unheld;
    if (snapshot.unheld.length > 0) this.keptWorktree = worktreePath;
  }

  /** The task runs again: this attempt was conflicted, as its outcome says, and its work is kept under `ref`. */
  again({ attempt, baseOid, snapshotOid, resolutions, conflicts }: Conflicted, ref: string | null): void {
    const paths = conflicts.map(({ path, kind }) => ({ path, kind }));
    this.#reruns.push({ attempt, baseOid, snapshotOid, ref, conflicts: paths });
    this.#resolutions = resolutions;
    this.attempt = attempt + 1;
    this.baseOid = null;
    this.snapshotOid = null;
    this.changes = [];
    this.unheld = [];
    this.keptWorktree = null;
    this.value = null;
    this.rerunFor = null;
  }

  /** How often the task has run again. */
  get reruns(): number {
    return this.#reruns.length;
  }

  landed(
    commitOid: string,
    displaced: Landed["displaced"],
    resolutions: readonly Resolution[],
    kept: Kept | null,
  ): Outcome {
    return { kind: "landed", ...this.#settledWell(kept, resolutions), value: this.value, commitOid, displaced };
  }

  unchanged(resolutions: readonly Resolution[], kept: Kept | null): Outcome {
    return { kind: "unchanged", ...this.#settledWell(kept, resolutions), value: this.value };
  }

  conflicted(conflicts: readonly Conflict[], resolutions: readonly Resolution[], kept: Kept): Outcome {
    // Whole files are for whoever decides; the ledger holds what can be looked at with git.
    const bare = conflicts.map((conflict) => ({ ...conflict, content: null }));
    return { kind: "conflicted", ...this.#settled(kept, resolutions), value: this.value, conflicts: bare };
  }

  blocked(blocked: readonly BlockedPath[], kept: Kept): Outcome {
    return { kind: "blocked", ...this.#settled(kept), value: this.value, blocked };
  }

  /** Aborted when the caller wanted it, failed otherwise. */
  failed(error: CoppiceError, kept: Kept | null): Outcome {
    const kind = isCoppiceError(error, "ERR_ABORTED") ? "aborted" : "failed";
    return { kind, ...this.#settled(kept), error };
  }

  /** What earlier attempts had kept goes. */
  #settledWell(kept: Kept | null, resolutions: readonly Resolution[]) {
    const reruns = this.#reruns.map((rerun) => ({ ...rerun, ref: null }));
    return { ...this.#settled(kept, resolutions), reruns };
  }

  #settled(kept: Kept | null, resolutions: readonly Resolution[] = []) {
    return {
      effectId: this.effectId,
      runId: this.runId,
      labels: this.labels,
      attempt: this.attempt,
      baseOid: this.baseOid,
      snapshotOid: this.snapshotOid,
      changes: this.changes,
      unheld: this.unheld,
      kept,
      resolutions: [...this.#resolutions, ...resolutions],
      reruns: [...this.#reruns],
      timings: this.clock.read(),
      replayed: false,
    };
  }
}
