// Eight processes on one repository at once. Half of them are the product: two under one run ID that ask for the same effects, the others
// under their own; half are the git command as people script it, with gc, repack, prune, fetch and commits by hand in between. In the
// other kind of case all eight are the product, and beside them somebody throws away at once whatever nothing reaches. (Beside stock
// git that would not be a test of ours: git's own new objects are loose, and `git prune` without a grace takes them from under it.)
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fsck, git } from "../../test/support/git.js";
import { judgeCoppiceLeftovers, landedCommits } from "../oracle.js";
import { slotName, slotsPath, slotsText } from "../program/slots.mjs";
import { type Ended, runProgram } from "../run-program.js";
import type { Case, Finding, Plan, Problem, Scenario } from "../scenario.js";
import { copyWorld, mainTree, makeTemplate, usersFiles, type World } from "../world.js";

const share = fileURLToPath(new URL("../program/share.mjs", import.meta.url));
const beside = fileURLToPath(new URL("../program/beside.sh", import.meta.url));
const janitorial = fileURLToPath(new URL("../program/janitor.sh", import.meta.url));
const processes = 8;
const patienceMs = 20 * 60_000;

interface Effect {
  readonly id: string;
  readonly slot: string;
}

/** What a process of ours learned, and when: see program/share.mjs. */
interface Told {
  readonly effectId: string;
  readonly kind: string;
  readonly commitOid: string | null;
  readonly replayed: boolean;
  readonly turn: number;
  readonly why: string;
}

interface Party {
  readonly name: string;
  readonly runId: string | null;
  readonly effects: readonly Effect[];
}

export const besideProcesses: Scenario = {
  name: "processes",
  shows: "8 processes, half of them the git command, gc and prune beside them",
  amounts: { quick: 2, full: 4 },
  measures: ["lost", "mixed", "crashes", "userBytesLost", "leftovers"],
  atOnce: 1,
  async plan({ folder, seed, quick }): Promise<Plan> {
    const each = quick ? 4 : 50;
    const template = await layTemplate(folder, processes * each);
    const kinds = [halfOurs(each), allOurs(each)];
    const cases = Array.from({ length: 4 }, (_, number): Case => {
      const ours = number % 2 === 1;
      return {
        name: `${ours ? "all-ours" : "half-git"}-${processes}x${each}-${seed + Math.floor(number / 2)}`,
        take: async (place) => takeTogether(await copyWorld(template, place), kinds[number % 2] as Party[], ours),
      };
    });
    return { cases: quick ? cases.slice(0, 2) : cases };
  },
};

async function layTemplate(folder: string, slots: number): Promise<World> {
  const template = await makeTemplate(folder);
  const { repository } = template;
  await mkdir(join(repository, dirname(slotsPath)));
  await writeFile(join(repository, slotsPath), slotsText(slots));
  await git(repository, ["add", slotsPath]);
  await git(repository, ["commit", "--quiet", "--message=slots", "--", slotsPath]);
  // Git merges only where nothing is staged.
  await git(repository, ["reset", "--quiet"]);
  return { ...template, baseOid: await git(repository, ["rev-parse", "HEAD"]) };
}

function effectsOf(process: number, each: number): Effect[] {
  return Array.from({ length: each }, (_, index) => ({
    id: `p${process}-e${index}`,
    slot: slotName(process * each + index),
  }));
}

function halfOurs(each: number): Party[] {
  const shared = [...effectsOf(0, each), ...effectsOf(1, each)];
  return [
    { name: "p0", runId: "shared", effects: shared },
    { name: "p1", runId: "shared", effects: [...shared].reverse() },
    ...[2, 3].map((process) => ({ name: `p${process}`, runId: `run-${process}`, effects: effectsOf(process, each) })),
    ...[4, 5, 6, 7].map((process) => ({ name: `p${process}`, runId: null, effects: effectsOf(process, each) })),
  ];
}

function allOurs(each: number): Party[] {
  return Array.from({ length: processes }, (_, process) => ({
    name: `p${process}`,
    runId: process < 4 ? "shared" : `run-${process}`,
    effects: effectsOf(process, each),
  }));
}

async function takeTogether(world: World, parties: readonly Party[], pruned: boolean): Promise<Finding> {
  const { folder, repository } = world;
  const origin = join(folder, "origin");
  await git(folder, ["clone", "--quiet", "--bare", repository, origin]);
  await git(repository, ["remote", "add", "origin", origin]);
  // It goes on naming commits that a later `git repack -ad` has dropped, and fsck minds; git alone comes to that, too.
  await git(repository, ["config", "gc.writeCommitGraph", "false"]);
  // A `git merge` that fails takes uncommitted files away and puts them back, and cannot put them back while somebody has the index.
  if (!pruned) await git(repository, ["checkout", "--quiet", "--", "notes"]);
  const before = [await statusOf(world), await usersIn(world)];
  const working = join(folder, "working");
  await writeFile(working, "");
  const janitor = pruned ? runProgram("sh", [janitorial, repository, working], {}, { patienceMs }) : null;
  const ended = await Promise.all(parties.map((party) => start(world, party)));
  await rm(working);
  await janitor;
  const problems = ended.flatMap(({ exitCode, signal, hung, said }, index): Problem[] => {
    if (exitCode === 0 && !hung) return [];
    const how = hung ? "hung" : `ended with ${signal ?? exitCode}`;
    return [{ kind: "crashes", what: `${parties[index]?.name} ${how}: ${said}` }];
  });
  const settled = await judgeSettled(world, parties, problems);
  const [status, users] = [await statusOf(world), await usersIn(world)];
  if (users !== before[1]) problems.push({ kind: "userBytesLost", what: `the user's files are ${users}` });
  if (status !== before[0]) problems.push({ kind: "mixed", what: `git status says ${JSON.stringify(status)}` });
  await fsck(repository).catch((error: Error) => problems.push({ kind: "lost", what: error.message.slice(0, 600) }));
  problems.push(...(await judgeCoppiceLeftovers(world)));
  const asked = new Set(parties.flatMap(({ effects }) => effects.map(({ id }) => id))).size;
  return { faults: asked, kills: 0, problems, figures: { asked, settledOnce: settled } };
}

function start({ folder, repository }: World, { name, runId, effects }: Party): Promise<Ended> {
  const log = logOf(folder, name);
  if (runId === null) {
    const words = effects.map(({ id, slot }) => `${id}:${slot}`);
    const args = [beside, repository, join(folder, "trees"), log, "1.hour.ago", ...words];
    return runProgram("sh", args, {}, { patienceMs });
  }
  const order = JSON.stringify({ repository, runId, log, effects });
  return runProgram(process.execPath, [share, order], {}, { patienceMs });
}

/** How many effects have settled, and once; of the others it is told what is wrong. */
async function judgeSettled(world: World, parties: readonly Party[], problems: Problem[]): Promise<number> {
  const commits = await landedCommits(world);
  const files = await filesOnMain(world);
  const slots = await git(world.repository, ["show", `main:${slotsPath}`]);
  const all = new Map(parties.flatMap(({ effects, runId }) => effects.map((one) => [one.id, { ...one, runId }])));
  const told = (await Promise.all(parties.map((party) => readLog(world.folder, party)))).flat();
  let settled = 0;
  for (const { id, slot, runId } of all.values()) {
    const wrong: string[] = [];
    const landed = commits.filter(({ effectId }) => effectId === id);
    if (runId !== null && landed.length !== 1) wrong.push(`is on main ${landed.length} times`);
    const said = told.filter(({ effectId, kind }) => effectId === id && kind === "landed");
    if (said.length === 0) wrong.push(`never settled: ${told.findLast(({ effectId }) => effectId === id)?.why}`);
    for (const { commitOid } of said) {
      if (runId !== null && !landed.some(({ oid }) => oid === commitOid)) wrong.push(`was told to be ${commitOid}`);
    }
    if (!files.has(`${runId === null ? "script" : "product"}/${id}.txt`)) wrong.push("its file is not on main");
    const takesSlot = runId !== null || Number(slot) % 3 !== 0;
    if (!slots.includes(`slot ${slot}: ${takesSlot ? id : "free"}\n`)) wrong.push("its slot is not as it left it");
    if (wrong.length === 0) settled += 1;
    else problems.push({ kind: "lost", what: `${id} ${wrong.join(", and ")}` });
  }
  return settled;
}

async function filesOnMain({ repository }: World): Promise<Set<string>> {
  return new Set((await git(repository, ["ls-tree", "-r", "--name-only", "main"])).split("\n"));
}

/** Of a script it is known only what has settled. */
async function readLog(folder: string, { name, runId }: Party): Promise<Told[]> {
  const lines = (await readFile(logOf(folder, name), "utf8").catch(() => "")).split("\n").filter((line) => line !== "");
  if (runId !== null) return lines.map((line) => JSON.parse(line) as Told);
  return lines.map((effectId) => ({ effectId, kind: "landed", commitOid: null, replayed: false, turn: 1, why: "" }));
}

function logOf(folder: string, name: string): string {
  return join(folder, `${name}.log`);
}

async function usersIn(world: World): Promise<string> {
  const tree = await mainTree(world);
  return JSON.stringify(Object.keys(usersFiles).map((path) => [path, tree[path] ?? null]));
}

function statusOf({ repository }: World): Promise<string> {
  return git(repository, ["--no-optional-locks", "status", "--porcelain", "--untracked-files=all"]);
}
