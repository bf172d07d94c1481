// Tasks that misbehave: whatever they leave, the next effect of the same worktree sees what the one before them saw, what they did is in
// their outcome or in an event, and the user's files are the user's.
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual, promisify } from "node:util";
import { git, gitResult } from "../../test/support/git.js";
import { whyNoMounts } from "../disk.js";
import { judgeCanaries, layCanaries, lookOutside } from "../hostile/canaries.js";
import type { Misbehaviour } from "../misbehaving/misbehaviour.js";
import { whatTheyRun } from "../misbehaving/what-they-run.js";
import { whatTheySpoil } from "../misbehaving/what-they-spoil.js";
import { runProgram } from "../run-program.js";
import type { Case, Finding, Plan, Problem, Scenario } from "../scenario.js";
import { judgeUsersFiles } from "../users-files.js";
import { runId, walk } from "../walk.js";
import { copyWorld, makeTemplate, type World } from "../world.js";

const program = fileURLToPath(new URL("../program/misbehave.mjs", import.meta.url));
const own = ["order.json", "ended.json", "beat", "pids"];

export const misbehaving: Scenario = {
  name: "misbehaving",
  shows: "daemons, repositories, locks, hooks, mounts and more left by tasks",
  amounts: { quick: 7, full: Number.POSITIVE_INFINITY },
  measures: ["lost", "mixed", "crashes", "escapes", "userBytesLost", "leftovers"],
  async plan({ folder }): Promise<Plan> {
    const template = await makeTemplate(join(folder, "template"));
    const root = process.getuid?.() === 0;
    const mounts = (await whyNoMounts(folder)) === null;
    const possible = [...whatTheyRun, ...whatTheySpoil].filter((one) => (root || !one.root) && (mounts || !one.mounts));
    const cases = possible.map(
      (one): Case => ({ name: one.name, take: async (place) => misbehave(await copyWorld(template, place), one) }),
    );
    return { cases };
  },
};

interface Seen {
  readonly kind: string;
  readonly value?: unknown;
  readonly kept: { readonly worktreePath: string | null; readonly ref: string | null } | null;
  readonly changes?: readonly { readonly path: string }[];
  readonly error: { readonly code: string; readonly message: string } | null;
}

interface Ended {
  readonly before: Seen;
  readonly bad: Seen;
  readonly after: Seen;
  readonly events: readonly object[];
  readonly closing: { readonly code: string | null; readonly message: string } | null;
}

async function misbehave(world: World, one: Misbehaviour): Promise<Finding> {
  const { folder: place, repository } = world;
  const outside = await layCanaries(place, {});
  await git(repository, ["branch", "users", "HEAD"]);
  const [orderFile, report, beat, pids] = own.map((name) => join(place, name)) as [string, string, string, string];
  await writeFile(pids, "");
  const baseOid = await git(repository, ["rev-parse", "main"]);
  const env = { COMMON: join(repository, ".git"), OUTSIDE: outside, BEAT: beat, PIDS: pids };
  await writeFile(orderFile, JSON.stringify({ repository, baseOid, runId, script: one.script, env, beat, report }));
  const before = await lookOutside(place, own);
  try {
    const { exitCode, signal, hung, said } = await runProgram(process.execPath, [program, orderFile]);
    const text = await readFile(report, "utf8").catch(() => null);
    if (hung || exitCode !== 0 || text === null) {
      const how = hung ? "hung" : `ended with ${signal ?? exitCode}`;
      return { faults: 1, kills: 0, problems: [{ kind: "crashes", what: `it ${how}: ${said}` }] };
    }
    const ended = JSON.parse(text) as Ended;
    const problems = [
      ...(await judgeUsersFiles(world)),
      ...judgeCanaries(before, await lookOutside(place, own)).filter(({ what }) => !isAbout(what, one)),
      ...(await judgeEffects(world, one, ended)),
    ];
    await endAll(pids);
    await unmount(world, one);
    problems.push(...(await judgeAfterwards(world, ended)));
    return { faults: 1, kills: 0, problems };
  } finally {
    await endAll(pids);
    await unmount(world, one).catch(() => {}); // mostly it has been done
  }
}

/** What a task does to the shared repository is its own doing; the product reports it and does not revert it. */
function isAbout(what: string, { says }: Misbehaviour): boolean {
  return what.startsWith("project/.git/") && says !== undefined;
}

async function judgeEffects(
  world: World,
  one: Misbehaviour,
  { before, bad, after, events, closing }: Ended,
): Promise<Problem[]> {
  const { repository } = world;
  const problems: Problem[] = [];
  const lost = (what: string) => problems.push({ kind: "lost", what });
  if (before.kind !== "unchanged") lost(`the effect before it settled as ${shown(before)}`);
  if (!one.settles.includes(bad.kind)) lost(`it settled as ${shown(bad)}`);
  if (after.kind !== "landed") lost(`the effect after it settled as ${shown(after)}`);
  else if (!isDeepStrictEqual(after.value, before.value))
    lost(`it leaked into the next effect: ${difference(before.value, after.value)}`);
  const changed = (after.changes ?? []).map(({ path }) => path);
  if (after.kind === "landed" && !isDeepStrictEqual(changed, ["after.txt"]))
    lost(`the effect after it changed ${changed.join(", ")}`);
  if (closing !== null) problems.push({ kind: "crashes", what: `closing: ${closing.code} ${closing.message}` });
  const log = await git(repository, ["log", "--format=%B", "-3", "main"]);
  const said = `${JSON.stringify(bad)}\n${JSON.stringify(events)}\n${log}`;
  if (one.says !== undefined && !one.says.test(said)) lost(`nothing says ${one.says}`);
  if (!["landed", "unchanged"].includes(bad.kind) && bad.kept === null)
    lost(`it settled as ${bad.kind}, and its work is kept nowhere`);
  for (const [path, text] of Object.entries(one.carries ?? {})) {
    const { stdout } = await gitResult(repository, ["show", `main:${path}`]);
    if (bad.kind === "landed" && stdout.toString() !== text) lost(`${path} did not land`);
    const file = await readFile(join(repository, path), "utf8").catch(() => null);
    if (bad.kind === "landed" && file !== text)
      problems.push({ kind: "mixed", what: `${path} landed, and its file is not in the main working tree` });
  }
  return problems;
}

/** Another process opens the same repository, walks what every run walks, and nothing of ours is left but what was named. */
async function judgeAfterwards(world: World, { bad }: Ended): Promise<Problem[]> {
  const problems: Problem[] = [];
  const status = await git(world.repository, ["--no-optional-locks", "status", "--porcelain", "--untracked-files=all"]);
  const wanted = " M notes/dirty.txt\nM  notes/staged.txt\n?? notes/untracked.txt";
  if (status !== wanted) problems.push({ kind: "mixed", what: `git status says ${JSON.stringify(status)}` });
  const next = await walk(world);
  if (next.ended.hung || !next.finished)
    problems.push({
      kind: "crashes",
      what: `the next process ended with ${next.ended.signal ?? next.ended.exitCode}: ${next.said}`,
    });
  for (const { refused, message } of next.refused)
    problems.push({ kind: "lost", what: `the next process was refused: ${refused} ${message}` });
  const listed = await git(world.repository, ["worktree", "list", "--porcelain"]);
  const named = bad.kept?.worktreePath ?? null;
  const left = listed
    .split("\n")
    .flatMap((line) => (line.startsWith("worktree ") ? [line.slice("worktree ".length)] : []))
    .filter((path) => path.includes("project.worktrees/") && !isIn(path, named));
  problems.push(...left.map((path): Problem => ({ kind: "leftovers", what: path })));
  return problems;
}

/** A worktree that a task has made within its own stays with it. */
function isIn(path: string, folder: string | null): boolean {
  return folder !== null && (path === folder || path.startsWith(`${folder}/`));
}

async function unmount({ repository }: World, { mounts }: Misbehaviour): Promise<void> {
  const env = { ...process.env, WORKTREES: `${repository}.worktrees` };
  if (mounts !== undefined) await promisify(execFile)("sh", ["-ec", mounts.undo], { env });
}

/** By their own numbers, which they wrote down themselves. */
async function endAll(pids: string): Promise<void> {
  for (const pid of (await readFile(pids, "utf8")).split("\n").filter((line) => /^\d+$/.test(line))) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended.
    }
  }
  await writeFile(pids, "");
}

function shown({ kind, error }: Seen): string {
  return error === null ? kind : `${kind}: ${error.code} ${error.message}`;
}

/** The first member that differs, short. */
function difference(one: unknown, other: unknown): string {
  const [before, after] = [one, other].map((value) => (value ?? {}) as Record<string, unknown>) as [
    Record<string, unknown>,
    Record<string, unknown>,
  ];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const name = names.find((key) => !isDeepStrictEqual(before[key], after[key])) ?? "";
  const cut = (value: unknown) => {
    const text = JSON.stringify(value) ?? "nothing";
    const pair = JSON.stringify(value === before[name] ? after[name] : before[name]) ?? "";
    let start = 0;
    while (start < text.length && text[start] === pair[start]) start += 1;
    return text.slice(Math.max(0, start - 60), start + 160);
  };
  return `${name}: ${cut(before[name])} became ${cut(after[name])}`;
}
