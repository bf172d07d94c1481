// Runs one job in a process of its own, and keeps that process until it may clean up.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { measuredEnvironment } from "./environment.js";
import type { Job, Reply } from "./trial.js";

const program = fileURLToPath(new URL("./measured-process.ts", import.meta.url));

export class Isolated {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Never rejects for what happens over there. */
  static async take(job: Job): Promise<{ isolated: Isolated; reply: Reply }> {
    const isolated = new Isolated(
      fork(program, [], { env: measuredEnvironment, execArgv: ["--import", "tsx"], serialization: "advanced" }),
    );
    return { isolated, reply: await isolated.#ask({ job }) };
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
      const answered = (reply: Reply) => {
        this.#child.off("exit", ended);
        resolve(reply);
      };
      const ended = (exitCode: number | null, signal: string | null) => {
        this.#child.off("message", answered);
        resolve({ error: `the process ended with ${signal ?? exitCode} before it answered` });
      };
      this.#child.once("message", answered);
      this.#child.once("exit", ended);
      this.#child.send(message);
    });
  }
}
