// Adopting: work of a dead process that the ledger does not know becomes kept work, under the name of its effect. What is kept or
// settled already is left as it is, so that adopting twice changes nothing.

import { createHash } from "node:crypto";
import type { Change, Unheld } from "../effect/effect.js";
import { type Labels, noLabels } from "../effect/labels.js";
import { OutcomeDraft } from "../effect/outcome.js";
import { isSettledWell } from "../effect/settled-well.js";
import { CoppiceError } from "../errors.js";
import type { RefUpdate, ResolveReply } from "../git/native.js";
import { keptAt, type Run } from "../run.js";
import { keepRef } from "./kept-refs.js";
import { type Ledger, type LedgerEntry, unknownDigest } from "./ledger.js";
import { planSetAside } from "./set-aside.js";

/** A snapshot of a dead process: on disk, or in the session's store. */
export interface FoundWork {
  readonly effectId: string;
  readonly snapshotOid: string;
  readonly treeOid: string;
  readonly baseOid: string;
  readonly unheld: readonly Unheld[];
  /** Where the worktree stays, because it holds more than the snapshot. */
  readonly worktreePath: string | null;
}

/** How it will be kept. */
export interface Adoption {
  /** The effect's, or one made from it when the effect itself has landed with other work. */
  readonly effectId: string;
  readonly ref: string;
  readonly attempt: number;
  /** Those on record: what the dead process was asked with is not known. */
  readonly labels: Labels;
  /** Earlier kept work, which moves under its attempt number. */
  readonly aside: RefUpdate | null;
}

/** Null: there is nothing to keep, because it has settled or is kept already. Writes nothing. */
export async function planAdoption(run: Run, ledger: Ledger, work: FoundWork): Promise<Adoption | null> {
  const entry = await ledger.find(work.effectId);
  if (entry === null || !isSettledWell(entry.outcome.kind)) return planUnder(run, work.effectId, entry, work);
  if (await isSnapshot(run, entry.outcome.snapshotOid, work)) return null;
  // The ledger's answer for the effect stands: what was found beside it gets a name of its own.
  const effectId = besideId(work);
  return planUnder(run, effectId, await ledger.find(effectId), work);
}

/**
 * Keeps it: the work, the refs and the ledger's record in one flush; a dry run only says what it changes. The caller holds the
 * effect's claim.
 */
export async function adopt(
  run: Run,
  ledger: Ledger,
  work: FoundWork,
  plan: Adoption,
  { dryRun }: { dryRun: boolean },
): Promise<readonly Change[]> {
  const { snapshotOid, treeOid, baseOid, worktreePath } = work;
  const { effectId, attempt, labels, aside } = plan;
  const { changes } = await run.git.diff({
    oldTreeishOid: baseOid,
    newTreeishOid: snapshotOid,
    patch: false,
    maxPatchBytes: 0,
  });
  if (dryRun) return changes;
  const draft = new OutcomeDraft(effectId, run.id, labels);
  draft.attempt = attempt;
  draft.baseOid = baseOid;
  draft.hold({ snapshotOid, treeOid, baseOid, changes, unheld: work.unheld, taskMessages: [] }, worktreePath);
  const error = new CoppiceError(
    "ERR_ABORTED",
    `the process that ran effect ${work.effectId} died before it settled; recovery has kept its work`,
  );
  const outcome = draft.failed(error, keptAt(run, effectId, { snapshotOid, baseOid }, worktreePath));
  const refs = [...(aside === null ? [] : [aside]), keepRef(run, effectId, snapshotOid)];
  await ledger.record([{ digest: unknownDigest, outcome }], refs);
  return changes;
}

async function planUnder(
  run: Run,
  effectId: string,
  entry: LedgerEntry | null,
  work: FoundWork,
): Promise<Adoption | null> {
  const ref = run.refs.effect(effectId);
  const kept = await run.git.resolve({ name: ref });
  const isKept = isWork(kept, work);
  if (entry !== null) {
    if (isKept) return null;
    const setAside = await run.git.resolve({ name: run.refs.attempt(effectId, entry.outcome.attempt) });
    // On record, neither kept nor set aside for another attempt: somebody has landed or dropped it.
    if (entry.outcome.snapshotOid === work.snapshotOid && !isWork(setAside, work)) return null;
  }
  const { attempt: last = 0, labels = noLabels } = entry?.outcome ?? {};
  const aside = isKept ? null : await planSetAside(run, effectId, Math.max(last, 1));
  return { effectId, ref, attempt: (aside?.attempt ?? last) + 1, labels, aside: aside?.keep ?? null };
}

async function isSnapshot(run: Run, snapshotOid: string | null, work: FoundWork): Promise<boolean> {
  if (snapshotOid === null || snapshotOid === work.snapshotOid) return snapshotOid !== null;
  return isWork(await run.git.resolve({ name: snapshotOid }), work);
}

/** The same files on the same base: a snapshot that was made again has another date. */
function isWork({ treeOid, parentOids }: ResolveReply, work: FoundWork): boolean {
  return treeOid === work.treeOid && parentOids[0] === work.baseOid;
}

/** The same for the same work. */
function besideId({ effectId, treeOid, baseOid }: FoundWork): string {
  const digest = createHash("sha256").update(`${baseOid} ${treeOid}`).digest("hex").slice(0, 12);
  return `${effectId.slice(0, 40).replace(/\.+$/, "")}-recovered-${digest}`;
}
