// Function tasks, on the calling thread: for I/O, and for closures that no module can hold. Nothing can terminate them:
// one that ignores its signal is abandoned after the grace, and what it gives later is dropped.

import type { Json, TaskFunction } from "../task.js";
import type { Deadline } from "./deadline.js";
import { abandonedError } from "./ending.js";
import { fromJsonText, toJsonText } from "./json-value.js";
import type { RunRequest } from "./runner.js";
import { callTask, openContext, progressValue } from "./task-context.js";

export async function runFunction(
  request: RunRequest,
  task: TaskFunction<undefined>,
  deadline: Deadline,
): Promise<Json | undefined> {
  const { context, close } = openContext({
    ...request,
    input: undefined,
    signal: deadline.soft,
    onProgress: (text) => request.onProgress(progressValue(text)),
  });
  deadline.soft.throwIfAborted();
  deadline.start();
  request.onStart();
  try {
    const called = callTask(request.effectId, () => task({ ...context, input: undefined }));
    const value = await Promise.race([called, abandoned(request.effectId, deadline.hard)]);
    return fromJsonText(toJsonText(value, request.valueBytes, "value"));
  } finally {
    close();
  }
}

function abandoned(effectId: string, hard: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    hard.addEventListener("abort", () => reject(abandonedError(effectId, "function")));
  });
}
