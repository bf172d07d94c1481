// This side of the talk with a module task: turns its messages into the request's callbacks and keeps the last one.

import { CoppiceError } from "../errors.js";
import type { Json, ModuleTask } from "../task.js";
import type { Deadline } from "./deadline.js";
import { fromJsonText, toJsonText } from "./json-value.js";
import type { AbortMessage, LastMessage, MessageFromTask, StartMessage } from "./messages.js";
import type { RunRequest } from "./runner.js";
import { progressValue } from "./task-context.js";
import { effectVariables } from "./task-environment.js";

/** Throws ERR_TASK_VALUE for an input that is not JSON, ERR_TASK_MODULE for a module that no URL or path names. */
export function startMessage(request: RunRequest, task: ModuleTask): StartMessage {
  const { effectId, runId, attempt, conflicts = [], verifies = [], path, valueBytes, graceMs } = request;
  const input = toJsonText(task.input, valueBytes, "input");
  const module = requireFileUrl(task.module);
  const environment = effectVariables(request);
  const identity = { effectId, runId, attempt, conflicts, verifies, path };
  return { kind: "start", ...identity, module, export: task.export, input, valueBytes, graceMs, environment };
}

function requireFileUrl(module: string): string {
  if (URL.canParse(module) && new URL(module).protocol === "file:") return module;
  const message = `task module ${JSON.stringify(module)} is not a file: URL; write new URL("./x.task.js", import.meta.url)`;
  throw new CoppiceError("ERR_TASK_MODULE", message, { details: { path: module } });
}

export class Conversation {
  readonly #request: RunRequest;
  readonly #deadline: Deadline;
  #last: LastMessage | null = null;
  #threadId: number | null = null;

  constructor(request: RunRequest, deadline: Deadline) {
    this.#request = request;
    this.#deadline = deadline;
  }

  /** The task has begun. */
  get begun(): boolean {
    return this.#threadId !== null;
  }

  /** Of the thread that the task began in. */
  get threadId(): number | null {
    return this.#threadId;
  }

  get settled(): boolean {
    return this.#last !== null;
  }

  /** The task settled and left nothing running. */
  get quiet(): boolean {
    return this.#last?.quiet === true;
  }

  receive(message: MessageFromTask): void {
    if (message.kind === "started") this.#begin(message.threadId);
    else if (message.kind === "progress") this.#request.onProgress(progressValue(message.value));
    else if (message.kind === "output") this.#request.onOutput(message.stream, message.text);
    else this.#end(message);
  }

  /** Once the soft signal has fired. */
  abortMessage(): AbortMessage {
    return { kind: "abort", error: (this.#deadline.soft.reason as CoppiceError).toJSON() };
  }

  /**
   * The value; throws what the task failed with.
   * @param why there may be no last message: what is known of the end of the thread or process
   */
  result(why: unknown): Json | undefined {
    if (this.#last === null) throw this.#lost(why);
    if (this.#last.kind === "failed") throw CoppiceError.fromJSON(this.#last.error);
    return fromJsonText(this.#last.value);
  }

  #begin(threadId: number): void {
    this.#threadId = threadId;
    this.#deadline.start();
    this.#request.onStart();
  }

  /** What comes after it, an abort or the timeout, comes too late. */
  #end(last: LastMessage): void {
    this.#last = last;
    this.#deadline.end();
  }

  #lost(why: unknown): CoppiceError {
    const { effectId } = this.#request;
    const when = this.begun ? "before its task settled" : "before its task began";
    const reason = why instanceof Error ? why.message : String(why);
    return new CoppiceError("ERR_TASK_LOST", `what ran effect "${effectId}" ended ${when}: ${reason}`, { cause: why });
  }
}
