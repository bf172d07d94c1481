// Module tasks with `runIn: "process"`: in pooled child processes whose working directory is the lease's folder. For
// tasks that rely on the working directory, load native code that must not share a process, or need to be killed for sure.

import { fstat } from "node:fs";
import { promisify } from "node:util";
import type { Semaphore } from "../semaphore.js";
import type { Json, ModuleTask } from "../task.js";
import { Conversation, startMessage } from "./conversation.js";
import type { Deadline } from "./deadline.js";
import type { StartMessage } from "./messages.js";
import { PooledProcess } from "./pooled-process.js";
import type { RunRequest } from "./runner.js";

const statOf = promisify(fstat);

/** How long a process without work stays. */
const idleMs = 5_000;

export class ProcessRunner {
  readonly #permits: Semaphore;
  readonly #idle = new Map<PooledProcess, NodeJS.Timeout>();

  /** @param permits to run a process of whatever kind, commands included */
  constructor(permits: Semaphore) {
    this.#permits = permits;
  }

  async run(request: RunRequest, task: ModuleTask, deadline: Deadline): Promise<Json | undefined> {
    const start = startMessage(request, task);
    const release = await this.#permits.acquire(deadline.soft);
    try {
      deadline.soft.throwIfAborted();
      const environment = { ...start.environment, PWD: start.path };
      return await this.#perform({ ...start, environment }, request, deadline);
    } finally {
      release();
    }
  }

  async #perform(start: StartMessage, request: RunRequest, deadline: Deadline): Promise<Json | undefined> {
    const child = this.#take(request.inheritDescriptors, await filesOf(request.inheritDescriptors));
    try {
      await this.makeRoom();
      deadline.soft.throwIfAborted();
      return await child.perform(start, new Conversation(request, deadline), deadline);
    } finally {
      this.#put(child);
    }
  }

  /** Ends resting children that, with all that run now, would be more processes than allowed. Resolves when they are gone. */
  async makeRoom(): Promise<void> {
    const surplus = this.#idle.size - this.#permits.free;
    await Promise.all([...this.#idle.keys()].slice(0, Math.max(0, surplus)).map((child) => this.#drop(child)));
  }

  /** Once no run is under way. */
  async close(): Promise<void> {
    await Promise.all([...this.#idle.keys()].map((child) => this.#drop(child)));
  }

  #take(descriptors: readonly number[], files: string): PooledProcess {
    const same = (child: PooledProcess) => child.usable && child.files === files;
    // The one that rested least: the others may come to the end of their idle time.
    const found = [...this.#idle.keys()].findLast(same);
    if (found === undefined) return new PooledProcess(descriptors, files);
    this.#forget(found);
    return found;
  }

  #put(child: PooledProcess): void {
    if (!child.usable) return;
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

/** What the descriptors lead to: their numbers are handed out again, while a file that a child holds open keeps its own. */
async function filesOf(descriptors: readonly number[]): Promise<string> {
  const stats = await Promise.all(descriptors.map((descriptor) => statOf(descriptor, { bigint: true })));
  return stats.map(({ dev, ino }) => `${dev}:${ino}`).join();
}
