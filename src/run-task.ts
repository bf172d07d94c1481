// The run step of the street: one try of an effect's task, with its limits, its events and its times.

import type { Conflict, EffectRequest } from "./effect/effect.js";
import type { OutcomeDraft } from "./effect/outcome.js";
import type { Rooms } from "./rooms.js";
import type { Lease } from "./worktree/lease.js";

/** Runs the task of an effect in its lease; `conflicts`: those that it runs again for. */
export async function runTask(
  rooms: Rooms,
  request: EffectRequest,
  lease: Lease,
  draft: OutcomeDraft,
  conflicts: readonly Conflict[],
  signal: AbortSignal,
): Promise<unknown> {
  const { run, runner } = rooms;
  const { limits } = run.options;
  const effectId = request.id;
  const asked = performance.now();
  let started = asked;
  let ok = false;
  try {
    const value = await runner.run({
      effectId,
      runId: run.id,
      attempt: draft.attempt,
      conflicts: handedOver(conflicts, limits.valueBytes),
      task: request.task,
      path: lease.path,
      signal,
      timeoutMs: request.timeoutMs ?? timeoutOf(request.task) ?? limits.taskTimeoutMs,
      graceMs: limits.graceMs,
      outputBytes: limits.outputBytes,
      valueBytes: limits.valueBytes,
      inheritDescriptors: [lease.descriptor],
      onStart: () => {
        started = performance.now();
        draft.clock.add("waitMs", started - asked);
        run.emit("task:started", { effectId, path: lease.path });
      },
      onProgress: (value) => run.emit("task:progress", { effectId, value }),
      onOutput: (stream, text) => run.emit("task:output", { effectId, stream, text }),
    });
    ok = true;
    return value;
  } finally {
    draft.clock.add("runMs", performance.now() - started);
    run.emit("task:ended", { effectId, ok });
  }
}

function timeoutOf(task: EffectRequest["task"]): number | null {
  return typeof task !== "function" && task.kind === "harness" ? task.timeoutMs : null;
}

/** The files with markers, as far as they are no larger than a value may be. */
function handedOver(conflicts: readonly Conflict[], maxBytes: number): Conflict[] {
  return conflicts.map((conflict) => {
    const fits = conflict.content !== null && Buffer.byteLength(conflict.content) <= maxBytes;
    return fits ? conflict : { ...conflict, content: null };
  });
}
