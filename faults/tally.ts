// Sums of what was found: of a scenario, and of a whole run.
import { type Finding, type Problem, type ProblemKind, problemKinds } from "./scenario.js";

export interface NamedProblem extends Problem {
  readonly case: string;
}

export interface ScenarioResult {
  readonly name: string;
  readonly shows: string;
  /** Why nothing was done; null: it was. */
  readonly skipped: string | null;
  readonly cases: number;
  readonly faults: number;
  readonly kills: number;
  readonly problems: readonly NamedProblem[];
  readonly abortMs: readonly number[];
  readonly figures: Readonly<Record<string, number>>;
  readonly seconds: number;
}

/** One kind of problem counts once a case: one cause has many signs. */
export function countOf(result: ScenarioResult, kind: ProblemKind): number {
  return new Set(result.problems.filter((problem) => problem.kind === kind).map((problem) => problem.case)).size;
}

export class Tally {
  cases = 0;
  faults = 0;
  kills = 0;
  readonly problems: NamedProblem[] = [];
  readonly abortMs: number[] = [];
  readonly figures: Record<string, number> = {};

  add(name: string, { faults, kills, problems, abortMs = [], figures = {} }: Finding): void {
    this.cases += 1;
    this.faults += faults;
    this.kills += kills;
    this.problems.push(...problems.map((problem) => ({ ...problem, case: name })));
    this.abortMs.push(...abortMs);
    for (const [what, figure] of Object.entries(figures)) this.figures[what] = (this.figures[what] ?? 0) + figure;
  }
}

export type Summary = Record<"faults" | "kills", number> &
  Record<ProblemKind, number | null> & { abortP95Ms: number | null; seconds: number };

/** @param measured kinds that a scenario of this run looks at; others are null */
export function summarise(
  results: readonly ScenarioResult[],
  measured: ReadonlySet<ProblemKind>,
  seconds: number,
): Summary {
  const taken = results.filter(({ skipped }) => skipped === null);
  const sum = (of: (result: ScenarioResult) => number) => taken.reduce((total, result) => total + of(result), 0);
  const counted = (kind: ProblemKind) => {
    const found = sum((result) => countOf(result, kind));
    return taken.length === 0 || (found === 0 && !measured.has(kind)) ? null : found;
  };
  return {
    faults: sum(({ faults }) => faults),
    kills: sum(({ kills }) => kills),
    ...(Object.fromEntries(problemKinds.map((kind) => [kind, counted(kind)])) as Record<ProblemKind, number | null>),
    abortP95Ms: percentile(
      taken.flatMap(({ abortMs }) => abortMs),
      95,
    ),
    seconds: Math.round(seconds),
  };
}

function percentile(values: readonly number[], percent: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)];
  return value === undefined ? null : Math.round(value);
}
