// Many effects on one repository by two processes: one lives through all of its half, and what it holds is measured; the other kills
// itself now and then and is started again. Both abort some of their effects in the middle. In the end every effect has landed once,
// nothing is left, and the one that lived holds no more than it held when it was warm.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fsck } from "../../test/support/git.js";
import { judgeCoppiceLeftovers, landedCommits } from "../oracle.js";
import { type Ended, runProgram } from "../run-program.js";
import type { Case, Finding, Plan, Problem, Scenario } from "../scenario.js";
import { copyWorld, makeTemplate, type World } from "../world.js";

const program = fileURLToPath(new URL("../program/soak.mjs", import.meta.url));
const patienceMs = 60 * 60_000;
/** Effects of the two together. */
const amounts = { quick: 500, full: 10_000 };
/** From here on caches are full and code is compiled. */
const warmShare = 0.25;
/**
 * What the last quarter may hold more than the second: memory goes up and down by more than a leak of a few effects, and of up to ten
 * packs, some replaced but still read, each may be open or not. A file that each effect left open would be 125 in the shortest run.
 */
const mostGrowth = { rssMb: 24, openFiles: 24, threads: 1 };

interface Sample {
  readonly settled: number;
  readonly rssMb: number;
  readonly openFiles: number;
  readonly threads: number;
  readonly aborted: number;
}
type Line =
  | Sample
  | { readonly landed: string; readonly commitOid: string | null }
  | { readonly given: string; readonly why: string };

export const soaking: Scenario = {
  name: "soak",
  shows: "many effects with 1 % kills and 1 % aborts: memory, files, threads flat",
  amounts: { quick: 1, full: 1 },
  measures: ["lost", "crashes", "leftovers"],
  async plan({ folder, seed, quick }): Promise<Plan> {
    const template = await makeTemplate(folder);
    const effects = quick ? amounts.quick : amounts.full;
    const only: Case = {
      name: `${effects}-effects`,
      take: async (place) => takeSoak(await copyWorld(template, place), effects / 2, seed),
    };
    return { cases: [only] };
  },
};

async function takeSoak(world: World, each: number, seed: number): Promise<Finding> {
  const steady = { party: "steady", kills: false };
  const mortal = { party: "mortal", kills: true };
  const [lives, deaths] = await Promise.all([
    live(world, { ...steady, from: 0, to: each, seed }),
    liveOn(world, { ...mortal, from: 0, to: each, seed }),
  ]);
  const ended = [lives, ...deaths];
  const problems = ended.flatMap(({ exitCode, signal, hung, said }): Problem[] => {
    if (!hung && (exitCode === 0 || signal === "SIGKILL")) return [];
    return [{ kind: "crashes", what: `a process ${hung ? "hung" : `ended with ${signal ?? exitCode}`}: ${said}` }];
  });
  const logs = [await readLog(world, "steady"), await readLog(world, "mortal")];
  problems.push(...(await judgeLandedOnce(world, each, logs.flat())));
  await fsck(world.repository).catch((error: Error) =>
    problems.push({ kind: "lost", what: error.message.slice(0, 600) }),
  );
  problems.push(...(await judgeCoppiceLeftovers(world)));
  const samples = (logs[0] ?? []).filter((line) => "rssMb" in line);
  const { grown, figures } = growthOf(samples);
  problems.push(...grown);
  const kills = deaths.filter(({ signal }) => signal === "SIGKILL").length;
  const aborted = samples.at(-1)?.aborted ?? 0;
  return { faults: kills + aborted, kills, problems, figures: { effects: 2 * each, aborted, ...figures } };
}

interface Order {
  readonly party: string;
  readonly kills: boolean;
  readonly from: number;
  readonly to: number;
  readonly seed: number;
}

function live(world: World, order: Order): Promise<Ended> {
  const { repository, folder } = world;
  const argument = JSON.stringify({ repository, runId: order.party, log: logOf(folder, order.party), ...order });
  return runProgram(process.execPath, ["--expose-gc", program, argument], {}, { patienceMs });
}

/** Started again after each death with what has not landed yet, until it comes to its end. */
async function liveOn(world: World, order: Order): Promise<Ended[]> {
  const ended: Ended[] = [];
  for (let { from } = order; from < order.to; ) {
    const life = await live(world, { ...order, from, seed: order.seed + ended.length });
    ended.push(life);
    if (life.signal !== "SIGKILL" || life.hung) break;
    const landed = new Set(
      (await readLog(world, order.party)).flatMap((line) => ("landed" in line ? line.landed : [])),
    );
    while (from < order.to && landed.has(`${order.party}-${from}`)) from += 1;
    // It dies anew at each start, but the last ones must be asked for once more: only a process that closes clears up.
    if (from === order.to) from -= 1;
  }
  return ended;
}

async function judgeLandedOnce(world: World, each: number, lines: readonly Line[]): Promise<Problem[]> {
  const times = new Map<string, number>();
  for (const { effectId } of await landedCommits(world)) times.set(effectId, (times.get(effectId) ?? 0) + 1);
  const commits = new Set((await landedCommits(world)).map(({ oid }) => oid));
  const told = new Map(lines.flatMap((line) => ("landed" in line ? [[line.landed, line.commitOid] as const] : [])));
  const given = new Map(lines.flatMap((line) => ("given" in line ? [[line.given, line.why] as const] : [])));
  const ids = ["steady", "mortal"].flatMap((party) => Array.from({ length: each }, (_, index) => `${party}-${index}`));
  return ids.flatMap((id): Problem[] => {
    const commitOid = told.get(id);
    if (commitOid === undefined)
      return [{ kind: "lost", what: `${id} never landed: ${given.get(id) ?? "nothing was told"}` }];
    if (times.get(id) !== 1) return [{ kind: "lost", what: `${id} is on main ${times.get(id) ?? 0} times` }];
    return commitOid === null || commits.has(commitOid)
      ? []
      : [{ kind: "lost", what: `${commitOid} of ${id} is not on main` }];
  });
}

function growthOf(samples: readonly Sample[]): { grown: Problem[]; figures: Record<string, number> } {
  const quarter = (index: number) =>
    samples.slice(Math.floor(samples.length * index * warmShare), Math.ceil(samples.length * (index + 1) * warmShare));
  const figures: Record<string, number> = {};
  const grown: Problem[] = [];
  for (const what of ["rssMb", "openFiles", "threads"] as const) {
    const [before, after] = [1, 3].map((index) => Math.max(...quarter(index).map((sample) => sample[what])));
    if (before === undefined || after === undefined) continue;
    figures[`${what}Warm`] = Math.round(before);
    figures[`${what}Last`] = Math.round(after);
    if (after - before > mostGrowth[what])
      grown.push({ kind: "leftovers", what: `${what} went from ${before.toFixed(0)} to ${after.toFixed(0)}` });
  }
  return { grown, figures };
}

async function readLog({ folder }: World, party: string): Promise<Line[]> {
  const text = await readFile(logOf(folder, party), "utf8").catch(() => "");
  return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Line]));
}

function logOf(folder: string, party: string): string {
  return join(folder, `${party}.log`);
}
