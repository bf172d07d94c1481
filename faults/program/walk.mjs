// Opens the product on a repository, walks the effects, and acknowledges each outcome in a log at the moment in which the caller
// learns of it. Its order comes as JSON in the first argument; what is to go wrong is armed before the product is loaded.
//   { repository, log, baseOid, runId, arm, report, closes }
import { fsyncSync, openSync, writeSync } from "node:fs";
import { armAddon } from "./arm.mjs";
import { effects } from "./effects.mjs";

const order = JSON.parse(process.argv[2]);
const armed = armAddon(order);
const { commandTask, WorktreeManager } = await import("../../dist/index.js");

const log = openSync(order.log, "a");
function acknowledge(entry) {
  writeSync(log, `${JSON.stringify(entry)}\n`);
  fsyncSync(log);
}

const person = { name: "E Ffect", email: "effect@example.com" };
const manager = await WorktreeManager.open(order.repository, {
  runId: order.runId,
  limits: { worktrees: 3, nativeThreads: 2, lockTimeoutMs: order.lockTimeoutMs ?? 5_000 },
  commit: { author: person, committer: person, date: new Date("2026-01-02T03:04:05Z") },
});
manager.on("effect:settled", ({ effectId, outcome }) => {
  const { kind, commitOid = null, snapshotOid, kept, replayed, error = null } = outcome;
  const keptRef = kept?.ref ?? null;
  acknowledge({ effectId, kind, commitOid, snapshotOid, keptRef, replayed, code: error?.code ?? null });
});
const requests = effects.map(({ id, task, command }) => ({ id, task: task ?? commandTask("sh", ["-c", command]) }));
await manager.parallel.allSettled(requests, { base: order.baseOid });
await manager.close();
acknowledge({ closed: true });
armed.report();
