// The table at the end: each effect with its outcome, its files and the time of each step.

import type { Outcome, Timings } from "../effect/effect.js";
import { isSettledWell } from "../effect/settled-well.js";
import { type Cell, type Column, layColumns } from "./columns.js";
import { duration } from "./duration.js";
import { outcomeStyles, type Paint, plain } from "./style.js";

export interface TableOptions {
  /** Characters a line; 100 when absent. */
  width?: number;
  /** At most so many rows; the effects that did not land come first then, and what is left out is counted. */
  maxRows?: number;
  paint?: Paint;
}

const steps: readonly { step: keyof Timings; title: string }[] = [
  { step: "acquireMs", title: "acquire" },
  { step: "waitMs", title: "wait" },
  { step: "runMs", title: "run" },
  { step: "snapshotMs", title: "snap" },
  { step: "mergeMs", title: "merge" },
  { step: "landMs", title: "land" },
];

const columns: readonly Column[] = [
  { title: "effect", align: "left", shrinks: true },
  { title: "outcome", align: "left" },
  { title: "files", align: "right" },
  ...steps.map(({ title }): Column => ({ title, align: "right" })),
];

/** Lines without a line break, in the order of the outcomes. */
export function outcomeTable(outcomes: readonly Outcome[], options: TableOptions = {}): string[] {
  const { width = 100, maxRows = Number.POSITIVE_INFINITY, paint = plain } = options;
  const shown = outcomes.length <= maxRows ? outcomes : mostWanted(outcomes, maxRows);
  const lines = layColumns(columns, shown.map(row), width, paint);
  const left = outcomes.length - shown.length;
  return left === 0 ? lines : [...lines, paint("dim", `… and ${left} more`)];
}

/** The first ones of those that did not land, then of the others; in their own order. */
function mostWanted(outcomes: readonly Outcome[], count: number): readonly Outcome[] {
  const byNeed = [
    ...outcomes.filter((outcome) => !isSettledWell(outcome.kind)),
    ...outcomes.filter((outcome) => isSettledWell(outcome.kind)),
  ];
  const wanted = new Set(byNeed.slice(0, count));
  return outcomes.filter((outcome) => wanted.has(outcome));
}

function row(outcome: Outcome): Cell[] {
  const { mark, format } = outcomeStyles[outcome.kind];
  return [
    { text: outcome.effectId },
    { text: `${mark} ${outcome.kind}`, format },
    { text: String(outcome.changes.length) },
    ...steps.map(({ step }): Cell => ({ text: duration(outcome.timings[step]), format: "dim" })),
  ];
}
