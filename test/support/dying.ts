// A process that dies while it works on a repository: at a gate, where the test kills it, or by its own hand before its nth call into
// the native side. What it left is real: files, locks and claims of a process that the system has ended.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { ManagerOptions } from "../../src/index.js";
import { projectFolder } from "./built.js";
import type { TestRepository } from "./repository.js";

export interface DyingEffect {
  id: string;
  /** For `sh`, in the worktree. */
  script: string;
  /** Then it waits at the gate. */
  wait?: boolean;
  /** It is a command, which lives on when the process dies, and waits at the gate. */
  outlives?: boolean;
  /** Of "lease": its snapshot is taken, and it does not land. */
  snapshot?: boolean;
}

export interface Dying {
  /** "clean": runs that are older than a day. "landKept": of the effect `name`. */
  act: "run" | "recover" | "clean" | "live" | "lease" | "landKept";
  /** Of "live", at the gate; the effect of "lease" and "landKept". "live" when absent. */
  name?: string;
  options?: ManagerOptions;
  /** Of "run" and "live". */
  call?: { base?: string };
  effects?: readonly DyingEffect[];
  /** Path of a TaskGate. */
  gate?: string;
  /** Null: of any method. */
  dieAt?: { method: string | null; nth: number };
}

export interface DyingProcess {
  readonly child: ChildProcess;
  /** What it has printed. */
  printed(): string;
  /** Resolves once it has printed this. */
  says(text: string): Promise<void>;
  /** Kills it at once. */
  kill(): Promise<void>;
  /** Resolves when it is gone; how it ended. */
  readonly gone: Promise<NodeJS.Signals | number | null>;
}

export function startDying(repository: TestRepository | string, dying: Dying): DyingProcess {
  const path = typeof repository === "string" ? repository : repository.path;
  const program = join(projectFolder, "test/fixtures/programs/dying.mjs");
  const child = spawn(process.execPath, [program, JSON.stringify({ ...dying, repository: path })], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
    child.emit("printed");
  });
  // Not "close": a command that outlives the process keeps the pipe open.
  const gone = once(child, "exit").then(([code, signal]) => signal ?? code);
  onTestFinished(() => void child.kill("SIGKILL"));
  return {
    child,
    gone,
    printed: () => printed,
    async says(text) {
      while (!printed.includes(text)) await once(child, "printed");
    },
    async kill() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}
