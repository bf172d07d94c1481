// The process kills itself within native calls, at the failpoints of native/git: each step of a flush, a ref, a landing, a claim, a
// worktree, a reset. In the second scenario the process that recovers is killed as well.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { faultAddon } from "../built.js";
import { type Ground, layGround } from "../ground.js";
import type { Case, Plan, Scenario } from "../scenario.js";
import { liveAgain } from "../two-lives.js";
import { type WalkOrder, walk } from "../walk.js";
import { copyWorld } from "../world.js";

interface Step {
  readonly name: string;
  readonly nth: number;
}

const measures = ["lost", "mixed", "crashes", "userBytesLost", "leftovers"] as const;

export const killSteps: Scenario = {
  name: "kill-steps",
  shows: "kill -9 at every step within native calls",
  amounts: { quick: 35, full: Number.POSITIVE_INFINITY },
  measures,
  async plan({ folder }): Promise<Plan> {
    const { ground, steps } = await layWatchedGround(folder);
    return { cases: steps.map((step) => killed(ground, [step])) };
  },
};

export const killRecovery: Scenario = {
  name: "kill-recovery",
  shows: "the same, and again while that is recovered",
  amounts: { quick: 15, full: 400 },
  measures,
  async plan({ folder }): Promise<Plan> {
    const { ground, steps } = await layWatchedGround(folder);
    const recovering = await stepsOfRecovery(ground, join(folder, "recovery"));
    return { cases: steps.flatMap((first) => recovering.map((second) => killed(ground, [first, second]))) };
  },
};

async function layWatchedGround(folder: string): Promise<{ ground: Ground; steps: Step[] }> {
  const report = join(folder, "steps");
  const ground = await layGround(folder, { addon: faultAddon, env: { COPPICE_FAILPOINT_REPORT: report } });
  return { ground, steps: countSteps(await readFile(report, "utf8")) };
}

function killed({ template, expected }: Ground, steps: readonly Step[]): Case {
  const deaths = steps.map(({ name, nth }): WalkOrder => {
    const env = { COPPICE_FAILPOINT: name, COPPICE_FAILPOINT_NTH: String(nth) };
    return { addon: faultAddon, env };
  });
  return {
    name: steps.map(({ name, nth }) => `${name}-${nth}`).join("-then-"),
    take: async (place) => liveAgain(await copyWorld(template, place), expected, deaths),
  };
}

/** What opening again comes by, after a death in the middle of a landing. */
async function stepsOfRecovery({ template }: Ground, folder: string): Promise<Step[]> {
  const world = await copyWorld(template, folder);
  const env = { COPPICE_FAILPOINT: "landing.path", COPPICE_FAILPOINT_NTH: "3" };
  await walk(world, { addon: faultAddon, env });
  const report = join(folder, "steps");
  await walk(world, { addon: faultAddon, env: { COPPICE_FAILPOINT_REPORT: report } });
  return countSteps(await readFile(report, "utf8")).filter(({ nth }) => nth <= 3);
}

/** Each time that each name was reached. */
function countSteps(report: string): Step[] {
  const times = new Map<string, number>();
  return report
    .split("\n")
    .filter((name) => name !== "")
    .map((name) => {
      const nth = (times.get(name) ?? 0) + 1;
      times.set(name, nth);
      return { name, nth };
    });
}
