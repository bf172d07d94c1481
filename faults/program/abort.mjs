// Walks the effects, and ends in the middle in the way that its order wants: after some time, or when a native call has just begun. Its
// order comes as JSON in the first argument: { repository, runId, baseOid, way, afterMs, during }. Prints one JSON line where it lives
// to do so.
//   abort            the manager is aborted; everything settles; how long that took is told
//   close            `close` is called at once
//   exit, throw      the process ends by process.exit, or by an exception that nobody catches
//   terminate        the manager lives in a worker thread, which is terminated; the process itself must live
//   SIGTERM, SIGINT  it is sent to the process
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { armAddon } from "./arm.mjs";
import { effects } from "./effects.mjs";

const order = isMainThread ? JSON.parse(process.argv[2]) : workerData;

const ways = {
  async abort(manager, walking) {
    const start = performance.now();
    manager.abort();
    const outcomes = await walking;
    const abortMs = performance.now() - start;
    await manager.close();
    console.log(JSON.stringify({ abortMs, kinds: outcomes.map(({ kind }) => kind) }));
  },
  async close(manager, walking) {
    await manager.close();
    await walking;
  },
  exit: () => process.exit(0),
  throw: () => {
    // On its own, not into the hands of whoever has called.
    setImmediate(() => {
      throw new Error("on purpose");
    });
  },
  terminate: () => parentPort.postMessage("now"),
  SIGTERM: () => process.kill(process.pid, "SIGTERM"),
  SIGINT: () => process.kill(process.pid, "SIGINT"),
};

async function walk() {
  let manager = null;
  let walking = null;
  let ended = false;
  const end = () => {
    if (walking === null || ended) return;
    ended = true;
    ways[order.way](manager, walking);
  };
  armAddon({ arm: order.during === null ? null : { ...order.during, when: "during" }, act: end });
  const { commandTask, WorktreeManager } = await import("../../dist/index.js");
  const limits = { worktrees: 3, nativeThreads: 2 };
  manager = await WorktreeManager.open(order.repository, { runId: order.runId, limits });
  const requests = effects.map(({ id, task, command }) => ({ id, task: task ?? commandTask("sh", ["-c", command]) }));
  walking = manager.parallel.allSettled(requests, { base: order.baseOid });
  if (order.during === null) setTimeout(end, order.afterMs);
  // The call may come less often than was thought.
  else walking.then(end);
}

if (isMainThread && order.way === "terminate") {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: order });
  await new Promise((resolve) => worker.once("message", resolve));
  await worker.terminate();
  console.log(JSON.stringify({ terminated: true }));
} else await walk();
