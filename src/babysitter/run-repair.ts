// What a death in the middle of the SDK's own writing leaves in a run, and what the SDK never gets over by itself:
// - its lock, made and not yet filled: every later try to read it fails;
// - the unfinished file of an event: its number counts as used, and the gap makes the journal unreadable for ever;
// - both, and its lock, of a process that had the number of this one, as it is in a container that is started again: alive by its number.
// None holds anything that was acknowledged. What a living process writes stays.

import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/** How long a lock that nobody has filled is taken for one that is being written. */
const unfinishedLockMs = 1_000;
const pollMs = 50;

export async function repairRun(runDir: string): Promise<void> {
  const lock = join(runDir, "run.lock");
  await removeUnfinishedLock(lock);
  if (await isOfNamesake(lock)) await rm(lock, { force: true });
  await removeUnfinishedEvents(join(runDir, "journal"));
}

async function removeUnfinishedLock(path: string): Promise<void> {
  let seen = { mtimeMs: 0, at: 0 };
  while (await isUnfinished(path)) {
    const mtimeMs = await modifiedAt(path);
    if (mtimeMs !== seen.mtimeMs) seen = { mtimeMs, at: performance.now() };
    // The file's time may come from a clock that is ahead of ours: how long we have looked on counts too.
    const ageMs = Math.max(Date.now() - mtimeMs, performance.now() - seen.at);
    if (ageMs > unfinishedLockMs) await rm(path, { force: true });
    else await wait(pollMs);
  }
}

/** Whether the lock is of a process before this one, with the same number. */
async function isOfNamesake(path: string): Promise<boolean> {
  const text = await readFile(path, "utf8").catch(() => "null");
  const isOurs = !isNotJson(text) && (JSON.parse(text) as { pid?: unknown } | null)?.pid === process.pid;
  return isOurs && (await modifiedAt(path)) < startedAt();
}

const startedAt = () => Date.now() - process.uptime() * 1000;

async function modifiedAt(path: string): Promise<number> {
  return (await stat(path).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
}

async function isUnfinished(path: string): Promise<boolean> {
  const text = await readFile(path, "utf8").catch(() => null);
  return text !== null && isNotJson(text);
}

function isNotJson(text: string): boolean {
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
    const [, pid, time] = /\.json\.tmp-(\d+)-(\d+)$/.exec(name) ?? [];
    if (pid === undefined) continue;
    const isDead = Number(pid) === process.pid ? Number(time) < startedAt() : !isAlive(Number(pid));
    if (isDead) await rm(join(folder, name), { force: true });
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
