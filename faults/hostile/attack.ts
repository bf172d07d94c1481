// Starts a program of attempts in a world with canaries, and tells what came of them: how many attempts were made, and whatever got out,
// crashed, hung, or kept an honest effect from landing afterwards.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { faultAddon } from "../built.js";
import { runProgram } from "../run-program.js";
import type { Finding, Problem } from "../scenario.js";
import { judgeUsersFiles } from "../users-files.js";
import { runId } from "../walk.js";
import type { World } from "../world.js";
import { judgeCanaries, lookOutside } from "./canaries.js";

/** How paths are opened beneath a root: by openat2, or by the walk that other systems take. */
export const ways = ["kernel", "portable"] as const;
export type Way = (typeof ways)[number];

const programs = {
  attack: new URL("../program/attack.mjs", import.meta.url),
  live: new URL("../program/live.mjs", import.meta.url),
};

interface Ended {
  readonly attempts: number;
  readonly crashes: readonly string[];
  readonly warnings: readonly string[];
  /** Why an honest effect did not land in the end; null: it did. */
  readonly honest: string | null;
}

/** What the harness itself writes into the folder of a case. */
const own = ["order.json", "ended.json", "swapping", "swapping.next", "swaps"];

/** @param order for the program, beside what every program is given */
export async function attack(world: World, program: keyof typeof programs, way: Way, order: object): Promise<Finding> {
  const { folder: place, repository } = world;
  const [orderFile, report] = [join(place, "order.json"), join(place, "ended.json")];
  const addon = way === "portable" ? faultAddon : null;
  const given = { repository, runId, cwd: join(place, "cwd"), addon, report, ...order };
  await writeFile(orderFile, JSON.stringify(given));
  const before = await lookOutside(place, own);
  const env = way === "portable" ? { COPPICE_FAULTS_PORTABLE: "1" } : {};
  const path = fileURLToPath(programs[program]);
  const { exitCode, signal, hung, said } = await runProgram(process.execPath, [path, orderFile], env);
  const problems = [...judgeCanaries(before, await lookOutside(place, own)), ...(await judgeUsersFiles(world))];
  const text = await readFile(report, "utf8").catch(() => null);
  if (hung || exitCode !== 0 || text === null) {
    const how = hung ? "hung" : `ended with ${signal ?? exitCode}`;
    return { faults: 0, kills: 0, problems: [...problems, { kind: "crashes", what: `it ${how}: ${said}` }] };
  }
  const { attempts, crashes, honest, warnings } = JSON.parse(text) as Ended;
  problems.push(...crashes.map((what): Problem => ({ kind: "crashes", what })));
  if (honest !== null)
    problems.push({
      kind: "lost",
      what: `an honest effect did not land afterwards: ${honest}; ${warnings.join("; ")}`,
    });
  return { faults: attempts, kills: 0, problems };
}
