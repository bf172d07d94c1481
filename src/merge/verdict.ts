// What passes through the merge room: a snapshot that waits to land goes in, a verdict about it comes out.

import type { BlockedPath, Conflict, Outcome, Resolution, Snapshot } from "../effect/effect.js";
import type { StepClock } from "../effect/timings.js";
import type { CoppiceError } from "../errors.js";
import type { ConflictDecider } from "./conflict-decider.js";

export interface DisplacedPath {
  path: string;
  reason: string;
  keptPath: string | null;
}

export type Verdict =
  | {
      kind: "landed";
      commitOid: string;
      displaced: readonly DisplacedPath[];
      resolutions: readonly Resolution[];
    }
  | { kind: "unchanged"; resolutions: readonly Resolution[] }
  /** `rerun`: its task runs again, so it comes back. */
  | {
      kind: "conflicted";
      conflicts: readonly Conflict[];
      resolutions: readonly Resolution[];
      rerun: boolean;
    }
  | { kind: "blocked"; blocked: readonly BlockedPath[] }
  | { kind: "failed"; error: CoppiceError };

/** A snapshot on disk that waits to land. */
export interface Landable {
  readonly effectId: string;
  /** Of the request, for the ledger. */
  readonly digest: string;
  readonly snapshot: Snapshot & { readonly snapshotOid: string };
  /** The commit's message without trailers. */
  readonly message: string;
  readonly clock: StepClock;
  /** Decides its conflicts. */
  readonly decider: ConflictDecider;
  /** Ends what is done for it alone: nobody waits for it any more. */
  readonly signal: AbortSignal;
  /** Effects of one call that land in its order have the same: those behind one that runs again wait for it. */
  readonly group: object | null;
  /** True: this is work kept earlier, whose ref goes when it lands. */
  readonly wasKept: boolean;
  /** The outcome that a verdict makes of this effect; it is what the ledger records. */
  outcome(verdict: Verdict): Outcome;
}
