// What must be reached, and where the figure for it is found: the table at the head of docs/performance.md.
import type { Result } from "./result.js";
import { shown } from "./result-table.js";

export interface Goal {
  what: string;
  trial: string;
  figure: string;
  atLeast?: number;
  atMost?: number;
  unit: string;
}

const fanOut = "fan-out of 100 effects of 3 files, concurrency 8, 20,000 files, wall";

export const goals: readonly Goal[] = [
  {
    what: `${fanOut}: the git script over ours, cold pool`,
    trial: "fan-out",
    figure: "ratioGitCold",
    atLeast: 40,
    unit: "x",
  },
  { what: "the same, warm pool", trial: "fan-out", figure: "ratioGitWarm", atLeast: 150, unit: "x" },
  { what: "tuned git over ours, cold pool", trial: "fan-out", figure: "ratioTunedCold", atLeast: 8, unit: "x" },
  { what: "the same, warm pool", trial: "fan-out", figure: "ratioTunedWarm", atLeast: 30, unit: "x" },
  {
    what: "our CPU per effect, task excluded, warm",
    trial: "fan-out",
    figure: "cpuMsPerEffect",
    atMost: 5,
    unit: " ms",
  },
  { what: "event-loop delay, p99, 1,000 effects", trial: "fan-out", figure: "eventLoopP99Ms", atMost: 20, unit: " ms" },
  {
    what: "CPU per effect at 80,000 files over 200, warm",
    trial: "scaling",
    figure: "ratioLargeToSmall",
    atMost: 3,
    unit: "x",
  },
  { what: "`create`, CPU: ours over the floor", trial: "create", figure: "ratioFloorCpu", atMost: 2.5, unit: "x" },
  {
    what: "`create`, CPU: `git worktree add` over ours",
    trial: "create",
    figure: "ratioGitCpu",
    atLeast: 3,
    unit: "x",
  },
  {
    what: "`snapshot` of 8 paths at 80,000 files: git over ours",
    trial: "snapshot",
    figure: "ratioGit",
    atLeast: 50,
    unit: "x",
  },
  { what: "`fan-in` of 1,000 results: git over ours", trial: "fan-in", figure: "ratioGit", atLeast: 25, unit: "x" },
  { what: "`soak`, 10,000 effects: RSS per 1,000", trial: "soak", figure: "rssMbPer1000", atMost: 1, unit: " MB" },
  { what: "`soak`: packs", trial: "soak", figure: "packs", atMost: 10, unit: "" },
];

/** Of several saved runs of a trial, the one at its own size stands here: the one with the trial's default settings. */
export function goalRow(goal: Goal, result: Result | undefined): string[] {
  const value = result?.[goal.figure];
  const wanted = goal.atLeast === undefined ? `<= ${goal.atMost}` : `>= ${goal.atLeast}`;
  if (typeof value !== "number") return [goal.what, `${wanted}${goal.unit}`, "-", "not measured"];
  const reached = goal.atLeast === undefined ? value <= (goal.atMost ?? 0) : value >= goal.atLeast;
  return [goal.what, `${wanted}${goal.unit}`, `${shown(value)}${goal.unit}`, reached ? "yes" : "**no**"];
}
