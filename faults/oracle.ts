// The oracle: what must hold when the dead have been recovered and every effect was walked to its end, told by stock git and the
// filesystem. It knows the expected state from a walk in which nothing went wrong.
import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { FileTree } from "../test/support/file-tree.js";
import { fsck, git } from "../test/support/git.js";
import { effects } from "./program/effects.mjs";
import { runProgram } from "./run-program.js";
import type { Problem, ProblemKind } from "./scenario.js";
import { type Acknowledged, runId, type Walked } from "./walk.js";
import { mainTree, usersFiles, type World, worktreesOf } from "./world.js";

/** What a walk without faults comes to. */
export interface Expected {
  readonly tree: FileTree;
  readonly status: string;
  readonly treeOid: string;
  /** Names below the git directory that are ours, once everything is closed. */
  readonly ours: readonly string[];
  readonly refs: readonly string[];
}

const refsPrefix = `refs/coppice/${runId}/`;

export async function expectedOf(world: World): Promise<Expected> {
  return {
    tree: await mainTree(world),
    status: await statusOf(world),
    treeOid: await git(world.repository, ["rev-parse", "main^{tree}"]),
    ours: await remainders(world),
    refs: [...(await refsOf(world)).keys()].filter((name) => !name.startsWith(`${refsPrefix}attempts/`)),
  };
}

/** @param lives what each process acknowledged, the last of them the one that came to its end */
export async function judge(
  world: World,
  expected: Expected,
  lives: readonly (readonly Acknowledged[])[],
): Promise<Problem[]> {
  const found = await Promise.all([
    judgeSoundness(world),
    judgeOutcomes(lives.at(-1) ?? []),
    judgeLanded(world, lives),
    judgeKept(world, lives),
    judgeMainTree(world, expected, displacedOf(lives)),
    judgeLeftovers(world, expected),
  ]);
  return found.flat();
}

/** Of a run beside which the user has worked, so that what it comes to is not known: what was acknowledged lasts. */
export async function judgeLasting(
  world: World,
  lives: readonly (readonly Acknowledged[])[],
  except: ReadonlyMap<string, string> = new Map(),
): Promise<Problem[]> {
  const commits = await landedCommits(world);
  const problems = [...(await judgeSoundness(world)), ...(await judgeKept(world, lives))];
  for (const { effectId, kind, commitOid } of lives.flat()) {
    const times = commits.filter((commit) => commit.effectId === effectId).length;
    const there = commits.some(({ oid }) => oid === commitOid);
    if (kind === "landed" && (times !== 1 || !there) && !except.has(effectId))
      problems.push(problem("lost", `${effectId} was acknowledged as landed, and is on main ${times} times`));
  }
  return problems;
}

/** What a dead process has acknowledged holds at once, before anybody recovers anything. */
export async function judgeAtOnce(world: World, acknowledged: readonly Acknowledged[]): Promise<Problem[]> {
  const problems = await judgeUsersFiles(await mainTree(world));
  if (acknowledged.length === 0) return problems;
  const refs = await refsOf(world);
  const onTarget = await landedCommits(world);
  for (const { effectId, kind, commitOid, keptRef, snapshotOid } of acknowledged) {
    if (kind === "landed" && !onTarget.some((commit) => commit.oid === commitOid))
      problems.push(problem("lost", `${effectId} was acknowledged as landed, and ${commitOid} is not on main`));
    if (keptRef !== null && refs.get(keptRef) !== snapshotOid)
      problems.push(
        problem("lost", `${effectId} was acknowledged as kept, and ${keptRef} is ${refs.get(keptRef) ?? "gone"}`),
      );
  }
  return problems;
}

/**
 * Work that nobody was told of yet is not lost either: when the next process has opened, every task that had ended has its effect on
 * the branch, or its work under a ref.
 */
export function judgeRecovered(dead: Walked, landedAtDeath: ReadonlySet<string>, next: Walked): Problem[] {
  const safe = new Set([
    ...landedAtDeath,
    ...(next.keptAtOpen ?? []),
    ...dead.acknowledged.map(({ effectId }) => effectId),
  ]);
  const worked = dead.tasksEnded.filter((id) =>
    effects.some((effect) => effect.id === id && effect.kind !== "unchanged"),
  );
  return worked
    .filter((id) => !safe.has(id))
    .map((id) => problem("lost", `the task of ${id} had ended, and recovery has found nothing of its work`));
}

export async function landedEffects(world: World): Promise<Set<string>> {
  return new Set((await landedCommits(world)).map(({ effectId }) => effectId));
}

async function judgeSoundness(world: World): Promise<Problem[]> {
  try {
    await fsck(world.repository);
    return [];
  } catch (error) {
    return [problem("lost", (error as Error).message.split("\n").slice(0, 4).join(" | "))];
  }
}

function judgeOutcomes(last: readonly Acknowledged[]): Problem[] {
  return effects.flatMap(({ id, kind }) => {
    const outcomes = last.filter(({ effectId }) => effectId === id);
    const [outcome] = outcomes;
    if (outcomes.length === 1 && outcome?.kind === kind) return [];
    const seen =
      outcomes.map(({ kind: was, code }) => (code === null ? was : `${was} (${code})`)).join(", ") || "nothing";
    return [problem("lost", `${id} settled at last as ${seen} instead of ${kind}`)];
  });
}

interface LandedCommit {
  readonly oid: string;
  readonly effectId: string;
}

/** The commits that effects have made since the base, newest first. */
export async function landedCommits({ repository, baseOid }: World): Promise<LandedCommit[]> {
  const format = "--format=%H %(trailers:key=Effect-Id,valueonly,separator=%x2C)";
  const log = await git(repository, ["log", format, `${baseOid}..main`]);
  return log.split("\n").flatMap((line) => {
    const [oid = "", effectId = ""] = line.split(" ");
    return effectId === "" ? [] : [{ oid, effectId }];
  });
}

async function judgeLanded(world: World, lives: readonly (readonly Acknowledged[])[]): Promise<Problem[]> {
  const commits = await landedCommits(world);
  const problems: Problem[] = [];
  for (const { id, kind } of effects) {
    const times = commits.filter(({ effectId }) => effectId === id).length;
    const wanted = kind === "landed" ? 1 : 0;
    if (times !== wanted) problems.push(problem("lost", `${id} is on main ${times} times instead of ${wanted}`));
  }
  for (const { effectId, kind, commitOid } of lives.flat()) {
    if (kind === "landed" && !commits.some(({ oid }) => oid === commitOid))
      problems.push(problem("lost", `${effectId} was acknowledged as landed, and ${commitOid} is not on main`));
  }
  return problems;
}

/** Kept work stays, be it as an earlier attempt. */
async function judgeKept(world: World, lives: readonly (readonly Acknowledged[])[]): Promise<Problem[]> {
  const refs = await refsOf(world);
  const held = new Set(refs.values());
  const lost = lives.flat().filter(({ keptRef, snapshotOid }) => keptRef !== null && !held.has(snapshotOid ?? ""));
  return lost.map(({ effectId, snapshotOid }) =>
    problem("lost", `${effectId} was acknowledged as kept, and no ref holds ${snapshotOid}`),
  );
}

/** The new state, but for paths that a landing has named because it could not write them: there the old one may stand. */
async function judgeMainTree(world: World, expected: Expected, named: ReadonlySet<string>): Promise<Problem[]> {
  const tree = await mainTree(world);
  const problems = await judgeUsersFiles(tree);
  const paths = [...new Set([...Object.keys(tree), ...Object.keys(expected.tree)])];
  const isNamed = (path: string) => named.has(path) || [...named].some((other) => path.startsWith(`${other}/`));
  const wrong = paths.filter((path) => !isDeepStrictEqual(tree[path], expected.tree[path]) && !isNamed(path));
  if (wrong.length > 0) problems.push(problem("mixed", `the main working tree is wrong at ${some(wrong)}`));
  const treeOid = await git(world.repository, ["rev-parse", "main^{tree}"]);
  if (treeOid !== expected.treeOid)
    problems.push(problem("mixed", `main's tree is ${treeOid}, not ${expected.treeOid}`));
  const lines = (await statusOf(world)).split("\n").filter((line) => !isNamed(line.slice(3)));
  if (lines.join("\n") !== expected.status) problems.push(problem("mixed", `git status says ${JSON.stringify(lines)}`));
  return problems;
}

function displacedOf(lives: readonly (readonly Acknowledged[])[]): Set<string> {
  return new Set(lives.flat().flatMap(({ displaced }) => displaced.map(({ path }) => path)));
}

async function judgeUsersFiles(tree: FileTree): Promise<Problem[]> {
  return Object.entries(usersFiles)
    .filter(([path, entry]) => !isDeepStrictEqual(tree[path], entry))
    .map(([path]) => problem("userBytesLost", `${path} is not as the user left it`));
}

async function judgeLeftovers(world: World, expected: Expected): Promise<Problem[]> {
  const ours = await onlyHeldClaims(world, await remainders(world));
  const refs = [...(await refsOf(world)).keys()].filter((name) => !name.startsWith(`${refsPrefix}attempts/`));
  const left = [
    ...tops(ours.filter((name) => !expected.ours.includes(name))),
    ...refs.filter((name) => !expected.refs.includes(name)),
  ];
  const missing = expected.refs.filter((name) => !refs.includes(name));
  return [
    ...left.map((name) => problem("leftovers", name)),
    ...missing.map((name) => problem("lost", `${name} is not there`)),
  ];
}

/**
 * A claim's file stays when a child of ours held its descriptor in the moment of the release; the next open takes it away. What counts
 * is whether anybody still holds it.
 */
async function onlyHeldClaims({ repository }: World, names: readonly string[]): Promise<string[]> {
  const left = names.map(async (name) => {
    if (!name.startsWith(".git/coppice/claims/")) return [name];
    const { exitCode } = await runProgram("flock", ["--nonblock", join(repository, name), "true"]);
    return exitCode === 0 ? [] : [name];
  });
  return (await Promise.all(left)).flat();
}

/** Of any runs, when nothing is open any more: their ledgers stay, and what was set aside for another attempt. */
export async function judgeCoppiceLeftovers(world: World): Promise<Problem[]> {
  const text = await git(world.repository, ["for-each-ref", "--format=%(refname)", "refs/coppice/"]);
  const refs = text.split("\n").filter((name) => !/^$|^refs\/coppice\/[^/]+\/(ledger$|attempts\/)/.test(name));
  const files = await onlyHeldClaims(world, await remainders(world));
  const left = tops(files.filter((name) => !staying.test(name)));
  return [...left, ...refs].map((name) => problem("leftovers", name));
}

/** Files of ours that are there for good: unlinking a file that others wait for would let two of them in. */
const staying = /^\.git\/coppice\/(landing\.lock|held-known)$/;

async function refsOf({ repository }: World): Promise<Map<string, string>> {
  const text = await git(repository, ["for-each-ref", "--format=%(refname) %(objectname)", refsPrefix]);
  return new Map(text.split("\n").flatMap((line) => (line === "" ? [] : [line.split(" ") as [string, string]])));
}

function statusOf({ repository }: World): Promise<string> {
  return git(repository, ["--no-optional-locks", "status", "--porcelain", "--untracked-files=all"]);
}

/**
 * Whatever may be ours or half made: locks, keeps, temporary packs, admin directories, files in our own corner, worktrees. Empty folders
 * of that corner do not count, nor does a replaced pack whose index went first (git's own repack has that moment, too).
 */
async function remainders(world: World): Promise<string[]> {
  const gitFolder = join(world.repository, ".git");
  const below = await readdir(gitFolder, { recursive: true, withFileTypes: true });
  const entries = below.map((entry) => {
    const name = relative(gitFolder, join(entry.parentPath, entry.name));
    return entry.isDirectory() ? `${name}/` : name;
  });
  const suspicious = /\.lock$|\.keep$|(^|\/)tmp_|^worktrees\/.|^coppice\/.*[^/]$|^coppice-|~$/;
  const worktrees = await readdir(worktreesOf(world)).catch(() => []);
  return [
    ...entries.filter((name) => suspicious.test(name)).map((name) => `.git/${name}`),
    ...worktrees.map((name) => `project.worktrees/${name}`),
  ].sort();
}

/** A folder that stayed is one thing, whatever is in it. */
function tops(names: readonly string[]): string[] {
  return names.filter(
    (name) => !names.some((other) => other.endsWith("/") && other !== name && name.startsWith(other)),
  );
}

function some(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", ");
}

function problem(kind: ProblemKind, what: string): Problem {
  return { kind, what };
}
