// Merges a batch of snapshots one after the other onto a tip, in memory: each effect sees what the ones before it did.
// The same tip, snapshots, dates, order and decisions about conflicts give the same commits, however the batch was cut.

import type { Change, Resolution } from "../effect/effect.js";
import { isCoppiceError } from "../errors.js";
import type { Resolution as Choice, MergedStep, MergeSequenceReply, MergeStep } from "../git/native.js";
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
  /** Not those that have to wait for one before them whose task runs again. */
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
  let rest = [...landables];
  const effects: MergedEffect[] = [];
  while (rest.length > 0) {
    const some = rest.slice(0, stepsPerCall);
    const reply = await mergeSteps(
      run,
      newOid,
      label,
      some.map((landable) => stepOf(run, landable)),
    );
    newOid = reply.tipOid;
    for (const [index, step] of reply.steps.entries()) {
      const landable = some[index] as Landable;
      clock(landable, step);
      if (step.conflicts.length === 0 || !landable.decider.decides) {
        effects.push(mergedEffect(run, landable, step, []));
        continue;
      }
      // It stopped the sequence: it is the last one, and the tip is what it was merged with.
      const decided = await mergeDecided(run, newOid, label, landable, step);
      newOid = decided.newOid;
      effects.push(decided.effect);
    }
    const again = effects.at(-1);
    rest = rest.slice(reply.steps.length);
    if (again !== undefined && isRerun(again.verdict) && again.landable.group !== null)
      rest = rest.filter(({ group }) => group !== again.landable.group);
  }
  return { newOid, effects };
}

/** Whether the effect comes back, because its task runs again. */
export function isRerun(verdict: Verdict): boolean {
  return verdict.kind === "conflicted" && verdict.rerun;
}

/** Conflicts as the effect's policy wants them: merged again with what was decided, or left. */
async function mergeDecided(
  run: Run,
  tipOid: string,
  label: string,
  landable: Landable,
  step: MergedStep,
): Promise<{ newOid: string; effect: MergedEffect }> {
  const { decider } = landable;
  const decision = await decider.decide(step.conflicts);
  const stays = (resolutions: readonly Resolution[], rerun: boolean) => ({
    newOid: tipOid,
    effect: mergedEffect(run, landable, step, resolutions, rerun),
  });
  if (decision.kind !== "merge") return stays(decision.resolutions, decision.kind === "rerun");
  try {
    const reply = await mergeSteps(run, tipOid, label, [stepOf(run, landable, decision.choices)]);
    const merged = reply.steps[0] as MergedStep;
    clock(landable, merged);
    if (merged.conflicts.length > 0) return stays(decider.undone(decision.resolutions, merged.conflicts), false);
    return { newOid: reply.tipOid, effect: mergedEffect(run, landable, merged, decision.resolutions) };
  } catch (error) {
    // An answer asked for what may not be written.
    if (!isCoppiceError(error, "ERR_UNSAFE_PATH")) throw error;
    return stays(decider.undone(decision.resolutions, step.conflicts, error.message), false);
  }
}

function mergeSteps(run: Run, tipOid: string, label: string, steps: readonly MergeStep[]): Promise<MergeSequenceReply> {
  const keepParents = run.options.history === "merge";
  return run.git.mergeSequence({ tipOid, oursLabel: label, steps, keepParents, ...signatures(run) });
}

function stepOf(run: Run, landable: Landable, choices: readonly Choice[] = []): MergeStep {
  const { baseOid, snapshotOid: theirsOid } = landable.snapshot;
  return {
    baseOid,
    theirsOid,
    theirsLabel: landable.effectId,
    message: effectMessage(run.id, landable),
    stopAtConflict: landable.decider.decides && choices.length === 0,
    resolutions: choices,
  };
}

function clock(landable: Landable, step: MergedStep): void {
  landable.clock.add("mergeMs", step.durationUs / 1000);
}

function mergedEffect(
  run: Run,
  landable: Landable,
  step: MergedStep,
  resolutions: readonly Resolution[],
  rerun = false,
): MergedEffect {
  const { commitOid, conflicts, changes } = step;
  run.emit("effect:merged", { effectId: landable.effectId, conflicts: conflicts.length });
  if (conflicts.length > 0)
    return { landable, verdict: { kind: "conflicted", conflicts, resolutions, rerun }, changes };
  if (commitOid === null) return { landable, verdict: { kind: "unchanged", resolutions }, changes };
  return { landable, verdict: { kind: "landed", commitOid, displaced: [], resolutions }, changes };
}

/** The caller's message, the messages of the task's own commits, and the trailers. */
function effectMessage(runId: string, landable: Landable): string {
  const own = landable.snapshot.taskMessages.map((message) => message.trim()).filter((message) => message !== "");
  return [landable.message.trim(), ...own, `Effect-Id: ${landable.effectId}\nRun-Id: ${runId}`]
    .join("\n\n")
    .concat("\n");
}
