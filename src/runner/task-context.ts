// What a running task gets, made the same way on the calling thread, in a worker thread and in a pooled process.

import { resolve, sep } from "node:path";
import { inspect, types } from "node:util";
import type { Conflict } from "../effect/effect.js";
import { CoppiceError } from "../errors.js";
import type { Json, TaskContext } from "../task.js";
import { fromJsonText, toJsonText } from "./json-value.js";

export interface ContextParts {
  readonly effectId: string;
  readonly runId: string;
  readonly attempt: number;
  readonly conflicts?: readonly Conflict[];
  readonly verifies?: readonly string[];
  readonly path: string;
  readonly input: Json | undefined;
  readonly signal: AbortSignal;
  readonly valueBytes: number;
  /** Gets each progress value as JSON text. */
  onProgress(text: string): void;
}

export interface OpenContext {
  readonly context: TaskContext<Json | undefined>;
  /** The task has settled: what it still reports is dropped. */
  close(): void;
}

/** The context of one run. Its functions need no `this`, so that a task can take them apart. */
export function openContext(parts: ContextParts): OpenContext {
  const {
    effectId,
    runId,
    attempt,
    conflicts = [],
    verifies = [],
    path,
    input,
    signal,
    valueBytes,
    onProgress,
  } = parts;
  let open = true;
  const progress = (value: Json) => {
    // A copy, and an error for what is not JSON, on the spot: the task may go on to change the object.
    const text = toJsonText(value, valueBytes, "progress value");
    if (open) onProgress(text ?? "null");
  };
  const inside = (...segments: string[]) => resolveInside(path, segments);
  return {
    context: { effectId, runId, attempt, conflicts, verifies, path, input, signal, progress, resolve: inside },
    close: () => {
      open = false;
    },
  };
}

/** The task's value; what it throws becomes the cause of an ERR_TASK_FAILED. */
export async function callTask(effectId: string, call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (thrown) {
    const cause = types.isNativeError(thrown) ? thrown : new Error(inspect(thrown));
    throw new CoppiceError(
      "ERR_TASK_FAILED",
      `the task of effect "${effectId}" threw ${cause.name}: ${cause.message}`,
      { cause },
    );
  }
}

export function progressValue(text: string): Json {
  return fromJsonText(text) ?? null;
}

/** By the text of the path only: a link inside the worktree that leads out of it is followed by whoever opens it. */
function resolveInside(root: string, segments: readonly string[]): string {
  const path = resolve(root, ...segments);
  if (path === root || path.startsWith(root.endsWith(sep) ? root : root + sep)) return path;
  throw new RangeError(`${segments.join(" + ")} leads out of the worktree ${root}`);
}
