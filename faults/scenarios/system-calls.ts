// Blind: not at steps that somebody has named, but at every system call by which the process creates or changes a file of the
// repository or of a worktree. It dies there, or the call fails: once, or from there on.
import { join } from "node:path";
import { failingCallsLibrary } from "../built.js";
import { callsOf, type FailingCall, meeting, type SystemError } from "../failing-calls.js";
import { type Ground, layGround } from "../ground.js";
import type { Case, Plan, Scenario } from "../scenario.js";
import { liveAgain, liveThroughErrors } from "../two-lives.js";
import { copyWorld } from "../world.js";

const skipped = "calls are met through LD_PRELOAD, which this system does not have";
const errors: readonly SystemError[] = ["ENOSPC", "EIO", "EACCES", "EMFILE", "ENOMEM", "EDQUOT"];

export const killSystemCalls: Scenario = {
  name: "kill-syscalls",
  shows: "kill -9 before every system call that changes a file",
  amounts: { quick: 30, full: Number.POSITIVE_INFINITY },
  measures: ["lost", "mixed", "crashes", "userBytesLost", "leftovers"],
  async plan({ folder }): Promise<Plan> {
    const library = failingCallsLibrary();
    if (library === null) return { skipped };
    const ground = await layGround(folder);
    const calls = await callsOf(library, ground.template, join(folder, "calls"));
    return { cases: calls.map((_, index) => killedAt(library, ground, index + 1)) };
  },
};

function killedAt(library: string, { template, expected }: Ground, nth: number): Case {
  return {
    name: `call-${nth}`,
    async take(place) {
      const world = await copyWorld(template, place);
      return liveAgain(world, expected, [meeting(library, world, { nth, act: "kill" })]);
    },
  };
}

export const failSystemCalls: Scenario = {
  name: "system-errors",
  shows: "system calls fail: ENOSPC, EIO, EACCES, EMFILE, ENOMEM, EDQUOT",
  amounts: { quick: 40, full: 3_000 },
  measures: ["lost", "mixed", "wrongSuccesses", "crashes", "userBytesLost", "leftovers"],
  async plan({ folder }): Promise<Plan> {
    const library = failingCallsLibrary();
    if (library === null) return { skipped };
    const ground = await layGround(folder);
    const calls = await callsOf(library, ground.template, join(folder, "calls"));
    const cases = calls.flatMap((_, index) =>
      errors.flatMap((act) => [false, true].map((ever) => failing(library, ground, { nth: index + 1, act, ever }))),
    );
    return { cases };
  },
};

function failing(library: string, { template, expected }: Ground, call: FailingCall): Case {
  return {
    name: `${call.act}-${call.ever ? "from" : "at"}-${call.nth}`,
    async take(place) {
      const world = await copyWorld(template, place);
      return liveThroughErrors(world, expected, meeting(library, world, call));
    },
  };
}
