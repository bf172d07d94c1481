// One of several processes on one repository: has its effects settle, each as often as it takes. Whatever stands in the way for a while
// (somebody else's lock, a merge of the user's, the same effect in another process) is met as a caller would: it waits, and asks again,
// or lands what was kept. Its order comes as JSON in the first argument: { repository, runId, log, effects: [{ id, slot }] }. Each
// outcome that it learns of is a line of its log.
import { fsyncSync, openSync, writeSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { commandTask, isCoppiceError, WorktreeManager } from "../../dist/index.js";
import { slotsPath } from "./slots.mjs";

const order = JSON.parse(process.argv[2]);
const mostTurns = 500;
const atOnce = 3;

const log = openSync(order.log, "a");
function acknowledge(entry) {
  writeSync(log, `${JSON.stringify(entry)}\n`);
  fsyncSync(log);
}

function taskOf({ id, slot }) {
  // Not the same in another process: an effect that ran twice would not pass for one that ran once.
  if (Number(slot) % 5 === 0) {
    const take = `sed -i 's/^slot ${slot}: free$/slot ${slot}: ${id}/' ${slotsPath}`;
    return commandTask("sh", [
      "-c",
      `mkdir -p product && echo made by ${id} in process $PPID > product/${id}.txt && ${take} && git add -A && git commit -qm own`,
    ]);
  }
  return async ({ resolve }) => {
    const file = resolve(`product/${id}.txt`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `made by ${id} in process ${process.pid}\n`);
    const slots = await readFile(resolve(slotsPath), "utf8");
    await writeFile(resolve(slotsPath), slots.replace(`slot ${slot}: free\n`, `slot ${slot}: ${id}\n`));
  };
}

async function settle(manager, effect) {
  const { id } = effect;
  let kept = false;
  for (let turn = 1; turn <= mostTurns; turn++) {
    const outcome = await (kept ? manager.landKept(id) : manager.run({ id, task: taskOf(effect) })).catch(asRefused);
    const { kind, commitOid = null, replayed = false, error = null, blocked = [], conflicts = [] } = outcome;
    const why =
      error?.message ??
      [...blocked, ...conflicts].map(({ path, reason, kind: how }) => `${path}: ${reason ?? how}`).join(", ");
    acknowledge({ effectId: id, kind, commitOid, replayed, turn, why });
    if (kind === "landed" || kind === "unchanged" || kind === "conflicted") return;
    if (kind !== "refused") kept = (outcome.kept?.ref ?? null) !== null;
    else if (error.code === "ERR_KEPT_NOT_FOUND") kept = false;
    await setTimeout(10 + Math.random() * 50);
  }
}

/** What is refused before anything was done for it. */
function asRefused(error) {
  if (!isCoppiceError(error)) throw error;
  return { kind: "refused", error };
}

const person = { name: "E Ffect", email: "effect@example.com" };
const limits = { worktrees: atOnce, nativeThreads: 2, lockTimeoutMs: 30_000 };
const options = { runId: order.runId, limits, commit: { author: person } };
let manager = null;
while (manager === null) {
  manager = await WorktreeManager.open(order.repository, options).catch((error) => {
    // A merge of somebody's is open for a moment.
    if (!isCoppiceError(error, "ERR_REPOSITORY_BUSY")) throw error;
    return setTimeout(20, null);
  });
}
const waiting = [...order.effects];
async function settleNext() {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await settle(manager, next);
}
await Promise.all(Array.from({ length: atOnce }, settleNext));
await manager.close();
