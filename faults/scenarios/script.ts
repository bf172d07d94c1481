// The baseline: what the product is put through is done to a plain shell script over `git worktree`, and the same is asked of what is
// left. What is found here is no defect of anything: it is what such a script cannot give.
import { join } from "node:path";
import { freeUp, leave, onDisk, type Room, whyNoMounts } from "../disk.js";
import { seeded } from "../random.js";
import type { Case, Finding, Plan, Scenario } from "../scenario.js";
import {
  judgeScript,
  judgeUncommitted,
  runAgain,
  runScript,
  type ScriptExpected,
  scriptExpected,
  scriptTemplate,
} from "../script.js";
import { User } from "../user.js";
import { copyWorld, type World } from "../world.js";

const enough = { bytes: 3 << 20, inodes: 900 };
const measures = ["lost", "mixed", "crashes", "userBytesLost", "leftovers"] as const;

interface ScriptGround {
  readonly template: World;
  readonly expected: ScriptExpected;
  /** How long a whole run takes. */
  readonly wholeMs: number;
}

async function layScriptGround(folder: string): Promise<ScriptGround> {
  const template = await scriptTemplate(join(folder, "template"));
  const world = await copyWorld(template, join(folder, "untouched"));
  const start = performance.now();
  if (!(await runScript(world, null))) throw new Error("the script does not come to its end without a fault");
  const wholeMs = performance.now() - start;
  const expected = await scriptExpected(world);
  const problems = await judgeScript(world, expected);
  if (problems.length > 0) throw new Error(`without a fault: ${JSON.stringify(problems)}`);
  return { template, expected, wholeMs };
}

export const scriptKilled: Scenario = {
  name: "script-kill",
  shows: "a shell script over git worktree: kill -9 at chance moments, then again",
  amounts: { quick: 20, full: 300 },
  measures,
  async plan({ folder, seed }): Promise<Plan> {
    const { template, expected, wholeMs } = await layScriptGround(folder);
    const random = seeded(seed);
    const cases = Array.from({ length: 300 }, (_, number): Case => {
      const ms = Math.round(random() * wholeMs);
      return {
        name: `${number}-after-${ms}-ms`,
        async take(place): Promise<Finding> {
          const world = await copyWorld(template, place);
          const kills = (await runScript(world, ms)) ? 0 : 1;
          const problems = await judgeUncommitted(world);
          problems.push(...(await runAgain(world)), ...(await judgeScript(world, expected)));
          return { faults: kills, kills, problems };
        },
      };
    });
    return { cases };
  },
};

export const scriptOnFullDisk: Scenario = {
  name: "script-full-disk",
  shows: "the same on a tmpfs with ever more room, then again with room",
  amounts: { quick: 14, full: 150 },
  measures,
  async plan({ folder }): Promise<Plan> {
    const why = await whyNoMounts(folder);
    if (why !== null) return { skipped: why };
    const { template, expected } = await layScriptGround(folder);
    const rooms = (["bytes", "inodes"] as const).flatMap((of) =>
      Array.from({ length: 75 }, (_, step): Room => ({ of, free: Math.round((enough[of] * step) / 75) })),
    );
    const cases = rooms.map(
      (room): Case => ({
        name: `${room.of}-${room.free}`,
        async take(place): Promise<Finding> {
          const disk = join(place, "disk");
          return onDisk(disk, async () => {
            // Its log is elsewhere, as that of the product is.
            const world = { ...(await copyWorld(template, disk)), folder: place };
            await leave(disk, room);
            const faults = (await runScript(world, null)) ? 0 : 1;
            const problems = await judgeUncommitted(world);
            await freeUp(disk);
            problems.push(...(await runAgain(world)), ...(await judgeScript(world, expected)));
            return { faults, kills: 0, problems };
          });
        },
      }),
    );
    return { cases };
  },
};

export const scriptBesideUser: Scenario = {
  name: "script-user-works",
  shows: "the same while the user works in the main tree",
  amounts: { quick: 8, full: 100 },
  measures: ["lost", "crashes", "userBytesLost", "leftovers"],
  async plan({ folder, seed }): Promise<Plan> {
    const { template } = await layScriptGround(folder);
    const cases = Array.from(
      { length: 100 },
      (_, number): Case => ({
        name: `${number}`,
        async take(place): Promise<Finding> {
          const world = await copyWorld(template, place);
          const user = new User(world.repository, seeded(seed * 1_000 + number));
          const working = user.work();
          await runScript(world, null);
          const again = await runAgain(world);
          user.stop();
          await working;
          const problems = [...again, ...(await judgeScript(world, null)), ...(await user.judge())];
          return { faults: user.acts, kills: 0, problems };
        },
      }),
    );
    return { cases };
  },
};
