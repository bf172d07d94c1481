// What runs tasks: one interface over worker threads, pooled processes, commands and functions on the calling thread.
// A runner knows neither git nor leases: it gets a folder, and says when nothing of the task works in it any more.

import type { Conflict } from "../effect/effect.js";
import { CoppiceError, isCoppiceError } from "../errors.js";
import { jsonInText } from "../json-in-text.js";
import type { Limits, Options } from "../options.js";
import { Semaphore } from "../semaphore.js";
import type { CommandValue, HarnessTask, Json, Task } from "../task.js";
import { runCommand } from "./command-runner.js";
import { Deadline } from "./deadline.js";
import { runFunction } from "./function-runner.js";
import { HarnessRunner } from "./harness-runner.js";
import { PiscinaRunner } from "./piscina-runner.js";
import { ProcessRunner } from "./process-runner.js";

/** One try of one effect. */
export interface RunRequest {
  readonly effectId: string;
  readonly runId: string;
  /** 1 for the first try of this effect in this run. */
  readonly attempt: number;
  /** Why the task runs again; none: it does not. */
  readonly conflicts?: readonly Conflict[];
  /** The effects whose merged tree the task is asked about; none: it is an effect's own. */
  readonly verifies?: readonly string[];
  readonly task: Task;
  /** The worktree's folder, absolute. */
  readonly path: string;
  /** The caller's abort: the task is asked to end at once, and made to end `graceMs` later. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds from the task's start, not from this call; 0: for ever. It ends as an abort does. */
  readonly timeoutMs: number;
  readonly graceMs: number;
  /** Bytes kept of the end of each of a command's output streams. */
  readonly outputBytes: number;
  /** Bytes of the input, of each progress value and of the value of a module or function task, as JSON. */
  readonly valueBytes: number;
  /** Open descriptors that child processes inherit, so that whoever outlives this process still holds its locks. */
  readonly inheritDescriptors: readonly number[];
  /** The task begins: it waited for a free thread or process until now. Never called for a task that did not begin. */
  onStart(): void;
  /** In order, all of them before the run settles. */
  onProgress(value: Json): void;
  /** Pieces of output, whole characters, all of them before the run settles. */
  onOutput(stream: "stdout" | "stderr", text: string): void;
}

export interface Runner {
  /**
   * The task's value: JSON, `CommandValue` for a command, `HarnessValue` for a harness. It settles only when the task has ended, so that its files
   * can be read and the worktree reset; `isAbandoned(error)` marks the one exception.
   *
   * Rejects with a CoppiceError:
   * - ERR_TASK_FAILED, the task's own error as its cause; ERR_COMMAND_FAILED with the exit code and the output
   * - ERR_TASK_MODULE, ERR_COMMAND_MISSING, ERR_HARNESS_MISSING: there is nothing to run
   * - ERR_TASK_VALUE: the input or the value is not JSON, or is larger than `valueBytes`; a harness was to answer with JSON
   * - ERR_ABORTED, ERR_TIMEOUT: whatever the task gave after it was asked to end is dropped
   * - ERR_TASK_LOST: the thread or process died
   * - ERR_CLOSED: after `close()`
   */
  run(request: RunRequest): Promise<Json | undefined>;
  /** Ends what still runs as an abort does, then every thread and process; later runs are refused. */
  close(): Promise<void>;
}

/** True: the task that gave this error still runs and cannot be stopped. Retire its worktree. */
export function isAbandoned(error: unknown): boolean {
  return isCoppiceError(error) && error.details.abandoned === true;
}

/** Nothing is started before the first task that needs it, and what rests keeps no process alive. */
export function createRunner(
  limits: Pick<Limits, "threads" | "processes"> & Partial<Pick<Limits, "harnesses">>,
  harnesses: Options["harnesses"] = {},
): Runner {
  const permits = new Semaphore(limits.processes);
  const threads = new PiscinaRunner(limits.threads);
  const processes = new ProcessRunner(permits);
  const harnessRunner = new HarnessRunner(limits.harnesses ?? limits.processes, harnesses);
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();

  async function dispatch(request: RunRequest, deadline: Deadline): Promise<Json | undefined> {
    const { task } = request;
    if (typeof task === "function") return runFunction(request, task, deadline);
    if (task.kind === "command") return { ...(await runCommand(request, task, deadline, permits, makeRoom)) };
    if (task.kind === "harness") return harnessValue(task, await harnessRunner.run(request, task, deadline));
    return (task.runIn === "process" ? processes : threads).run(request, task, deadline);
  }

  const makeRoom = () => processes.makeRoom();

  async function run(request: RunRequest): Promise<Json | undefined> {
    const deadline = new Deadline(request, closing.signal);
    try {
      const value = await dispatch(request, deadline);
      if (deadline.error !== null) throw deadline.error;
      return value;
    } catch (error) {
      throw deadline.error === null ? CoppiceError.from(error, "ERR_NATIVE") : ended(deadline.error, error);
    } finally {
      deadline.end();
    }
  }

  return {
    run(request) {
      if (closing.signal.aborted) return Promise.reject(new CoppiceError("ERR_CLOSED", "the runner is closed"));
      const settled = run(request);
      const entry = settled.catch(() => {}).finally(() => running.delete(entry));
      running.add(entry);
      return settled;
    },
    async close() {
      closing.abort(new CoppiceError("ERR_CLOSED", "the runner was closed"));
      await Promise.all(running);
      await Promise.all([threads.close(), processes.close()]);
    },
  };
}

/** Before anything is merged: what was to be JSON and is none fails the task, and what it has changed is kept. */
function harnessValue({ harness, json }: HarnessTask, value: CommandValue): Json {
  return { ...value, ...(json ? { json: jsonInText(value.stdout, `the harness "${harness}"`) } : {}) };
}

/** The abort or timeout, with what the task's own end adds to it: the output so far, and whether it is abandoned. */
function ended(by: CoppiceError, error: unknown): CoppiceError {
  const details = isCoppiceError(error) ? error.details : {};
  return new CoppiceError(by.code, by.message, { cause: by.cause, details });
}
