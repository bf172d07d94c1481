// Kept work that has landed since: its process died after the target had moved, and before the ref that kept the work went.

import { foldId } from "../effect/effect-id.js";
import { isSettledWell } from "../effect/settled-well.js";
import type { KeptWork } from "../merge/kept.js";
import { dropRef } from "../merge/kept-refs.js";
import { Ledger } from "../merge/ledger.js";
import { claimed, inRun } from "./keep-found.js";
import type { Recovering } from "./recover.js";

/** Of one run. */
export async function recoverLandedWork(
  recovering: Recovering,
  runId: string,
  kept: readonly Omit<KeptWork, "labels">[],
): Promise<void> {
  if (recovering.dryRun) return;
  const run = inRun(recovering.run, runId);
  for (const { effectId, snapshotOid } of kept) {
    if (!(await hasLanded(new Ledger(run), effectId, snapshotOid))) continue;
    await claimed(recovering, `effect/${runId}/${foldId(effectId)}`, async () => {
      // While nobody held its claim it may have run again, and be kept with the same work.
      if (await hasLanded(new Ledger(run), effectId, snapshotOid))
        await run.git.flush({ refs: [dropRef(run, effectId, snapshotOid)] });
    });
  }
}

async function hasLanded(ledger: Ledger, effectId: string, snapshotOid: string): Promise<boolean> {
  const outcome = (await ledger.find(effectId))?.outcome;
  return outcome !== undefined && isSettledWell(outcome.kind) && outcome.snapshotOid === snapshotOid;
}
