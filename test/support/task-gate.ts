// A point that tasks in other threads and processes reach and wait at until the test lets them go on: a local socket,
// so that neither side polls or sleeps. The tasks' side is test/fixtures/tasks/gate.mjs.
import { EventEmitter, once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "./repository.js";

export class TaskGate {
  private readonly waiting = new Map<string, Socket>();
  private readonly server: Server;
  private readonly arrivals = new EventEmitter();

  private constructor(readonly path: string) {
    this.server = createServer((socket) => {
      // A task that is killed at the gate resets its connection.
      socket.on("error", () => {});
      socket.once("data", (name) => this.onArrival(String(name), socket));
    });
  }

  /** Open for connections until the test is over. */
  static async create(): Promise<TaskGate> {
    const gate = new TaskGate(join(await temporaryFolder("gate"), "socket"));
    gate.server.listen(gate.path);
    await once(gate.server, "listening");
    onTestFinished(() => gate.close());
    return gate;
  }

  /** Resolves once somebody of that name waits at the gate. */
  async reached(name: string): Promise<void> {
    while (!this.waiting.has(name)) await once(this.arrivals, "arrival");
  }

  /** Lets the one of that name go on. */
  async release(name: string): Promise<void> {
    await this.reached(name);
    this.waiting.get(name)?.end("go on");
    this.waiting.delete(name);
  }

  /** Resolves once the one of that name, which waits at the gate, is gone without being let go. */
  async left(name: string): Promise<void> {
    const socket = this.waiting.get(name);
    if (socket && !socket.closed) await once(socket, "close");
  }

  /** Names of those that wait now. */
  get names(): string[] {
    return [...this.waiting.keys()].sort();
  }

  private onArrival(name: string, socket: Socket): void {
    this.waiting.set(name, socket);
    this.arrivals.emit("arrival");
  }

  private close(): void {
    for (const socket of this.waiting.values()) socket.destroy();
    this.server.close();
  }
}
