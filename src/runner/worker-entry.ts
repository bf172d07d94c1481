// What a Piscina thread runs: one module task at a time, in talk with piscina-runner.ts over the port that comes with it.

import type { MessagePort } from "node:worker_threads";
import { CoppiceError } from "../errors.js";
import type { AbortMessage, StartMessage } from "./messages.js";
import { runModuleTask } from "./run-module-task.js";

export interface ThreadRun {
  readonly start: StartMessage;
  readonly port: MessagePort;
}

/** Resolves after the last message: the value goes over the port as well, so that no progress can come after it. */
export async function runInThread({ start, port }: ThreadRun): Promise<void> {
  const soft = new AbortController();
  port.on("message", (message: AbortMessage) => soft.abort(CoppiceError.fromJSON(message.error)));
  const last = await runModuleTask(start, soft.signal, (message) => port.postMessage(message));
  port.postMessage(last);
  // Of this thread only; whoever comes next gets a new one.
  if (!last.quiet) process.exit();
}
