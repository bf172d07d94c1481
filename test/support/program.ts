// Runs a program to its end and keeps what it printed: for tests that look at commands from outside.
import { type ChildProcess, spawn } from "node:child_process";

export interface Ended {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface ProgramOptions {
  cwd: string;
  env?: NodeJS.ProcessEnv;
  /** Text for standard input; closed at once when absent. */
  input?: string;
  /** Sees the process while it runs, and all that it has printed so far on both streams. */
  watch?: (child: ChildProcess, printed: string) => void;
}

export function runProgram(command: string, args: readonly string[], options: ProgramOptions): Promise<Ended> {
  const { cwd, env = process.env, input = "", watch = () => {} } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env });
    const ended: Ended = { exitCode: null, signal: null, stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        ended[stream] += text;
        watch(child, ended.stdout + ended.stderr);
      });
    }
    child.on("error", reject);
    // A program may end without reading its input; its exit code then tells more than the broken pipe.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    child.on("close", (exitCode, signal) => resolve({ ...ended, exitCode, signal }));
  });
}
