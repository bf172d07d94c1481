// The words of the fault harness. A scenario is one way in which things go wrong, a case one of its faults in a world of its own, a
// problem what the oracle found afterwards that must never be.

export const problemKinds = [
  "lost",
  "mixed",
  "wrongSuccesses",
  "crashes",
  "escapes",
  "userBytesLost",
  "leftovers",
] as const;

/**
 * - lost: work that was acknowledged, or that had to settle, and is not there (or is there twice)
 * - mixed: the main working tree or its index holds neither the old nor the new state
 * - wrongSuccesses: success was said and is not true
 * - crashes: a process that ended in a way that nobody asked for, hung, or failed without an error of ours
 * - escapes: something was written outside
 * - userBytesLost: a byte of the user's is gone
 * - leftovers: a lock, worktree, ref or file of ours that stayed
 */
export type ProblemKind = (typeof problemKinds)[number];

export interface Problem {
  readonly kind: ProblemKind;
  readonly what: string;
}

export interface Finding {
  /** Faults that were put in and did happen. */
  readonly faults: number;
  /** Of them, processes that died. */
  readonly kills: number;
  readonly problems: readonly Problem[];
  /** From the abort until everything had settled; of the cases that measure it. */
  readonly abortMs?: readonly number[];
  /** Numbers of the scenario's own; those of several cases are added up. */
  readonly figures?: Readonly<Record<string, number>>;
}

export interface Case {
  /** Unique in its scenario, and enough to take it again alone. */
  readonly name: string;
  /** @param folder fresh, and removed afterwards */
  take(folder: string): Promise<Finding>;
}

export type Plan = { readonly cases: readonly Case[] } | { readonly skipped: string };

export interface Scenario {
  readonly name: string;
  /** What it shows when nothing is found. */
  readonly shows: string;
  /** Cases at most; a sample by the seed when there are more. */
  readonly amounts: { readonly quick: number; readonly full: number };
  /** What its cases look at: a count of 0 means something only for these. */
  readonly measures: readonly ProblemKind[];
  /** Cases at once; as many as there are cores when absent. */
  readonly atOnce?: number;
  plan(context: Context): Promise<Plan>;
}

export interface Context {
  /** For what all cases of a scenario share. */
  readonly folder: string;
  readonly seed: number;
  readonly quick: boolean;
}
