// Landing work that was kept earlier: what its ref holds, as if its lease had just been snapshotted.

import type { Outcome } from "./effect/effect.js";
import { readKept } from "./merge/kept.js";
import type { Rooms } from "./rooms.js";

/** Throws ERR_KEPT_NOT_FOUND. */
export async function landKept(
  { run, settlement, abort }: Rooms,
  effectId: string,
  message = `Effect ${effectId}`,
): Promise<Outcome> {
  const { treeOid, baseOid, snapshotOid } = await readKept(run.git, run.id, effectId);
  const { changes } = await run.git.diff({
    oldTreeishOid: baseOid,
    newTreeishOid: snapshotOid,
    patch: false,
    maxPatchBytes: 0,
  });
  const snapshot = { snapshotOid, treeOid, baseOid, changes, unheld: [], taskMessages: [] };
  return settlement.landKept(effectId, snapshot, message, abort.signal);
}
