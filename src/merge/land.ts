// Landing, the one written protocol (PROTOCOLS P2): locks, check, flush, ledger, the target's compare-and-swap (the commit
// point), the working tree path by path, the index, the ledger again. Before the commit point everything can be dropped;
// after it there is only forward.

import type { Change } from "../effect/effect.js";
import { isSettledWell } from "../effect/settled-well.js";
import { CoppiceError } from "../errors.js";
import type { BeginLandingReply } from "../git/native.js";
import { type Run, signatures } from "../run.js";
import { dropRef, keepRefs } from "./kept-refs.js";
import type { LandingRecord, Ledger, LedgerEntry } from "./ledger.js";
import { type MergedBatch, mergeBatch } from "./merge.js";
import type { Target } from "./target.js";
import type { DisplacedPath, Landable, Verdict } from "./verdict.js";
import { type Gate, Verification } from "./verification.js";

/** How often the target may move under us before the batch is given up. Each round merges anew. */
const maxMoves = 32;

/** Of what has settled: effects that wait for one whose task runs again have no verdict yet. */
export type Verdicts = Map<Landable, Verdict>;

/**
 * Lands what can land of a batch, in its order, and records every verdict. Throws (nothing of the batch has landed then)
 * ERR_LOCKED, ERR_TARGET_GONE, ERR_REPOSITORY_BUSY, ERR_LAND_CONTENDED, or what a flush throws.
 */
export async function landBatch(
  run: Run,
  target: Target,
  ledger: Ledger,
  batch: readonly Landable[],
  gate: Gate | null,
): Promise<Verdicts> {
  const kept = new Set(batch.filter((landable) => landable.wasKept).map((landable) => landable.effectId));
  const dropped: Verdicts = new Map();
  const round = { run, target, ledger, dropped, kept };
  const verification = gate === null ? null : new Verification(run, gate);
  for (let moves = 0; moves < maxMoves; ) {
    // Merging comes before the locks, so that the user's own git waits only for the check and the update; and what decides a
    // conflict may take its time.
    const tipOid = await target.tip();
    const rest = batch.filter((landable) => !dropped.has(landable));
    const merged = await mergeBatch(run, tipOid, rest, target.label);
    const refused = (await verification?.refused(merged, tipOid)) ?? new Map();
    const landed: Landed =
      refused.size > 0 ? { kind: "dropped", verdicts: refused } : await landMerged(round, tipOid, merged);
    if (landed.kind === "settled") return landed.verdicts;
    if (landed.kind === "moved") moves++;
    // Each time at least one effect drops out, so the batch's length bounds it.
    else for (const [landable, verdict] of landed.verdicts) dropped.set(landable, verdict);
  }
  throw new CoppiceError(
    "ERR_LAND_CONTENDED",
    `${target.label} moved ${maxMoves} times while ${batch.length} effects were landing`,
  );
}

interface Round {
  readonly run: Run;
  readonly target: Target;
  readonly ledger: Ledger;
  /** What earlier rounds have found not to land. */
  readonly dropped: Verdicts;
  /** Effects that an earlier round has kept under a ref, which must go when they land after all. */
  readonly kept: Set<string>;
}

/** "dropped": these do not land, merge again without them. "moved": the target did, merge again. */
type Landed = { readonly kind: "settled" | "dropped"; readonly verdicts: Verdicts } | { readonly kind: "moved" };

async function landMerged(round: Round, tipOid: string, merged: MergedBatch): Promise<Landed> {
  const { run, target, ledger } = round;
  const landing = await beginLanding(run, target);
  try {
    // A tip that is a ref of the run follows the branch when it is asked for. While the index is ours nobody commits there.
    const followed = run.options.land === "commit" ? tipOid : await target.tip();
    if (landing.tipOid !== tipOid || followed !== tipOid) return { kind: "moved" };
    const changes = netChanges(merged);
    const blocked = await blockedEffects(run, landing, merged, changes);
    if (blocked.size > 0) return { kind: "dropped", verdicts: blocked };
    const verdicts: Verdicts = new Map(round.dropped);
    for (const effect of merged.effects) verdicts.set(effect.landable, effect.verdict);
    const refs = keepRefs(run, verdicts);
    if (merged.newOid === tipOid) {
      await ledger.record(entriesOf(verdicts), refs);
      await dropLandedRefs(round, verdicts);
      return { kind: "settled", verdicts };
    }
    const effectIds = merged.effects
      .filter((effect) => effect.verdict.kind === "landed")
      .map((effect) => effect.landable.effectId);
    const settledWell = [...verdicts].filter(([, verdict]) => isSettledWell(verdict.kind));
    const record = {
      targetRef: target.refName,
      worktree: landing.workingDirectory,
      oldOid: tipOid,
      newOid: merged.newOid,
      effectIds: settledWell.map(([landable]) => landable.effectId),
    };
    await ledger.record(entriesOf(verdicts), refs, record);
    for (const [{ effectId }, { kind }] of verdicts) if (!isSettledWell(kind)) round.kept.add(effectId);
    if (!(await moveTarget(run, landing, record, effectIds))) return { kind: "moved" };
    ledger.landingMoved(record);
    run.emit("target:landed", { target: target.label, oldOid: tipOid, newOid: merged.newOid, effectIds });
    target.reverts?.landed(record, merged.effects);
    tellResolved(run, verdicts);
    await goForward(round, landing, { merged, verdicts, changes });
    await dropLandedRefs(round, verdicts);
    return { kind: "settled", verdicts };
  } finally {
    // Harmless after a normal end.
    await run.git.endLanding({ landingId: landing.landingId, writeIndex: false });
  }
}

function tellResolved(run: Run, verdicts: Verdicts): void {
  for (const [{ effectId }, verdict] of verdicts) {
    if (verdict.kind !== "landed") continue;
    for (const { path, kind, policy } of verdict.resolutions)
      run.emit("conflict:resolved", { effectId, path, kind, policy });
  }
}

/**
 * Steps 7 to 9. The effects have landed whatever happens here: a failure is a warning, and the landing stays in the ledger so
 * that recovery brings the working tree after.
 */
async function goForward(
  { run, ledger }: Round,
  landing: BeginLandingReply,
  landed: { merged: MergedBatch; verdicts: Verdicts; changes: Change[] },
): Promise<void> {
  try {
    const displaced = await updatePaths(run, landing, landed.changes);
    // In the outcomes whatever becomes of the rest.
    const named = nameDisplaced(landed.verdicts, landed.merged, displaced);
    await run.git.endLanding({ landingId: landing.landingId, writeIndex: run.options.land === "commit" });
    ledger.endLanding();
    if (named.length > 0) await ledger.record(named, []);
  } catch (error) {
    const message =
      `the target has moved, but its working tree ${landing.workingDirectory} could not follow: ${(error as Error).message}. ` +
      "'git status' shows what is behind; the next landing brings it forward";
    run.emit("warning", { code: "LANDING_UNFINISHED", message, effectId: null });
  }
}

/**
 * Takes the locks; whoever gets them ends the landing. An operation of the user's is waited for, for a moment and without the locks.
 * Throws ERR_LOCKED, ERR_TARGET_GONE, ERR_REPOSITORY_BUSY.
 */
export async function beginLanding(run: Run, target: Target): Promise<BeginLandingReply> {
  for (;;) {
    const landing = await run.git.beginLanding({
      targetRef: target.refName,
      worktree: target.worktree,
      commit: run.options.land === "commit",
      timeoutMs: run.options.limits.lockTimeoutMs,
    });
    for (const displaced of landing.displaced)
      tellDisplaced(run, displaced, "a landing that had died was brought to its end");
    const refusal = refusalOf(landing, target);
    if (refusal?.code !== "ERR_REPOSITORY_BUSY") target.patience.renew();
    if (refusal === null) return landing;
    await run.git.endLanding({ landingId: landing.landingId, writeIndex: false });
    if (refusal.code !== "ERR_REPOSITORY_BUSY" || !(await target.patience.wait())) throw refusal;
  }
}

function refusalOf({ tipOid, state, indexConflicted, workingDirectory }: BeginLandingReply, target: Target) {
  if (tipOid === null)
    return new CoppiceError("ERR_TARGET_GONE", `${target.label} was deleted: recreate it, then land the kept work`);
  const busy = (what: string) => new CoppiceError("ERR_REPOSITORY_BUSY", `${what}, then land the kept work`);
  if (state !== "none") return busy(`${workingDirectory} is in the middle of a ${state}: finish it`);
  if (indexConflicted) return busy(`the index of ${workingDirectory} has unresolved conflicts: resolve them`);
  return null;
}

/** The effects whose paths the user has changed: they drop out, and the rest is merged again without them. */
async function blockedEffects(
  run: Run,
  landing: BeginLandingReply,
  merged: MergedBatch,
  changes: Change[],
): Promise<Verdicts> {
  const effects: Verdicts = new Map();
  if (landing.workingDirectory === null) return effects;
  const { blocked } = await run.git.checkPaths({ landingId: landing.landingId, changes });
  if (blocked.length === 0) return effects;
  const byPath = new Map(blocked.map((path) => [path.path, path]));
  for (const { landable, changes } of merged.effects) {
    const paths = changes.flatMap((change) => byPath.get(change.path) ?? []);
    if (paths.length > 0) effects.set(landable, { kind: "blocked", blocked: paths });
  }
  if (effects.size > 0) return effects;
  const paths = blocked.map((path) => path.path).join(", ");
  throw new CoppiceError("ERR_CORRUPT", `blocked paths that no effect of the batch touches: ${paths}`);
}

/** The changes of the whole batch, tip to last commit, one for each path. */
function netChanges(merged: MergedBatch): Change[] {
  const net = new Map<string, Change>();
  for (const { changes } of merged.effects) {
    for (const change of changes) {
      const before = net.get(change.path);
      net.set(
        change.path,
        before === undefined ? change : { ...change, oldMode: before.oldMode, oldOid: before.oldOid },
      );
    }
  }
  const real = [...net.values()].filter(
    (change) => change.oldOid !== change.newOid || change.oldMode !== change.newMode,
  );
  return real.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Step 6, the commit point. With land "working-tree" no branch moves but the run's own tip, which says what has landed. */
async function moveTarget(
  run: Run,
  landing: BeginLandingReply,
  record: LandingRecord,
  effectIds: readonly string[],
): Promise<boolean> {
  const { oldOid, newOid } = record;
  const first = effectIds.slice(0, 3).join(", ");
  const { moved } = await run.git.moveTarget({
    landingId: landing.landingId,
    oldOid,
    newOid,
    committer: signatures(run).committer,
    reflog: `coppice: land ${first}${effectIds.length > 3 ? ` and ${effectIds.length - 3} more` : ""}`,
  });
  return moved;
}

async function updatePaths(run: Run, landing: BeginLandingReply, changes: Change[]): Promise<readonly DisplacedPath[]> {
  if (landing.workingDirectory === null) return [];
  const { displaced } = await run.git.updatePaths({ landingId: landing.landingId, changes });
  for (const path of displaced) tellDisplaced(run, path, "landing");
  return displaced;
}

function tellDisplaced(run: Run, { path, reason, keptPath }: DisplacedPath, doing: string): void {
  const where = keptPath === null ? "stayed as it is" : `was put aside as ${keptPath}`;
  const message = `${path} was ${reason} while ${doing}: your version ${where}`;
  run.emit("warning", { code: "PATH_DISPLACED", message, effectId: null });
}

/** The entries that must be recorded again because the last moment found user bytes in the way; `verdicts` follows. */
function nameDisplaced(verdicts: Verdicts, merged: MergedBatch, displaced: readonly DisplacedPath[]): LedgerEntry[] {
  if (displaced.length === 0) return [];
  const entries: LedgerEntry[] = [];
  for (const { landable, verdict, changes } of merged.effects) {
    const touched = displaced.filter((path) => changes.some((change) => change.path === path.path));
    if (verdict.kind !== "landed" || touched.length === 0) continue;
    const named: Verdict = { ...verdict, displaced: touched };
    verdicts.set(landable, named);
    entries.push({ digest: landable.digest, outcome: landable.outcome(named) });
  }
  return entries;
}

export function entriesOf(verdicts: Verdicts): LedgerEntry[] {
  return [...verdicts].map(([landable, verdict]) => ({ digest: landable.digest, outcome: landable.outcome(verdict) }));
}

/**
 * What was kept and has landed now needs its ref no more. Not in the flush that records it: until the target has moved that ref is all
 * that holds kept work. It has landed whatever happens here, and recovery takes away what stays.
 */
async function dropLandedRefs({ run, kept }: Round, verdicts: Verdicts): Promise<void> {
  for (const [{ effectId, snapshot }, { kind }] of verdicts) {
    if (!isSettledWell(kind) || !kept.delete(effectId)) continue;
    await run.git.flush({ refs: [dropRef(run, effectId, snapshot.snapshotOid)] }).catch((error: Error) => {
      const message = `it has landed, but the ref of its kept work could not be removed: ${error.message}. The next recovery does it`;
      run.emit("warning", { code: "LANDING_UNFINISHED", message, effectId });
    });
  }
}
