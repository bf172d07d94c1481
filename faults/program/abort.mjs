// Walks the effects, and ends in the middle in the way that its order wants, while native work is in flight. Its order comes as JSON in
// the first argument: { repository, runId, baseOid, way, afterMs }. Prints one JSON line where it lives to do so.
//   abort            the manager is aborted; everything settles; how long that took is told
//   close            `close` is called at once
//   exit, throw      the process ends by process.exit, or by an exception that nobody catches
//   terminate        the manager lives in a worker thread, which is terminated; the process itself must live
//   SIGTERM, SIGINT  it is sent to the process
import { fileURLToPath } from "node:url";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { commandTask, WorktreeManager } from "../../dist/index.js";
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
    throw new Error("on purpose");
  },
  SIGTERM: () => process.kill(process.pid, "SIGTERM"),
  SIGINT: () => process.kill(process.pid, "SIGINT"),
};

if (isMainThread && order.way === "terminate") {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: order });
  await new Promise((resolve) => worker.once("message", resolve));
  await new Promise((resolve) => setTimeout(resolve, order.afterMs));
  await worker.terminate();
  console.log(JSON.stringify({ terminated: true }));
} else {
  const limits = { worktrees: 3, nativeThreads: 2 };
  const manager = await WorktreeManager.open(order.repository, { runId: order.runId, limits });
  const requests = effects.map(({ id, task, command }) => ({ id, task: task ?? commandTask("sh", ["-c", command]) }));
  const walking = manager.parallel.allSettled(requests, { base: order.baseOid });
  if (!isMainThread) (await import("node:worker_threads")).parentPort.postMessage("walking");
  else setTimeout(() => ways[order.way](manager, walking), order.afterMs);
}
