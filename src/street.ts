// The street that every effect walks, top to bottom:
// request -> acquire -> run -> snapshot -> release -> merge -> land. The details live in the rooms; their order lives here.

import type { Base } from "./base.js";
import type { Conflict, Conflicted, EffectRequest, Outcome, Snapshot } from "./effect/effect.js";
import { OutcomeDraft } from "./effect/outcome.js";
import { requestDigest } from "./effect/request-digest.js";
import { isSettledWell } from "./effect/settled-well.js";
import { asFailure } from "./errors.js";
import type { Rooms } from "./rooms.js";
import { runTask } from "./run-task.js";
import { isAbandoned } from "./runner/runner.js";
import type { Release } from "./semaphore.js";
import type { HoldKind } from "./worktree/growth.js";
import { Lease, type LeaseOwner } from "./worktree/lease.js";
import type { Writer } from "./worktree/tracking.js";

/** One effect on the street, and what the call that it belongs to wants to know and to decide. */
export interface Walk {
  readonly request: EffectRequest;
  readonly signal: AbortSignal;
  /** Its place among the worktrees in use, asked for when the effect was requested. */
  readonly place: Promise<Release>;
  /** What it starts from. Taken once, when the walk begins; its caller gives it up. */
  readonly base: Base;
  /** It has a worktree, or has ended without one. */
  admitted(): void;
  /** Resolves when the effects before it have come to the merge queue; with order "settled" at once. */
  turn(): Promise<void>;
  /** It has come to the merge queue, or has ended before. */
  passed(): void;
  /** Effects of one call that land in its order have the same; null: it lands as it settles. */
  readonly group: object | null;
}

/** Walks one effect. Never rejects: whatever goes wrong is an outcome, and the work is kept. */
export async function walkStreet(rooms: Rooms, owner: LeaseOwner, walk: Walk): Promise<Outcome> {
  const { run, settlement, anchor, target } = rooms;
  const { request, signal } = walk;
  const draft = new OutcomeDraft(request.id, run.id, request.labels);
  const digest = requestDigest(request.task);
  let outcome: Outcome;
  try {
    const earlier = await settlement.replay(request.id, digest);
    if (earlier.outcome !== null) {
      target.reverts?.replayed(earlier.outcome);
      return earlier.outcome;
    }
    draft.attempt = earlier.attempt;
    outcome = await walkAttempt(rooms, owner, walk, draft, digest, []);
    while (draft.rerunFor !== null && outcome.kind === "conflicted") {
      if (draft.snapshotOid !== null) anchor.settle(draft.snapshotOid);
      outcome = await walkAgain(rooms, owner, walk, draft, digest, outcome, draft.rerunFor);
    }
    // What the ledger has recorded is reachable through the target or through a ref of its own.
    if (draft.snapshotOid !== null) anchor.settle(draft.snapshotOid);
    if (outcome.reruns.length > 0 && isSettledWell(outcome.kind)) await dropAttempts(rooms, outcome);
  } catch (error) {
    // Not even the failure could be recorded; the anchor, or the worktree, still has the work.
    outcome = settlement.unrecorded(draft, asFailure(error, signal));
  }
  return outcome;
}

/** Conflicted: the task runs once more, on what is there now, and knows the conflicts. */
async function walkAgain(
  rooms: Rooms,
  owner: LeaseOwner,
  walk: Walk,
  draft: OutcomeDraft,
  digest: string,
  outcome: Conflicted,
  conflicts: readonly Conflict[],
): Promise<Outcome> {
  const { run, settlement, pool } = rooms;
  const { signal } = walk;
  const { effectId } = draft;
  try {
    await settlement.again(draft, outcome);
  } catch (error) {
    // It stays what it is on record: conflicted, and kept where its outcome says.
    const message = `effect ${effectId} could not run again: ${(error as Error).message}`;
    run.emit("warning", { code: "NOT_RERUN", message, effectId });
    draft.rerunFor = null;
    return outcome;
  }
  run.emit("effect:rerun", { effectId, attempt: draft.attempt, conflicts: outcome.conflicts });
  const place = pool.admit(effectId, signal);
  const base = walk.base.again();
  const again = {
    ...walk,
    place,
    base,
    admitted: () => {},
    turn: async () => {},
    passed: () => {},
  };
  try {
    return await walkAttempt(rooms, owner, again, draft, digest, conflicts);
  } finally {
    base.giveUp();
    // Harmless when its lease has given it back.
    place.then(
      (giveBack) => giveBack(),
      () => {},
    );
  }
}

async function dropAttempts({ run, settlement }: Rooms, { reruns, effectId }: Outcome): Promise<void> {
  await settlement.dropAttempts(reruns, effectId).catch((error: Error) => {
    const message = `what earlier attempts of effect ${effectId} had kept could not be dropped: ${error.message}`;
    run.emit("warning", { code: "ATTEMPTS_NOT_DROPPED", message, effectId });
  });
}

async function walkAttempt(
  rooms: Rooms,
  owner: LeaseOwner,
  walk: Walk,
  draft: OutcomeDraft,
  digest: string,
  conflicts: readonly Conflict[],
): Promise<Outcome> {
  const { run, settlement } = rooms;
  const { request, signal } = walk;
  try {
    const place = await draft.clock.time("waitMs", () => walk.place);
    const kind = typeof request.task === "function" ? "function" : request.task.kind;
    const lease = await acquireLease(rooms, owner, draft, await walk.base.take(), kind, place, signal);
    walk.admitted();
    const snapshot = await work(rooms, request, lease, draft, conflicts, signal);
    await walk.turn();
    signal.throwIfAborted();
    const landing = settlement.land(draft, digest, snapshot, {
      message: request.message ?? `Effect ${request.id}`,
      policy: request.onConflict ?? run.options.onConflict,
      mayRerun: true,
      group: walk.group,
      signal,
    });
    walk.passed();
    return await landing;
  } catch (error) {
    return settlement.fail(draft, digest, asFailure(error, signal));
  }
}

/** A worktree at the base. */
export async function acquireLease(
  rooms: Rooms,
  owner: LeaseOwner,
  draft: OutcomeDraft,
  baseOid: string,
  kind: HoldKind,
  place: Release,
  signal: AbortSignal,
): Promise<Lease> {
  const { run, pool, anchor, repository } = rooms;
  const { effectId } = draft;
  draft.baseOid = baseOid;
  const { worktree, created, setupMs } = await draft.clock.time("acquireMs", () =>
    pool.acquire({ effectId, baseOid, kind }, place, signal),
  );
  if (setupMs !== null) {
    draft.clock.add("setupMs", setupMs);
    draft.clock.add("acquireMs", -setupMs);
  }
  repository.entered(effectId, kind !== "function" && kind !== "module");
  run.emit("effect:acquired", { effectId, worktree: worktree.name, path: worktree.path, baseOid, created });
  return new Lease({ run, pool, anchor, owner }, worktree, { effectId, baseOid });
}

/** Runs the task and gives the worktree back: what comes out is on disk, also when the task fails. */
async function work(
  rooms: Rooms,
  request: EffectRequest,
  lease: Lease,
  draft: OutcomeDraft,
  conflicts: readonly Conflict[],
  signal: AbortSignal,
): Promise<Snapshot> {
  try {
    draft.value = (await runTask(rooms, request, lease, draft, conflicts, signal)) ?? null;
  } catch (error) {
    if (isAbandoned(error)) await abandon(lease, draft, "its task still runs and could not be stopped");
    else await snapshotAndVacate(rooms, request, lease, draft);
    throw error;
  }
  return snapshotAndVacate(rooms, request, lease, draft);
}

async function snapshotAndVacate(
  rooms: Rooms,
  request: EffectRequest,
  lease: Lease,
  draft: OutcomeDraft,
): Promise<Snapshot> {
  const { run } = rooms;
  let snapshot: Snapshot;
  try {
    snapshot = await draft.clock.time("snapshotMs", () => lease.snapshot(writerOf(request.task)));
  } catch (error) {
    await abandon(lease, draft, "no snapshot could be made");
    throw error;
  }
  draft.hold(snapshot, lease.path);
  run.emit("effect:snapshotted", {
    effectId: draft.effectId,
    snapshotOid: snapshot.snapshotOid,
    paths: snapshot.changes.length,
  });
  await draft.clock.time("releaseMs", () => lease.vacate(snapshot));
  return snapshot;
}

/** A command, or a module in a process of its own, may write in ways that tracking cannot see. */
function writerOf(task: EffectRequest["task"]): Writer {
  if (typeof task === "function" || (task.kind === "module" && task.runIn === "thread")) return "this process";
  return "child process";
}

async function abandon(lease: Lease, draft: OutcomeDraft, reason: string): Promise<void> {
  draft.keptWorktree = lease.path;
  await lease.abandon(reason);
}
