// Setting aside: work that is kept for an effect which runs again moves under an attempt number, so that nothing is kept over it. What
// is kept is what the effect's ref holds now: its user may have landed or dropped since what an outcome once named.

import { CoppiceError } from "../errors.js";
import type { RefUpdate } from "../git/native.js";
import type { Run } from "../run.js";

export interface SetAside {
  readonly attempt: number;
  /** Where it is kept then. */
  readonly refName: string;
  /** Sets that ref. */
  readonly keep: RefUpdate;
  /** Takes the effect's own away, after that. */
  readonly drop: RefUpdate;
}

const maxAttempts = 10_000;

/** Null: nothing is kept. `from`: the least attempt number. Writes nothing. Throws ERR_LIMIT. */
export async function planSetAside(run: Run, effectId: string, from: number): Promise<SetAside | null> {
  const keptRef = run.refs.effect(effectId);
  const { commitOid: snapshotOid } = await run.git.resolve({ name: keptRef });
  if (snapshotOid === null) return null;
  const attempt = await freeAttempt(run, effectId, from, snapshotOid);
  const refName = run.refs.attempt(effectId, attempt);
  const plain = { compare: false, expectedOid: null, reflog: null };
  const keep = { refName, newOid: snapshotOid, ...plain };
  return { attempt, refName, keep, drop: { refName: keptRef, newOid: null, ...plain } };
}

/** The first number that is free, or that holds this commit already: a death may have come between two refs. */
async function freeAttempt(run: Run, effectId: string, from: number, snapshotOid: string): Promise<number> {
  for (let attempt = from; attempt < from + maxAttempts; attempt++) {
    const { commitOid } = await run.git.resolve({ name: run.refs.attempt(effectId, attempt) });
    if (commitOid === null || commitOid === snapshotOid) return attempt;
  }
  throw new CoppiceError("ERR_LIMIT", `effect ${effectId} of run ${run.id} has kept ${maxAttempts} attempts`);
}
