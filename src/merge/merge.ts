// Merges a batch of snapshots one after the other onto a tip, in memory: each effect sees what the ones before it did.
// The same tip, snapshots, dates and order give the same commits, however the batch was cut.

import type { Change } from "../effect/effect.js";
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

/** `tipOid` is a commit. Conflicted effects drop out, and the ones after them are merged without them. */
export async function mergeBatch(
  run: Run,
  tipOid: string,
  landables: readonly Landable[],
  label: string,
): Promise<MergedBatch> {
  let oursOid = tipOid;
  const effects: MergedEffect[] = [];
  for (const landable of landables) {
    const { baseOid, snapshotOid: theirsOid } = landable.snapshot;
    const labels = { oursLabel: label, theirsLabel: landable.effectId };
    const request = { baseOid, oursOid, theirsOid, ...labels, content: false };
    const reply = await landable.clock.time("mergeMs", () => run.git.merge(request));
    run.emit("effect:merged", { effectId: landable.effectId, conflicts: reply.conflicts.length });
    if (reply.treeOid === null) {
      effects.push({ landable, verdict: { kind: "conflicted", conflicts: reply.conflicts }, changes: [] });
    } else if (reply.changes.length === 0) {
      effects.push({ landable, verdict: { kind: "unchanged" }, changes: [] });
    } else {
      oursOid = await commitEffect(run, landable, reply.treeOid, oursOid);
      effects.push({
        landable,
        verdict: { kind: "landed", commitOid: oursOid, displaced: [] },
        changes: reply.changes,
      });
    }
  }
  return { newOid: oursOid, effects };
}

async function commitEffect(run: Run, landable: Landable, treeOid: string, tipOid: string): Promise<string> {
  const { snapshotOid } = landable.snapshot;
  const parentOids = run.options.history === "merge" ? [tipOid, snapshotOid] : [tipOid];
  const message = effectMessage(run.id, landable);
  const { oid } = await run.git.commit({ treeOid, parentOids, ...signatures(run), message });
  return oid;
}

/** The caller's message, the messages of the task's own commits, and the trailers. */
function effectMessage(runId: string, landable: Landable): string {
  const own = landable.snapshot.taskMessages.map((message) => message.trim()).filter((message) => message !== "");
  return [landable.message.trim(), ...own, `Effect-Id: ${landable.effectId}\nRun-Id: ${runId}`]
    .join("\n\n")
    .concat("\n");
}
