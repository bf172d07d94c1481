// The run's directory: usually inside the repository, so it is kept out of git's sight; and the place where a task that starts a
// run of its own puts it: below its parent's directory, never in a worktree, where it would become a part of the task's changes.

import { appendFile, mkdir, readdir, readFile, realpath, writeFile } from "node:fs/promises";
import { basename, isAbsolute, join, relative, resolve, sep } from "node:path";
import { CoppiceError, effectId, type Labels, type WorktreeManager } from "../index.js";
import type { EffectAction, Sdk } from "./sdk.js";

/** The run ID that a manager is opened with, so that it is this run's manager after a restart too. */
export function managerRunId(runDir: string): string {
  const runId = basename(resolve(runDir));
  return /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(runId) ? runId : effectId(runId);
}

/** Throws ERR_OPTION: with another ID the ledger would not know, after a restart, what has landed. */
export function requireManagerOf(runDir: string, manager: WorktreeManager): void {
  const runId = managerRunId(runDir);
  if (manager.runId === runId) return;
  throw new CoppiceError(
    "ERR_OPTION",
    `the manager has run ID ${manager.runId}, the run is ${runId}: WorktreeManager.open(repository, { runId: managerRunId(runDir) })`,
  );
}

/** Leaves git nothing to see of a run directory that lies in the working tree. */
export async function hideFromGit(runDir: string, root: string | null): Promise<void> {
  // The root has no symbolic links in its path; a name for the run may have some.
  const inside = root === null ? ".." : relative(root, await realpath(runDir));
  if (isAbsolute(inside) || inside === ".." || inside.startsWith(`..${sep}`)) return;
  // In the run's own directory, whose .gitignore the SDK has made: neither the repository's nor its info/exclude is ours to write.
  const path = join(runDir, ".gitignore");
  const text = await readFile(path, "utf8").catch(() => "");
  if (!text.split("\n").includes("*")) await appendFile(path, `${text === "" || text.endsWith("\n") ? "" : "\n"}*\n`);
}

const childrenFolder = (runDir: string, id: string) => join(resolve(runDir), "children", id);

/** What a task is told about the run it belongs to; a run that it starts goes to the folder of its own. */
export function runVariables(runDir: string, { effectId: id, invocationKey }: EffectAction): Record<string, string> {
  return {
    BABYSITTER_RUN_DIR: resolve(runDir),
    BABYSITTER_PARENT_RUN_ID: basename(resolve(runDir)),
    BABYSITTER_EFFECT_ID: id,
    BABYSITTER_INVOCATION_KEY: invocationKey,
    BABYSITTER_RUNS_DIR: childrenFolder(runDir, id),
  };
}

/** The same in Coppice's own events and ledger: which run an effect belongs to, and where the runs are that it starts. */
export function runLabels(runDir: string, { effectId: id }: EffectAction): Labels {
  const labels = {
    "babysitter.runId": basename(resolve(runDir)),
    "babysitter.runDir": resolve(runDir),
    "babysitter.childRunsDir": childrenFolder(runDir, id),
  };
  // A folder's name may hold what a label may not; that must not keep the effect from running.
  return Object.fromEntries(Object.entries(labels).map(([name, text]) => [name, text.replace(/\p{Cc}/gu, "\u{FFFD}")]));
}

/** The folder for the runs of a child, which names its parent. */
export async function makeChildrenFolder(runDir: string, { effectId: id }: EffectAction): Promise<void> {
  const folder = childrenFolder(runDir, id);
  await mkdir(folder, { recursive: true });
  const parent = { runId: basename(resolve(runDir)), runDir: resolve(runDir), effectId: id };
  await writeFile(join(folder, "parent.json"), `${JSON.stringify(parent, null, 2)}\n`);
}

export interface ChildRun {
  runId: string;
  /** Relative to the parent's run directory. */
  runDir: string;
  status: "completed" | "failed" | "pending";
  output: unknown;
}

/** The runs that an effect has started, by their IDs. */
export async function childRuns(sdk: Sdk, runDir: string, id: string): Promise<ChildRun[]> {
  const folder = childrenFolder(runDir, id);
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return Promise.all(names.sort().map((name) => childRun(sdk, runDir, join(folder, name))));
}

async function childRun(sdk: Sdk, runDir: string, childDir: string): Promise<ChildRun> {
  const events = await sdk.loadJournal(childDir).catch(() => []);
  const last = events.findLast(({ type }) => type === "RUN_COMPLETED" || type === "RUN_FAILED");
  const status = last === undefined ? "pending" : last.type === "RUN_COMPLETED" ? "completed" : "failed";
  return {
    runId: basename(childDir),
    runDir: relative(resolve(runDir), childDir),
    status,
    output: status === "completed" ? await runOutput(childDir) : null,
  };
}

/** What a completed run gave; null: nothing that can be read. */
export async function runOutput(runDir: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(join(runDir, "state", "output.json"), "utf8"));
  } catch {
    return null;
  }
}
