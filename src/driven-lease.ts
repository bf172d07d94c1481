// Leases that the caller drives by hand: what they need from the rooms beyond worktree/.

import type { Outcome, Snapshot } from "./effect/effect.js";
import { OutcomeDraft } from "./effect/outcome.js";
import { CoppiceError } from "./errors.js";
import type { Rooms } from "./rooms.js";
import type { LandOptions, Lease, LeaseOwner } from "./worktree/lease.js";

/** A lease has no task whose digest could differ. */
const digest = "lease";

export function leaseOwner(
  rooms: Rooms,
  hooks: { resolveBase(base: string): Promise<string>; ended(lease: Lease): Promise<void> },
): LeaseOwner {
  const { run, settlement, anchor, repository } = rooms;
  const { signal } = rooms.abort;

  const draftOf = async (lease: Lease, snapshot: Snapshot): Promise<OutcomeDraft> => {
    const draft = new OutcomeDraft(lease.effectId, run.id);
    // A lease may land again and again: each landing is an attempt of its own, never a replay.
    const earlier = await settlement.replay(lease.effectId, digest);
    draft.attempt = earlier.outcome === null ? earlier.attempt : earlier.attempt + 1;
    draft.baseOid = lease.baseOid;
    draft.hold(snapshot, lease.path);
    return draft;
  };
  const settle = async (snapshot: Snapshot, outcome: Promise<Outcome>): Promise<Outcome> => {
    const settled = await outcome;
    if (snapshot.snapshotOid !== null) anchor.settle(snapshot.snapshotOid);
    return settled;
  };

  return {
    resolveBase: hooks.resolveBase,
    async ended(lease: Lease): Promise<void> {
      await repository.left(lease.effectId);
      await hooks.ended(lease);
    },
    async land(lease: Lease, snapshot: Snapshot, options: LandOptions): Promise<Outcome> {
      const draft = await draftOf(lease, snapshot);
      const message = options.message ?? `Effect ${lease.effectId}`;
      const wish = { message, policy: run.options.onConflict, mayRerun: false, group: null, signal };
      return settle(snapshot, settlement.land(draft, digest, snapshot, wish));
    },
    async keep(lease: Lease, snapshot: Snapshot): Promise<void> {
      const error = new CoppiceError(
        "ERR_ABORTED",
        `the lease of effect ${lease.effectId} was released before it landed`,
      );
      await settle(snapshot, settlement.fail(await draftOf(lease, snapshot), digest, error));
    },
  };
}
