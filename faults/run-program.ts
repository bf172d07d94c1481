// Runs a program of the harness, and waits for it; one that hangs is killed, and that is told.
import { spawn } from "node:child_process";

/** A walk takes about half a second. */
const hangMs = 60_000;
const mostWaitMs = 2_000;
const mostSaid = 4_000;

export interface Ended {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly hung: boolean;
  /** The end of what it printed. */
  readonly said: string;
}

export interface Attending {
  /** A program that takes longer hangs. */
  readonly patienceMs?: number;
  started?(pid: number): void;
}

export function runProgram(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  { patienceMs = hangMs, started }: Attending = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    if (child.pid !== undefined) started?.(child.pid);
    let said = "";
    let hung = false;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        said = (said + text).slice(-mostSaid);
      });
    const limit = setTimeout(() => {
      hung = true;
      child.kill("SIGKILL");
    }, patienceMs);
    child.on("error", reject);
    child.on("exit", (exitCode, signal) => {
      clearTimeout(limit);
      const tell = () => resolve({ exitCode, signal, hung, said });
      // What it printed last may still be in the pipes; but a child of a task that outlives it may hold them for ever.
      child.on("close", tell);
      setTimeout(tell, mostWaitMs).unref();
    });
  });
}
