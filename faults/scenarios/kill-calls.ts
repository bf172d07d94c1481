// The process kills itself before or after each call that the TypeScript side makes of the native side: every order of steps that
// src/ decides is cut at every place.
import { layGround } from "../ground.js";
import type { Case, Plan, Scenario } from "../scenario.js";
import { liveAgain } from "../two-lives.js";
import { copyWorld } from "../world.js";

export const killCalls: Scenario = {
  name: "kill-calls",
  shows: "kill -9 before and after every native call of a run",
  amounts: { quick: 30, full: Number.POSITIVE_INFINITY },
  measures: ["lost", "mixed", "crashes", "userBytesLost", "leftovers"],
  async plan({ folder }): Promise<Plan> {
    const { template, expected, calls } = await layGround(folder);
    const points = Object.entries(calls).flatMap(([call, times]) =>
      Array.from({ length: times }, (_, index) => ({ call, nth: index + 1 })),
    );
    const cases = points.flatMap(({ call, nth }) =>
      (["before", "after"] as const).map(
        (when): Case => ({
          name: `${when}-${call}-${nth}`,
          take: async (place) => liveAgain(await copyWorld(template, place), expected, [{ arm: { call, nth, when } }]),
        }),
      ),
    );
    return { cases };
  },
};
