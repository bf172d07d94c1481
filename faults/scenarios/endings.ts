// Every way to stop in the middle that is not a kill: an abort, a close, a signal, process.exit, an exception that nobody catches, the
// end of the worker thread that the manager lives in. At chance moments, and when a native call has just begun, so that native threads
// are at work; no process may crash, and the next one comes to the end.
import { fileURLToPath } from "node:url";
import { type Ground, layGround } from "../ground.js";
import { judge } from "../oracle.js";
import { seeded } from "../random.js";
import { runProgram } from "../run-program.js";
import type { Case, Finding, Plan, Problem, Scenario } from "../scenario.js";
import { unasked } from "../two-lives.js";
import { runId, walk } from "../walk.js";
import { copyWorld, type World } from "../world.js";

const program = fileURLToPath(new URL("../program/abort.mjs", import.meta.url));
const ways = ["abort", "close", "exit", "throw", "terminate", "SIGTERM", "SIGINT"] as const;
type Way = (typeof ways)[number];

/** A walk takes about this long, from the moment in which the manager is open. */
const walkMs = 250;
const times = 150;
/** Those that take long, and those after which nothing is as before. */
const callsInFlight = [
  ...["addWorktree", "snapshot", "reset", "mergeSequence", "flush"],
  ...["beginLanding", "checkPaths", "moveTarget", "updatePaths", "endLanding"],
];
/** So many that a worktree or a scan of it takes a while. */
const bulkFiles = 300;

export const endings: Scenario = {
  name: "endings",
  shows: "abort, close, exit, exception, terminate, SIGTERM, SIGINT",
  amounts: { quick: 14, full: Number.POSITIVE_INFINITY },
  measures: ["lost", "mixed", "crashes", "userBytesLost", "leftovers"],
  async plan({ folder, seed }): Promise<Plan> {
    const ground = await layGround(folder, {}, bulkFiles);
    const random = seeded(seed);
    const moments = Array.from({ length: times }, (_, number) =>
      number % 2 === 0 ? atSomeTime(random) : inFlight(ground, random),
    );
    return { cases: moments.flatMap((moment, number) => ways.map((way) => ending(ground, way, moment, number))) };
  },
};

/** After some time, or when that call has just begun. */
interface Moment {
  readonly afterMs: number;
  readonly during: { readonly call: string; readonly nth: number } | null;
}

function atSomeTime(random: () => number): Moment {
  return { afterMs: Math.round(random() * walkMs), during: null };
}

function inFlight({ calls }: Ground, random: () => number): Moment {
  const known = callsInFlight.filter((call) => (calls[call] ?? 0) > 0);
  const call = known[Math.floor(random() * known.length)] as string;
  return { afterMs: 0, during: { call, nth: 1 + Math.floor(random() * (calls[call] as number)) } };
}

function ending({ template, expected }: Ground, way: Way, moment: Moment, number: number): Case {
  const { during, afterMs } = moment;
  const when = during === null ? `after-${afterMs}-ms` : `during-${during.call}-${during.nth}`;
  return {
    name: `${way}-${number}-${when}`,
    async take(place): Promise<Finding> {
      const world = await copyWorld(template, place);
      const { problems, abortMs } = await end(world, way, moment);
      const last = await walk(world);
      problems.push(...unasked(last, false), ...(await judge(world, expected, [last.acknowledged])));
      return { faults: 1, kills: 0, problems, abortMs };
    },
  };
}

async function end(
  { repository, baseOid }: World,
  way: Way,
  moment: Moment,
): Promise<{ problems: Problem[]; abortMs: number[] }> {
  const order = JSON.stringify({ repository, baseOid, runId, way, ...moment });
  const { exitCode, signal, hung, said } = await runProgram(process.execPath, [program, order]);
  const wanted = way === "SIGTERM" || way === "SIGINT" ? signal === way : exitCode === (way === "throw" ? 1 : 0);
  const how = hung ? "hung" : `ended with ${signal ?? exitCode}`;
  // An exception is told with its text; a crash of the native side is told by abort(3) or by a signal.
  const problems: Problem[] = wanted && !hung ? [] : [{ kind: "crashes", what: `${way}: it ${how}: ${said}` }];
  const told = /^\{"abortMs":.*$/m.exec(said);
  const abortMs = told === null ? [] : [(JSON.parse(told[0]) as { abortMs: number }).abortMs];
  if (way === "abort" && wanted && told === null)
    problems.push({ kind: "crashes", what: `nothing was told after an abort: ${said}` });
  return { problems, abortMs };
}
