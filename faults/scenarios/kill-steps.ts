// The process kills itself within native calls, at the failpoints of native/git: each step of a flush, a ref, a landing, a claim, a
// worktree, a reset. Then, in the full run, the recovery that follows is killed too.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { faultAddon } from "../built.js";
import { type Ground, layGround } from "../ground.js";
import { sample } from "../random.js";
import type { Case, Plan, Scenario } from "../scenario.js";
import { liveAgain } from "../two-lives.js";
import { type WalkOrder, walk } from "../walk.js";
import { copyWorld } from "../world.js";

interface Step {
  readonly name: string;
  readonly nth: number;
}

/** Of the second life, whose failpoints depend on where the first one ended: the first few of each name are always there. */
const secondDeaths = 400;

export const killSteps: Scenario = {
  name: "kill-steps",
  shows: "kill -9 at the steps within native calls",
  amounts: { quick: 50, full: Number.POSITIVE_INFINITY },
  measures: ["lost", "mixed", "crashes", "userBytesLost", "leftovers"],
  async plan({ folder, seed }): Promise<Plan> {
    const report = join(folder, "steps");
    const ground = await layGround(folder, { addon: faultAddon, env: { COPPICE_FAILPOINT_REPORT: report } });
    const steps = countSteps(await readFile(report, "utf8"));
    const recovering = await stepsOfRecovery(ground, join(folder, "recovery"));
    const once = steps.map((step) => killed(ground, [step]));
    const pairs = steps.flatMap((first) => recovering.map((second) => [first, second]));
    const twice = sample(pairs, secondDeaths, seed).map((pair) => killed(ground, pair));
    return { cases: [...once, ...twice] };
  },
};

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
