// Outcomes, counted by kind.

import type { Outcome, OutcomeKind } from "../effect/effect.js";
import { outcomeStyles, type Paint } from "./style.js";

export type Tally = Record<OutcomeKind, number>;

export function emptyTally(): Tally {
  return { landed: 0, unchanged: 0, conflicted: 0, blocked: 0, failed: 0, aborted: 0 };
}

export function tally(outcomes: Iterable<Outcome>): Tally {
  const counts = emptyTally();
  for (const { kind } of outcomes) counts[kind]++;
  return counts;
}

/** "✓ 12 landed  ≠ 1 conflicted": the kinds that occurred. */
export function tallyLine(counts: Tally, paint: Paint): string {
  const kinds = Object.keys(outcomeStyles) as OutcomeKind[];
  const parts = kinds
    .filter((kind) => counts[kind] > 0)
    .map((kind) => paint(outcomeStyles[kind].format, `${outcomeStyles[kind].mark} ${counts[kind]} ${kind}`));
  return parts.length === 0 ? "nothing settled" : parts.join("  ");
}
