// One of two processes that have many effects settle on one repository. Now and then an effect is aborted in the middle, and asked for
// again; now and then, where its order says so, the process kills itself. Its order comes as JSON in the first argument:
//   { repository, runId, log, party, from, to, seed, kills }   effects <party>-<from> up to, but without, <party>-<to>
// Its log has a line for each effect that has landed, and from time to time what the process holds: memory, descriptors, threads.
import { fsyncSync, openSync, writeSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { commandTask, WorktreeManager } from "../../dist/index.js";

const order = JSON.parse(process.argv[2]);
const atOnce = 4;
const share = 0.01;
const longestMs = 25;
const samplesEvery = 25;
/** Files that the effects of a party write again and again: the repository is not to grow. */
const files = 97;
const mostTurns = 50;

const log = openSync(order.log, "a");
function note(entry) {
  writeSync(log, `${JSON.stringify(entry)}\n`);
  fsyncSync(log);
}

/** The same number for the same effect and purpose, whenever it is asked for. */
function chance(index, purpose) {
  let mixed = (order.seed * 31 + index) ^ (purpose * 0x9e3779b9);
  for (const factor of [0x85ebca6b, 0xc2b2ae35]) mixed = Math.imul(mixed ^ (mixed >>> 15), factor);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}

function taskOf(index) {
  const path = `soak/${order.party}/${index % files}.txt`;
  if (index % 10 === 0) return commandTask("sh", ["-c", `mkdir -p "$(dirname ${path})" && echo ${index} > ${path}`]);
  return async ({ resolve }) => {
    await mkdir(dirname(resolve(path)), { recursive: true });
    await writeFile(resolve(path), `${index}\n`.repeat(1 + (index % 50)));
  };
}

let aborted = 0;
async function settle(manager, index) {
  const id = `${order.party}-${index}`;
  if (order.kills && chance(index, 1) < share)
    setTimeout(() => process.kill(process.pid, "SIGKILL"), chance(index, 2) * longestMs);
  let why = "";
  for (let turn = 1; turn <= mostTurns; turn++) {
    const abort = new AbortController();
    if (turn === 1 && chance(index, 3) < share) setTimeout(() => abort.abort(), chance(index, 4) * longestMs);
    const outcome = await manager.run({ id, task: taskOf(index) }, { signal: abort.signal });
    if (outcome.kind === "aborted") aborted += 1;
    if (outcome.kind === "landed" || outcome.kind === "unchanged")
      return note({ landed: id, commitOid: outcome.commitOid ?? null });
    why = `${outcome.kind}: ${outcome.error?.message ?? JSON.stringify(outcome.conflicts ?? outcome.blocked)}`;
    await pause(5);
  }
  note({ given: id, why });
}

async function sample(settled) {
  globalThis.gc();
  const status = await readFile("/proc/self/status", "utf8");
  const threads = Number(/^Threads:\s+(\d+)/m.exec(status)[1]);
  const openFiles = (await readdir("/proc/self/fd")).length;
  note({ settled, rssMb: process.memoryUsage.rss() / 2 ** 20, openFiles, threads, aborted });
}

const person = { name: "E Ffect", email: "effect@example.com" };
const limits = { worktrees: atOnce, nativeThreads: 2, lockTimeoutMs: 60_000 };
const manager = await WorktreeManager.open(order.repository, {
  runId: order.runId,
  limits,
  commit: { author: person },
});
let next = order.from;
let settled = 0;
async function settleNext() {
  while (next < order.to) {
    await settle(manager, next++);
    if (++settled % samplesEvery === 0) await sample(settled);
  }
}
await Promise.all(Array.from({ length: atOnce }, settleNext));
await manager.close();
