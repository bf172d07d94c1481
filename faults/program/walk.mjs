// Opens the product on a repository, walks the effects, and acknowledges each outcome in a log at the moment in which the caller
// learns of it. Its order comes as JSON in the first argument; what is to go wrong is armed before the product is loaded.
//   { repository, log, baseOid, runId, arm, report, addon, lockTimeoutMs, other, target, gate }
import { existsSync, fsyncSync, openSync, writeSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { armAddon } from "./arm.mjs";
import { effects, other } from "./effects.mjs";

const order = JSON.parse(process.argv[2]);
const armed = armAddon(order);
const { commandTask, isCoppiceError, WorktreeManager } = await import("../../dist/index.js");

const log = openSync(order.log, "a");
function acknowledge(entry) {
  writeSync(log, `${JSON.stringify(entry)}\n`);
  fsyncSync(log);
}

/** What the product refuses is told; anything else that is thrown ends the process as a crash. */
async function refusedOr(during, act) {
  try {
    return await act();
  } catch (error) {
    if (!isCoppiceError(error)) throw error;
    acknowledge({ refused: error.code, during, message: error.message });
    return null;
  }
}

const person = { name: "E Ffect", email: "effect@example.com" };
const options = {
  runId: order.runId,
  target: order.target ?? "HEAD",
  limits: { worktrees: 3, nativeThreads: 2, lockTimeoutMs: order.lockTimeoutMs ?? 5_000 },
  commit: { author: person, committer: person, date: new Date("2026-01-02T03:04:05Z") },
};
const manager = await refusedOr("open", () => WorktreeManager.open(order.repository, options));
if (manager !== null) {
  // What recovery has kept for this run, before anything is walked again.
  const kept = await refusedOr("kept", () => manager.kept());
  acknowledge({ kept: kept?.map(({ effectId }) => effectId) ?? null });
  manager.on("task:ended", ({ effectId }) => acknowledge({ taskEnded: effectId }));
  manager.on("effect:settled", ({ effectId, outcome }) => {
    const { kind, commitOid = null, snapshotOid, kept, replayed, displaced = [], error = null } = outcome;
    const [keptRef, keptWorktree] = [kept?.ref ?? null, kept?.worktreePath ?? null];
    const { code = null, message = null } = error ?? {};
    acknowledge({ effectId, kind, commitOid, snapshotOid, keptRef, keptWorktree, displaced, replayed, code, message });
  });
  manager.on("warning", ({ code, effectId }) => {
    if (code === "EFFECT_REVERTED") acknowledge({ reverted: effectId });
  });
  while (order.gate && !existsSync(order.gate)) await setTimeout(5);
  const walked = order.other ? [other] : effects;
  const requests = walked.map(({ id, task, command }) => ({ id, task: task ?? commandTask("sh", ["-c", command]) }));
  await refusedOr("walk", () => manager.parallel.allSettled(requests, { base: order.baseOid }));
  await refusedOr("close", () => manager.close());
}
acknowledge({ ended: true });
armed.report();
