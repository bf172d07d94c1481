// Run requests for tests, with all that a run reports written down in order.
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { CoppiceError } from "../../src/errors.js";
import { createRunner, type Runner, type RunRequest } from "../../src/runner/runner.js";
import type { Json, ModuleTask, Task } from "../../src/task.js";
import { temporaryFolder } from "../support/repository.js";

export interface Recorded {
  request: RunRequest;
  started: number;
  progress: Json[];
  output: { stdout: string; stderr: string };
}

/** A request with a folder of its own, no timeout, and a grace that a test never waits for. */
export async function record(task: Task, changes: Partial<RunRequest> = {}): Promise<Recorded> {
  const recorded = { started: 0, progress: [] as Json[], output: { stdout: "", stderr: "" } };
  const request: RunRequest = {
    effectId: "effect",
    runId: "run",
    attempt: 1,
    task,
    path: changes.path ?? (await temporaryFolder("worktree")),
    timeoutMs: 0,
    graceMs: 60_000,
    outputBytes: 1_000,
    valueBytes: 10_000,
    inheritDescriptors: [],
    onStart: () => {
      recorded.started += 1;
    },
    onProgress: (value) => recorded.progress.push(value),
    onOutput: (stream, text) => {
      recorded.output[stream] += text;
    },
    ...changes,
  };
  return Object.assign(recorded, { request });
}

/** A runner that is closed when the test is over. */
export function openRunner(limits: Partial<{ threads: number; processes: number }> = {}): Runner {
  const runner = createRunner({ threads: 2, processes: 2, ...limits });
  onTestFinished(() => runner.close());
  return runner;
}

/** A task of test/fixtures/tasks. */
export function fixture(file: string, name: string, input?: Json, runIn: "thread" | "process" = "thread"): ModuleTask {
  const module = new URL(`../fixtures/tasks/${file}`, import.meta.url).href;
  return { kind: "module", module, export: name, input, runIn };
}

export const gateProgram = fileURLToPath(new URL("../fixtures/tasks/gate.mjs", import.meta.url));

/** What a run that must not succeed rejects with. */
export async function failureOf(run: Promise<unknown>): Promise<CoppiceError> {
  return run.then(
    (value) => {
      throw new Error(`expected a failure, got ${JSON.stringify(value)}`);
    },
    (error: CoppiceError) => error,
  );
}
