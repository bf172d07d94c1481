// What a death in the middle of the SDK's own writing leaves in a run, and what the SDK never gets over by itself:
// - its lock, made and not yet filled: every later try to read it fails;
// - the unfinished file of an event: its number counts as used, and the gap makes the journal unreadable for ever.
// Neither holds anything that was acknowledged. What a living process writes stays.

import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/** How long a lock that nobody has filled is taken for one that is being written. */
const unfinishedLockMs = 1_000;
const pollMs = 50;

export async function repairRun(runDir: string): Promise<void> {
  await removeUnfinishedLock(join(runDir, "run.lock"));
  await removeUnfinishedEvents(join(runDir, "journal"));
}

async function removeUnfinishedLock(path: string): Promise<void> {
  while (await isUnfinished(path)) {
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > unfinishedLockMs) await rm(path, { force: true });
    else await wait(pollMs);
  }
}

async function isUnfinished(path: string): Promise<boolean> {
  const text = await readFile(path, "utf8").catch(() => null);
  if (text === null) return false;
  try {
    JSON.parse(text);
    return false;
  } catch {
    return true;
  }
}

/** `<number>.<ulid>.json.tmp-<pid>-<time>`, renamed to its name when it is whole. */
async function removeUnfinishedEvents(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = /\.json\.tmp-(\d+)-\d+$/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(folder, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
