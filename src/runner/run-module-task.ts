// A module task on the far side: what a worker thread and a pooled process do alike with a start message. Neither the
// addon nor the manager is loaded here.

import { StringDecoder } from "node:string_decoder";
import { setTimeout } from "node:timers/promises";
import { threadId } from "node:worker_threads";
import { CoppiceError } from "../errors.js";
import { fromJsonText, toJsonText } from "./json-value.js";
import { loadTask } from "./load-task.js";
import type { LastMessage, MessageFromTask, SettledTask, StartMessage } from "./messages.js";
import { callTask, openContext } from "./task-context.js";

/**
 * Posts everything but the last message, which it resolves to: whoever runs the task may have to clear up first.
 * Never rejects.
 */
export async function runModuleTask(
  start: StartMessage,
  signal: AbortSignal,
  post: (message: MessageFromTask) => void,
): Promise<LastMessage> {
  post({ kind: "started", threadId });
  const restoreEnvironment = setEnvironment(start.environment);
  const releaseOutput = redirectOutput(post);
  // Only now: to touch the output streams of a process opens them.
  const before = openResources();
  const last = await settle(start, signal, post);
  releaseOutput();
  restoreEnvironment();
  return { ...last, quiet: await isQuiet(before) };
}

async function settle(
  start: StartMessage,
  signal: AbortSignal,
  post: (message: MessageFromTask) => void,
): Promise<SettledTask> {
  const onProgress = (value: string) => post({ kind: "progress", value });
  const { context, close } = openContext({ ...start, input: fromJsonText(start.input), signal, onProgress });
  try {
    const task = await loadTask(start.module, start.export);
    const value = await callTask(start.effectId, () => task(context));
    return { kind: "value", value: toJsonText(value, start.valueBytes, "value") };
  } catch (error) {
    return { kind: "failed", error: CoppiceError.from(error, "ERR_TASK_FAILED").toJSON() };
  } finally {
    close();
  }
}

/** How many there are of each kind of what keeps the event loop going. */
function openResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** With a little patience: what is closed needs some turns of the event loop, and of other threads, to be gone. */
async function isQuiet(before: ReadonlyMap<string, number>): Promise<boolean> {
  const nothingNew = () => [...openResources()].every(([kind, count]) => count <= (before.get(kind) ?? 0));
  for (const pauseMs of [0, 1, 5, 25]) {
    if (nothingNew()) return true;
    await setTimeout(pauseMs);
  }
  return nothingNew();
}

/** A thread has its own copy of the environment, and a pooled process is ours: what a task sets must not reach the next. */
function setEnvironment(environment: Readonly<Record<string, string>>): () => void {
  const before = { ...process.env };
  Object.assign(process.env, environment);
  return () => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  };
}

/** What the task prints through `console` and `process.stdout` goes to its own effect, not into the console of all. */
function redirectOutput(post: (message: MessageFromTask) => void): () => void {
  const restore = (["stdout", "stderr"] as const).map((stream) => {
    const target = process[stream];
    const write = target.write;
    const decoder = new StringDecoder("utf8");
    target.write = (chunk: Uint8Array | string, ...rest: unknown[]) => {
      const text = typeof chunk === "string" ? chunk : decoder.write(Buffer.from(chunk));
      post({ kind: "output", stream, text });
      const done = rest.find((argument) => typeof argument === "function");
      if (done) process.nextTick(done as () => void);
      return true;
    };
    return () => {
      target.write = write;
    };
  });
  return () => {
    for (const one of restore) one();
  };
}
