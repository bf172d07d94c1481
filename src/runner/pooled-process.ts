// One child process of the pool, seen from this side: given one task after the other, and ended together with all that
// it started.

import { type ChildProcess, fork } from "node:child_process";
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Json } from "../task.js";
import type { Conversation } from "./conversation.js";
import type { Deadline } from "./deadline.js";
import { abandonedError } from "./ending.js";
import type { MessageFromTask, MessageToTask, StartMessage } from "./messages.js";
import { ProcessGroup } from "./process-group.js";
import { taskEnvironment } from "./task-environment.js";

// Beside this file: process-entry.js in dist, process-entry.ts when the sources themselves run, under vitest or tsx.
const isSource = import.meta.url.endsWith(".ts");
const entry = fileURLToPath(new URL(isSource ? "./process-entry.ts" : "./process-entry.js", import.meta.url));

export class PooledProcess {
  readonly #child: ChildProcess;
  readonly #group: ProcessGroup | null;
  /** Resolves to what is known of the child's end, when all its messages are read. */
  readonly #exited: Promise<Error>;
  #receive: (message: MessageFromTask) => void = () => {};
  #ended: Promise<boolean> | undefined;

  /**
   * @param descriptors open descriptors that the child inherits, for as long as it lives
   * @param files what they lead to
   */
  constructor(
    descriptors: readonly number[],
    readonly files: string,
  ) {
    this.#child = fork(entry, {
      detached: true,
      env: taskEnvironment(),
      execArgv: execArguments(),
      stdio: ["ignore", "pipe", "pipe", "ipc", ...descriptors],
    });
    this.#group = this.#child.pid === undefined ? null : new ProcessGroup(this.#child.pid);
    this.#exited = exitOf(this.#child);
    void this.#exited.then(() => this.end());
    this.#child.on("message", (message: MessageFromTask) => this.#receive(message));
    for (const name of ["stdout", "stderr"] as const) this.#readRaw(name);
  }

  /** Another task may be given: the last one left nothing running, and the child is there. */
  get usable(): boolean {
    return this.#ended === undefined && this.#child.connected;
  }

  /** The task's value; throws what `Conversation.result` throws, or that something of the task cannot be killed. */
  async perform(start: StartMessage, conversation: Conversation, deadline: Deadline): Promise<Json | undefined> {
    this.#holdOpen(true);
    let kill = () => {};
    const killed = new Promise<boolean>((resolve) => {
      kill = () => resolve(this.end());
    });
    const onSoft = () => (conversation.begun ? this.#send(conversation.abortMessage()) : kill());
    deadline.soft.addEventListener("abort", onSoft);
    deadline.hard.addEventListener("abort", kill);
    const settled = this.#settled(conversation);
    this.#send(start);
    const end = await Promise.race([settled, this.#exited, killed]);
    deadline.soft.removeEventListener("abort", onSoft);
    deadline.hard.removeEventListener("abort", kill);
    if (!(await this.#clearUp(conversation))) throw abandonedError(start.effectId, "process");
    return conversation.result(end instanceof Error ? end : new Error("it was killed"));
  }

  /** Nothing but the child keeps this process alive while a task runs, and not even the child while none does. */
  rest(): void {
    this.#holdOpen(false);
  }

  /** Kills the child and all that it started, once: later its number may be another's. False: somebody is unkillable. */
  end(): Promise<boolean> {
    this.#ended ??= this.#group?.kill() ?? Promise.resolve(true);
    return this.#ended;
  }

  #settled(conversation: Conversation): Promise<void> {
    return new Promise((resolve) => {
      this.#receive = (message) => {
        conversation.receive(message);
        if (conversation.settled) resolve();
      };
    });
  }

  async #clearUp(conversation: Conversation): Promise<boolean> {
    // What was written straight to the descriptors is in the pipes already; two turns of the event loop read it.
    await setImmediate();
    await setImmediate();
    this.#receive = () => {};
    if (this.usable && conversation.quiet && !(await this.#group?.hasOthers())) return true;
    return this.end();
  }

  #send(message: MessageToTask): void {
    // A child that is just going away makes itself known by its exit, not by a failed message.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #readRaw(stream: "stdout" | "stderr"): void {
    const decoder = new StringDecoder("utf8");
    this.#child[stream]?.on("data", (chunk: Buffer) => {
      this.#receive({ kind: "output", stream, text: decoder.write(chunk) });
    });
  }

  #holdOpen(open: boolean): void {
    const { stdout, stderr, channel } = this.#child;
    for (const handle of [this.#child, channel, stdout as Socket | null, stderr as Socket | null]) {
      if (open) handle?.ref();
      else handle?.unref();
    }
  }
}

/** A debugger's port is taken by the parent; everything else that shapes Node holds for the child too. */
function execArguments(): string[] {
  const inherited = process.execArgv.filter((argument) => !argument.startsWith("--inspect"));
  return isSource ? [...inherited, "--import", sourceLoader()] : inherited;
}

function sourceLoader(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
}

function exitOf(child: ChildProcess): Promise<Error> {
  return new Promise((resolve) => {
    child.once("error", resolve);
    child.once("exit", (exitCode, signal) => {
      const end = new Error(signal === null ? `its process exited with code ${exitCode}` : `its process got ${signal}`);
      if (child.connected) child.once("disconnect", () => resolve(end));
      else resolve(end);
    });
  });
}
