// What a pooled child process runs: one module task at a time, with the lease's folder as its working directory, in talk
// with pooled-process.ts over the IPC channel. Between two tasks it stands at the root, so that the folder of the last
// one can be renamed or removed.

import { parse } from "node:path";
import { CoppiceError } from "../errors.js";
import type { LastMessage, MessageFromTask, MessageToTask, StartMessage } from "./messages.js";
import { runModuleTask } from "./run-module-task.js";

const root = parse(process.cwd()).root;
let current: { soft: AbortController; graceMs: number } | null = null;

process.chdir(root);
process.on("message", (message: MessageToTask) => {
  if (message.kind === "start") void run(message);
  else current?.soft.abort(CoppiceError.fromJSON(message.error));
});
process.on("disconnect", onOrphaned);

async function run(start: StartMessage): Promise<void> {
  const soft = new AbortController();
  current = { soft, graceMs: start.graceMs };
  const last = await runIn(start, soft.signal);
  current = null;
  if (process.connected) send(last);
  else leave();
}

async function runIn(start: StartMessage, signal: AbortSignal): Promise<LastMessage> {
  try {
    process.chdir(start.path);
  } catch (error) {
    return { kind: "failed", error: noFolder(start.path, error).toJSON(), quiet: true };
  }
  const last = await runModuleTask(start, signal, send);
  process.chdir(root);
  return last;
}

function noFolder(path: string, cause: unknown): CoppiceError {
  const details = { operation: "chdir", path };
  return new CoppiceError("ERR_NATIVE", `the worktree ${path} cannot be entered: ${String(cause)}`, { cause, details });
}

/** The manager is gone and nobody reads the result: the task gets its grace, and all that it started goes with it. */
function onOrphaned(): void {
  if (current !== null) setTimeout(leave, current.graceMs);
  else leave();
  current?.soft.abort(new CoppiceError("ERR_ABORTED", "the process that asked for this effect is gone"));
}

function leave(): void {
  try {
    if (process.platform !== "win32") process.kill(-process.pid, "SIGKILL");
  } finally {
    process.exit();
  }
}

function send(message: MessageFromTask): void {
  if (process.connected) process.send?.(message);
}
