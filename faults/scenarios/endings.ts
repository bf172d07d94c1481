// Every way to stop in the middle that is not a kill: an abort, a close, a signal, process.exit, an exception that nobody catches, the
// end of the worker thread that the manager lives in. Native work is in flight each time; no process may crash, and the next one
// comes to the end.
import { fileURLToPath } from "node:url";
import { layGround } from "../ground.js";
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

export const endings: Scenario = {
  name: "endings",
  shows: "abort, close, exit, exception, terminate, SIGTERM, SIGINT",
  amounts: { quick: 21, full: Number.POSITIVE_INFINITY },
  measures: ["lost", "mixed", "crashes", "userBytesLost", "leftovers"],
  async plan({ folder, seed }): Promise<Plan> {
    const { template, expected } = await layGround(folder);
    const random = seeded(seed);
    const cases = Array.from({ length: times }, () => Math.round(random() * walkMs)).flatMap((afterMs, number) =>
      ways.map(
        (way): Case => ({
          name: `${way}-${number}-after-${afterMs}-ms`,
          async take(place): Promise<Finding> {
            const world = await copyWorld(template, place);
            const { problems, abortMs } = await end(world, way, afterMs);
            const last = await walk(world);
            problems.push(...unasked(last, false), ...(await judge(world, expected, [last.acknowledged])));
            return { faults: 1, kills: 0, problems, abortMs };
          },
        }),
      ),
    );
    return { cases };
  },
};

async function end(
  { repository, baseOid }: World,
  way: Way,
  afterMs: number,
): Promise<{ problems: Problem[]; abortMs: number[] }> {
  const order = JSON.stringify({ repository, baseOid, runId, way, afterMs });
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
