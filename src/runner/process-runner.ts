// Module tasks with `runIn: "process"`: in pooled child processes whose working directory is the lease's folder. For
// tasks that rely on the working directory, load native code that must not share a process, or need to be killed for sure.

import type { Json, ModuleTask } from "../task.js";
import type { Admission } from "./admission.js";
import { Conversation, startMessage } from "./conversation.js";
import type { Deadline } from "./deadline.js";
import type { StartMessage } from "./messages.js";
import { PooledProcess } from "./pooled-process.js";
import type { RunRequest } from "./runner.js";

/** How long a process without work stays. */
const idleMs = 5_000;

export class ProcessRunner {
  readonly #admission: Admission;
  readonly #idle = new Map<PooledProcess, NodeJS.Timeout>();
  #closed = false;

  /** @param admission to processes of every kind, commands included */
  constructor(admission: Admission) {
    this.#admission = admission;
  }

  async run(request: RunRequest, task: ModuleTask, deadline: Deadline): Promise<Json | undefined> {
    const start = startMessage(request, task);
    const leave = await this.#admission.enter(deadline.soft);
    try {
      deadline.soft.throwIfAborted();
      const environment = { ...start.environment, PWD: start.path };
      return await this.#perform({ ...start, environment }, request, deadline);
    } finally {
      leave();
    }
  }

  async #perform(start: StartMessage, request: RunRequest, deadline: Deadline): Promise<Json | undefined> {
    const child = this.#take(request.inheritDescriptors);
    this.makeRoom();
    try {
      return await child.perform(start, new Conversation(request, deadline), deadline);
    } finally {
      this.#put(child);
    }
  }

  /** Ends idle children that, with everybody admitted now, would be more processes than allowed. */
  makeRoom(): void {
    const { limit, admitted } = this.#admission;
    for (const child of [...this.#idle.keys()].slice(0, Math.max(0, this.#idle.size + admitted - limit)))
      this.#drop(child);
  }

  /** Once no run is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#idle.keys()].map((child) => this.#drop(child)));
  }

  #take(descriptors: readonly number[]): PooledProcess {
    const same = (child: PooledProcess) => child.usable && String(child.descriptors) === String(descriptors);
    // The one that rested least: the others may come to the end of their idle time.
    const found = [...this.#idle.keys()].findLast(same);
    if (found === undefined) return new PooledProcess(descriptors);
    this.#forget(found);
    return found;
  }

  #put(child: PooledProcess): void {
    if (this.#closed || !child.usable) return void child.end();
    child.rest();
    this.#idle.set(child, setTimeout(() => void this.#drop(child), idleMs).unref());
  }

  #forget(child: PooledProcess): void {
    clearTimeout(this.#idle.get(child));
    this.#idle.delete(child);
  }

  #drop(child: PooledProcess): Promise<boolean> {
    this.#forget(child);
    return child.end();
  }
}
