// Merges a batch of snapshots one after the other onto a tip, in memory: each effect sees what the ones before it did.
// The same tip, snapshots, dates and order give the same commits, however the batch was cut.

import type { Change } from "../effect/effect.js";
import type { MergedStep, MergeStep } from "../git/native.js";
import { type Run, signatures } from "../run.js";
import type { Landable, Verdict } from "./verdict.js";

export interface MergedEffect {
  readonly landable: Landable;
  /** Not yet landed: `commitOid` is in the store only. */
  readonly verdict: Extract<Verdict, { kind: "landed" | "unchanged" | "conflicted" }>;
  /** What this effect changes on top of the ones before it. */
  readonly changes: readonly Change[];
}

export interface MergedBatch {
  /** The commit that the target moves to; the tip itself when nothing lands. */
  readonly newOid: string;
  readonly effects: readonly MergedEffect[];
}

/** Merges that one native call does: enough that the call itself costs nothing, few enough that progress is seen. */
const stepsPerCall = 64;

/** `tipOid` is a commit. Conflicted effects drop out, and the ones after them are merged without them. */
export async function mergeBatch(
  run: Run,
  tipOid: string,
  landables: readonly Landable[],
  label: string,
): Promise<MergedBatch> {
  let newOid = tipOid;
  const effects: MergedEffect[] = [];
  for (let first = 0; first < landables.length; first += stepsPerCall) {
    const some = landables.slice(first, first + stepsPerCall);
    const reply = await run.git.mergeSequence({
      tipOid: newOid,
      oursLabel: label,
      steps: some.map((landable) => mergeStep(run.id, landable)),
      keepParents: run.options.history === "merge",
      ...signatures(run),
    });
    newOid = reply.tipOid;
    for (const [index, landable] of some.entries())
      effects.push(mergedEffect(run, landable, reply.steps[index] as MergedStep));
  }
  return { newOid, effects };
}

function mergeStep(runId: string, landable: Landable): MergeStep {
  const { baseOid, snapshotOid: theirsOid } = landable.snapshot;
  return { baseOid, theirsOid, theirsLabel: landable.effectId, message: effectMessage(runId, landable) };
}

function mergedEffect(run: Run, landable: Landable, step: MergedStep): MergedEffect {
  const { commitOid, conflicts, changes } = step;
  landable.clock.add("mergeMs", step.durationUs / 1000);
  run.emit("effect:merged", { effectId: landable.effectId, conflicts: conflicts.length });
  if (conflicts.length > 0) return { landable, verdict: { kind: "conflicted", conflicts }, changes };
  if (commitOid === null) return { landable, verdict: { kind: "unchanged" }, changes };
  return { landable, verdict: { kind: "landed", commitOid, displaced: [] }, changes };
}

/** The caller's message, the messages of the task's own commits, and the trailers. */
function effectMessage(runId: string, landable: Landable): string {
  const own = landable.snapshot.taskMessages.map((message) => message.trim()).filter((message) => message !== "");
  return [landable.message.trim(), ...own, `Effect-Id: ${landable.effectId}\nRun-Id: ${runId}`]
    .join("\n\n")
    .concat("\n");
}
