// Locks that are held: git's by somebody else, for a while or for ever, alive or dead; ours by a process that stands still, or that has
// died beside a living one. Whoever needs one waits, and is then told path, owner and age; a foreign lock stays byte for byte.
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { faultAddon } from "../built.js";
import { type Ground, layGround } from "../ground.js";
import { faceOf, hold, isUntouched, leaveBehind } from "../holding.js";
import { type Expected, expectedOf, judge, judgeAtOnce } from "../oracle.js";
import { seeded } from "../random.js";
import type { Case, Finding, Plan, Problem, Scenario } from "../scenario.js";
import { unasked } from "../two-lives.js";
import { type Walked, walk } from "../walk.js";
import { copyWorld, type World } from "../world.js";

const names = [
  "index",
  "HEAD",
  "packed-refs",
  "config",
  "refs/heads/main",
  "refs/coppice/faults/ledger",
  "refs/coppice/faults/effects/fail",
];
/** Where a process of ours is stopped, or dies, with locks in its hands. */
const steps = [
  ...["landing.locked", "landing.index-locked", "landing.noted", "landing.moved", "landing.path", "landing.publishing"],
  ...["ref.packed-locked", "admin.prepared", "lock.taken", "lock.written"],
];
const impatientMs = 300;
const patientMs = 20_000;

export const heldLocks: Scenario = {
  name: "locks",
  shows: "git's and our locks held for a while, for ever, by the living and the dead",
  amounts: { quick: 6, full: Number.POSITIVE_INFINITY },
  measures: ["lost", "mixed", "wrongSuccesses", "crashes", "userBytesLost", "leftovers"],
  async plan({ folder, seed }): Promise<Plan> {
    const ground = await layGround(folder);
    const together = await expectedOfBoth(ground, join(folder, "both"));
    const random = seeded(seed);
    const whiles = [1, 2, 3].map(() => Math.round(100 + random() * 900));
    return {
      cases: [
        ...names.flatMap((name) => [
          ...whiles.map((ms) => heldForAWhile(ground, name, ms)),
          ...[true, false].map((alive) => heldForEver(ground, name, alive)),
        ]),
        ...steps.flatMap((step) => [1, 2, 5].map((nth) => heldByOurs(ground, together, step, nth))),
        ...steps.flatMap((step) => [1, 2].map((nth) => diedBeside(ground, together, step, nth))),
      ],
    };
  },
};

/** What the walk comes to with the other effect beside it. */
async function expectedOfBoth({ template }: Ground, folder: string): Promise<Expected> {
  const world = await copyWorld(template, folder);
  await walk(world);
  await walk(world, { other: true });
  return expectedOf(world);
}

function heldForAWhile({ template, expected }: Ground, name: string, ms: number): Case {
  return {
    name: `${name.replaceAll("/", "-")}-for-${ms}-ms`,
    async take(place): Promise<Finding> {
      const world = await copyWorld(template, place);
      const { release } = await hold(lockOf(world, name));
      const walking = walk(world, { lockTimeoutMs: patientMs });
      await setTimeout(ms);
      await release();
      const walked = await walking;
      const problems = [...unasked(walked, false), ...(await judge(world, expected, [walked.acknowledged]))];
      return { faults: 1, kills: 0, problems };
    },
  };
}

function heldForEver({ template, expected }: Ground, name: string, alive: boolean): Case {
  return {
    name: `${name.replaceAll("/", "-")}-for-ever-by-the-${alive ? "living" : "dead"}`,
    async take(place): Promise<Finding> {
      const world = await copyWorld(template, place);
      const lock = lockOf(world, name);
      const holder = alive ? await hold(lock) : null;
      if (holder === null) await leaveBehind(lock);
      const face = await faceOf(lock);
      const first = await walk(world, { lockTimeoutMs: impatientMs });
      const problems = [...unasked(first, true), ...judgeRefusals(first, [lock], holder?.pid ?? null)];
      if (!(await isUntouched(lock, face)))
        problems.push({ kind: "userBytesLost", what: `the foreign lock ${lock} has been touched` });
      problems.push(...(await judgeAtOnce(world, first.acknowledged)).map(asWrongSuccess));
      if (holder === null) await rm(lock);
      else await holder.release();
      const last = await walk(world);
      problems.push(
        ...unasked(last, false),
        ...(await judge(world, expected, [first.acknowledged, last.acknowledged])),
      );
      return { faults: 1, kills: 0, problems };
    },
  };
}

/** One of ours stands still with locks in its hands; another waits for it in vain, and then, when it goes on, with success. */
function heldByOurs({ template }: Ground, expected: Expected, step: string, nth: number): Case {
  return {
    name: `stopped-at-${step}-${nth}`,
    async take(place): Promise<Finding> {
      const world = await copyWorld(template, place);
      const stopped = await walkStopped(world, step, nth);
      const { pid } = stopped;
      const before = await locksIn(world);
      const impatient = pid === null ? null : await walk(world, { other: true, lockTimeoutMs: impatientMs });
      const after = await locksIn(world);
      const patient = walk(world, { other: true, lockTimeoutMs: patientMs });
      await setTimeout(impatientMs);
      if (pid !== null) process.kill(pid, "SIGCONT");
      const lives = [await stopped.walking, await patient];
      const problems = lives.flatMap((life) => unasked(life, false));
      if (impatient !== null) {
        problems.push(...unasked(impatient, true), ...judgeRefusals(impatient, [...before.keys()], pid));
        const gone = [...before].filter(([lock, inode]) => after.get(lock) !== inode).map(([lock]) => lock);
        if (gone.length > 0) problems.push({ kind: "lost", what: `locks of a living process are gone: ${gone}` });
      }
      problems.push(...(await judgeBoth(world, expected, lives)));
      return { faults: pid === null ? 0 : 1, kills: 0, problems };
    },
  };
}

/** One of ours has opened before another one dies with locks in its hands: nobody need open again for them to go. */
function diedBeside({ template }: Ground, expected: Expected, step: string, nth: number): Case {
  return {
    name: `died-beside-at-${step}-${nth}`,
    async take(place): Promise<Finding> {
      const world = await copyWorld(template, place);
      const gate = join(place, "gate");
      const living = walk(world, { gate, lockTimeoutMs: patientMs });
      await setTimeout(impatientMs);
      const env = { COPPICE_FAILPOINT: step, COPPICE_FAILPOINT_NTH: String(nth) };
      const dead = await walk(world, { other: true, addon: faultAddon, env });
      await writeFile(gate, "");
      const lives = [await living, await walk(world, { other: true })];
      const problems = [...unasked(dead, true), ...lives.flatMap((life) => unasked(life, false))];
      problems.push(...(await judgeBoth(world, expected, lives)));
      const kills = dead.ended.signal === "SIGKILL" ? 1 : 0;
      return { faults: kills, kills, problems };
    },
  };
}

/** @param lives the one with all effects, and the one with the other */
async function judgeBoth(world: World, expected: Expected, lives: readonly Walked[]): Promise<Problem[]> {
  const [all, other] = lives.map(({ acknowledged }) => acknowledged);
  const problems = await judge(world, expected, [all ?? []]);
  const kinds = (other ?? []).map(({ kind }) => kind);
  return kinds.length === 1 && kinds[0] === "landed"
    ? problems
    : [...problems, { kind: "lost", what: `the other effect settled as ${kinds.join(", ") || "nothing"}` }];
}

/** Whatever was refused for a lock says which, since when and, when he lives, whose it is. */
function judgeRefusals({ acknowledged, refused }: Walked, locks: readonly string[], owner: number | null): Problem[] {
  const told = [...acknowledged.map(({ code, message }) => ({ code, message })), ...refused.map(asTold)];
  return told.flatMap(({ code, message }): Problem[] => {
    if (code === null || message === null || code === "ERR_TASK_FAILED") return [];
    if (code !== "ERR_LOCKED")
      return [{ kind: "crashes", what: `it was refused for another reason: ${code} ${message}` }];
    const says = [
      locks.some((lock) => message.includes(lock)) || /coppice\/(landing\.lock|worktrees)/.test(message),
      /since \d+ (s|min|h)\b/.test(message),
      owner === null || new RegExp(`process ${owner}\\b`).test(message),
    ];
    return says.every(Boolean) ? [] : [{ kind: "wrongSuccesses", what: `path, age or owner is not in: ${message}` }];
  });
}

function asTold({ refused, message }: { refused: string; message: string }) {
  return { code: refused, message };
}

async function walkStopped(world: World, step: string, nth: number) {
  let pid = 0;
  const env = { COPPICE_FAILPOINT: step, COPPICE_FAILPOINT_NTH: String(nth), COPPICE_FAILPOINT_ACT: "stop" };
  const started = (number: number) => {
    pid = number;
  };
  const walking = walk(world, { addon: faultAddon, env, started });
  let ended = false;
  void walking.finally(() => {
    ended = true;
  });
  while (!ended && !(await isStopped(pid))) await setTimeout(5);
  // It may come by that step less often.
  return { walking, pid: ended ? null : pid };
}

async function isStopped(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return text.slice(text.lastIndexOf(")")).startsWith(") T");
}

/** Every lock in the git directory, with its inode. */
async function locksIn({ repository }: World): Promise<Map<string, number>> {
  const entries = await readdir(join(repository, ".git"), { recursive: true, withFileTypes: true });
  const paths = entries.map(({ parentPath, name }) => join(parentPath, name)).filter((path) => path.endsWith(".lock"));
  const found = await Promise.all(paths.map(async (path) => [path, (await stat(path)).ino] as const));
  return new Map(found);
}

function lockOf({ repository }: World, name: string): string {
  return join(repository, ".git", `${name}.lock`);
}

function asWrongSuccess({ kind, what }: Problem): Problem {
  return { kind: kind === "lost" ? "wrongSuccesses" : kind, what };
}
