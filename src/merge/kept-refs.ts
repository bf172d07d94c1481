// The refs that keep work which did not land, one for each effect.

import { isSettledWell } from "../effect/settled-well.js";
import type { RefUpdate } from "../git/native.js";
import type { Run } from "../run.js";
import type { Landable, Verdict } from "./verdict.js";

/** Unless it holds something else by now. */
export function dropRef(run: Run, effectId: string, snapshotOid: string): RefUpdate {
  return { refName: run.refs.effect(effectId), newOid: null, compare: true, expectedOid: snapshotOid, reflog: null };
}

/** What did not land is kept under a ref of its own, in the same flush that records it. */
export function keepRefs(run: Run, verdicts: ReadonlyMap<Landable, Verdict>): RefUpdate[] {
  return [...verdicts]
    .filter(([, verdict]) => !isSettledWell(verdict.kind))
    .map(([landable]) => keepRef(run, landable.effectId, landable.snapshot.snapshotOid));
}

export function keepRef(run: Run, effectId: string, snapshotOid: string): RefUpdate {
  return { refName: run.refs.effect(effectId), newOid: snapshotOid, compare: false, expectedOid: null, reflog: null };
}
