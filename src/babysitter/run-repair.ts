// What a death in the middle of the SDK's own writing leaves in a run, and what the SDK never gets over by itself:
// - its lock, made and not yet filled: every later try to read it fails;
// - the unfinished file of an event: its number counts as used, and the gap makes the journal unreadable for ever;
// - both, and its lock, of a process whose number another one has by now, as in a container that is started again: alive by its number.
// None holds anything that was acknowledged. What a living process writes stays.

import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { writerLives } from "./writer.js";

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

/** Whether the lock is of a process that is gone, while another one has its number: whoever asks by the number finds it alive. */
async function isOfNamesake(path: string): Promise<boolean> {
  const text = await readFile(path, "utf8").catch(() => "null");
  const { pid, acquiredAt } = (isNotJson(text) ? {} : (JSON.parse(text) ?? {})) as {
    pid?: unknown;
    acquiredAt?: unknown;
  };
  if (!Number.isInteger(pid) || (pid as number) <= 0) return false;
  const saidAt = typeof acquiredAt === "string" ? Date.parse(acquiredAt) : Number.NaN;
  // The later of the two: a clock that was put back must not make a living process's lock seem old.
  const writtenAt = Math.max(Number.isNaN(saidAt) ? 0 : saidAt, await modifiedAt(path));
  return !(await writerLives(pid as number, writtenAt));
}

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
    const path = join(folder, name);
    if (!(await writerLives(Number(pid), Number(time)))) await rm(path, { force: true });
  }
}
