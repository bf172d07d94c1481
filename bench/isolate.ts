// Runs one job in a process of its own, and keeps that process until it may clean up.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { measuredEnvironment } from "./environment.js";
import type { Job, Reply } from "./trial.js";

const program = fileURLToPath(new URL("./measured-process.ts", import.meta.url));

/** Against a peer that hangs; the slowest take minutes. */
const mostMinutes = 90;

export class Isolated {
  readonly #child: ChildProcess;

  constructor() {
    const execArgv = ["--import", "tsx"];
    this.#child = fork(program, [], { env: measuredEnvironment, execArgv, serialization: "advanced" });
  }

  /** Never rejects for what happens over there. */
  take(job: Job): Promise<Reply> {
    return this.#ask({ job });
  }

  /** Lets it remove what it made; what it reports about that. */
  async finish(): Promise<Readonly<Record<string, number>>> {
    if (!this.#child.connected) return {};
    const reply = await this.#ask({ finish: true });
    this.kill();
    return "sample" in reply ? (reply.sample.extra as Record<string, number>) : {};
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #ask(message: object): Promise<Reply> {
    return new Promise((resolve) => {
      const limit = setTimeout(() => this.kill(), mostMinutes * 60_000);
      const answered = (reply: Reply) => {
        clearTimeout(limit);
        this.#child.off("exit", ended);
        resolve(reply);
      };
      const ended = (exitCode: number | null, signal: string | null) => {
        clearTimeout(limit);
        this.#child.off("message", answered);
        resolve({ error: `the process ended with ${signal ?? exitCode} before it answered` });
      };
      this.#child.once("message", answered);
      this.#child.once("exit", ended);
      this.#child.send(message);
    });
  }
}
