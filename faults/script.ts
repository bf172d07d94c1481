// The plain shell script (program/script.sh) as another subject: starts it, ends it, and looks with stock git at what is left. It is judged
// by what the product is judged by, as far as that can be asked of it.
import { spawn } from "node:child_process";
import { readdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import type { FileTree } from "../test/support/file-tree.js";
import { fsck, git } from "../test/support/git.js";
import type { Problem } from "./scenario.js";
import { mainTree, makeTemplate, usersFiles, type World } from "./world.js";

const program = fileURLToPath(new URL("./program/script.sh", import.meta.url));
const patienceMs = 60_000;
const landing = ["edit", "grow", "remove", "flip", "rename", "command", "merged"];
const kept = ["fail", "clash", "users"];

/** A world in which nothing is staged: git refuses every merge beside that. */
export async function scriptTemplate(folder: string): Promise<World> {
  const template = await makeTemplate(folder);
  await git(template.repository, ["reset", "--quiet"]);
  return template;
}

export interface ScriptExpected {
  readonly tree: FileTree;
  readonly status: string;
}

export async function scriptExpected(world: World): Promise<ScriptExpected> {
  return { tree: await mainTree(world), status: await statusOf(world) };
}

/** @param killAfterMs with all that it has started; null: it comes to its end. True: it came to its end. */
export async function runScript(world: World, killAfterMs: number | null): Promise<boolean> {
  const { repository, baseOid, folder } = world;
  const args = [program, repository, baseOid, treesOf(world), join(folder, "script.log")];
  const child = spawn("sh", args, { stdio: "ignore", detached: true });
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  const waiting = new AbortController();
  const tooLong = setTimeout(killAfterMs ?? patienceMs, undefined, { signal: waiting.signal }).catch(() => {});
  await Promise.race([ended, tooLong]);
  try {
    // The group: a script that hangs or dies takes its git with it.
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has just ended.
  }
  await ended;
  waiting.abort();
  return child.exitCode === 0;
}

/** Runs it until it comes to its end, and in between takes the locks away by hand, as git says that one may. */
export async function runAgain(world: World): Promise<Problem[]> {
  if (await runScript(world, null)) return [];
  const locks = (await filesOf(world)).filter((name) => name.startsWith(".git/") && name.endsWith(".lock"));
  for (const lock of locks) await rm(join(world.repository, lock), { force: true });
  await runScript(world, null);
  return locks.map((lock) => ({ kind: "leftovers", what: `${lock} had to be removed by hand` }));
}

/** What its log says of tasks that had ended, and of which nothing is in a commit: the next run throws their files away. */
export async function judgeUncommitted(world: World): Promise<Problem[]> {
  const log = await logOf(world);
  const ended = log.flatMap((line) => (line.startsWith("ended ") ? [line.slice("ended ".length)] : []));
  const settled = new Set(log.flatMap((line) => /^(?:landed|kept) (.*)$/.exec(line)?.[1] ?? []));
  const problems: Problem[] = [];
  for (const id of ended.filter((one) => one !== "same" && !settled.has(one))) {
    const commits = await git(world.repository, ["log", "--all", "--format=%H", `--grep=^effect ${id}$`]).catch(
      () => "",
    );
    if (commits === "")
      problems.push({ kind: "lost", what: `the task of ${id} had ended, and no commit has its work` });
  }
  return problems;
}

/** When it has come to its end, or never does. */
export async function judgeScript(world: World, expected: ScriptExpected | null): Promise<Problem[]> {
  const { repository, baseOid } = world;
  const problems: Problem[] = [];
  const lost = (what: string) => problems.push({ kind: "lost", what });
  await fsck(repository).catch((error: Error) => lost(error.message.split("\n").slice(0, 4).join(" | ")));
  const log = new Set(await logOf(world));
  const subjects = (await git(repository, ["log", "--format=%s", `${baseOid}..main`]).catch(() => "")).split("\n");
  for (const id of landing) {
    const times = subjects.filter((subject) => subject === `effect ${id}`).length;
    // Beside a user who works an effect may be kept: then its branch has it.
    if (times === 1 || (expected === null && times === 0 && log.has(`kept ${id}`))) continue;
    lost(`${id} is on main ${times} times${log.has(`landed ${id}`) ? ", and was told to have landed" : ""}`);
  }
  for (const id of kept) if (!log.has(`kept ${id}`)) lost(`${id} has not settled`);
  const tree = await mainTree(world);
  if (expected !== null) {
    const paths = [...new Set([...Object.keys(tree), ...Object.keys(expected.tree)])];
    const wrong = paths.filter((path) => !isDeepStrictEqual(tree[path], expected.tree[path]) && !(path in usersFiles));
    if (wrong.length > 0)
      problems.push({ kind: "mixed", what: `the main working tree is wrong at ${wrong.slice(0, 5)}` });
    else if ((await statusOf(world)) !== expected.status)
      problems.push({ kind: "mixed", what: `git status says ${JSON.stringify(await statusOf(world))}` });
    for (const [path, entry] of Object.entries(usersFiles))
      if (!isDeepStrictEqual(tree[path], entry))
        problems.push({ kind: "userBytesLost", what: `${path} is not as the user left it` });
  }
  for (const name of await filesOf(world)) {
    const worktree = /^(?:\.git\/worktrees|trees)\/([^/]+)\/?$/.exec(name)?.[1];
    if (worktree === undefined ? /\.lock$|(^|\/)tmp_|MERGE_HEAD$/.test(name) : !log.has(`kept ${worktree}`))
      problems.push({ kind: "leftovers", what: name });
  }
  return problems;
}

/** Below the git directory, and the worktrees. */
async function filesOf(world: World): Promise<string[]> {
  const below = await readdir(join(world.repository, ".git"), { recursive: true });
  const trees = await readdir(treesOf(world)).catch(() => []);
  return [...below.map((name) => `.git/${name}`), ...trees.map((name) => `trees/${name}`)];
}

function treesOf({ repository }: World): string {
  return join(dirname(repository), "trees");
}

async function logOf({ folder }: World): Promise<string[]> {
  return (await readFile(join(folder, "script.log"), "utf8").catch(() => "")).split("\n");
}

function statusOf({ repository }: World): Promise<string> {
  return git(repository, ["--no-optional-locks", "status", "--porcelain", "--untracked-files=all"]).catch(String);
}
