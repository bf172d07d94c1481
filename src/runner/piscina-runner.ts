// Module tasks in worker threads. Piscina keeps the threads; around it stand what it lacks: a soft signal before the
// thread is terminated, a timeout that counts from the start, and the certainty that a terminated thread is gone.

import { once } from "node:events";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { Piscina } from "piscina";
import { Semaphore } from "../semaphore.js";
import type { Json, ModuleTask } from "../task.js";
import { Conversation, startMessage } from "./conversation.js";
import type { Deadline } from "./deadline.js";
import { abandonedError, endedWithin } from "./ending.js";
import type { MessageFromTask, StartMessage } from "./messages.js";
import type { RunRequest } from "./runner.js";
import { taskEnvironment } from "./task-environment.js";
import type { ThreadRun } from "./worker-entry.js";

/** How long a thread without work stays. */
const idleMs = 5_000;

// Beside this file: worker-entry.js in dist, worker-entry.ts when the sources themselves run, under vitest or tsx.
const isSource = import.meta.url.endsWith(".ts");
const entry = fileURLToPath(new URL(isSource ? "./worker-entry.ts" : "./worker-entry.js", import.meta.url));

export class PiscinaRunner {
  readonly #threads: number;
  /** Our own line: with no thread left (each was aborted, or died) Piscina starts none for those in its queue. */
  readonly #permits: Semaphore;
  #pool: Piscina | undefined;

  constructor(threads: number) {
    this.#threads = threads;
    this.#permits = new Semaphore(threads);
  }

  async run(request: RunRequest, task: ModuleTask, deadline: Deadline): Promise<Json | undefined> {
    const start = startMessage(request, task);
    const release = await this.#permits.acquire(deadline.soft);
    try {
      return await this.#runPermitted(start, new Conversation(request, deadline), deadline);
    } finally {
      release();
    }
  }

  async close(): Promise<void> {
    const destroyed = this.#pool?.destroy();
    if (destroyed !== undefined) await endedWithin(destroyed);
  }

  async #runPermitted(start: StartMessage, conversation: Conversation, deadline: Deadline): Promise<Json | undefined> {
    deadline.soft.throwIfAborted();
    const { port1: port, port2: farPort } = new MessageChannel();
    port.on("message", (message: MessageFromTask) => conversation.receive(message));
    const kill = new AbortController();
    const onSoft = () => {
      drain(port, conversation);
      if (conversation.begun) port.postMessage(conversation.abortMessage());
      else kill.abort();
    };
    let terminated: Promise<unknown> = Promise.resolve();
    const onHard = () => {
      terminated = this.#exitOf(conversation.threadId);
      kill.abort();
    };
    deadline.soft.addEventListener("abort", onSoft);
    deadline.hard.addEventListener("abort", onHard);
    const why = await this.#perform({ start, port: farPort }, kill.signal);
    deadline.soft.removeEventListener("abort", onSoft);
    deadline.hard.removeEventListener("abort", onHard);
    drain(port, conversation);
    port.close();
    if (!(await endedWithin(terminated))) throw abandonedError(start.effectId, "thread");
    return conversation.result(why);
  }

  /** Why there may be no last message; undefined when the thread said that it was done. */
  async #perform(task: ThreadRun, signal: AbortSignal): Promise<unknown> {
    this.#pool ??= this.#open();
    try {
      await this.#pool.run(task, { filename: entry, name: "runInThread", transferList: [task.port], signal });
      return undefined;
    } catch (error) {
      return error;
    }
  }

  #open(): Piscina {
    const pool = new Piscina({
      minThreads: 0,
      maxThreads: this.#threads,
      idleTimeout: idleMs,
      // Between two tasks a thread must turn its event loop: what a task left behind shows itself then, not in the next.
      atomics: "disabled",
      recordTiming: false,
      env: taskEnvironment(),
      ...(isSource
        ? { execArgv: ["--import", pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href] }
        : {}),
    });
    // Of a thread without a task; without a listener it would end the process.
    pool.on("error", () => {});
    return pool;
  }

  /** A thread keeps working until its `exit`, which is later than Piscina's rejection. */
  #exitOf(threadId: number | null): Promise<unknown> {
    const thread = this.#pool?.threads.find((candidate) => candidate.threadId === threadId);
    return thread === undefined ? Promise.resolve() : once(thread, "exit");
  }
}

/** Reads what was posted but not yet delivered, in order; posting is synchronous, so it is all there. */
function drain(port: MessagePort, conversation: Conversation): void {
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    conversation.receive(next.message as MessageFromTask);
  }
}
