// How an effect settles: it lands through the queue, or its work is kept, and either way the ledger says so.

import type { ConflictPolicy } from "../effect/conflict-policy.js";
import type { Conflicted, Outcome, Rerun, Snapshot } from "../effect/effect.js";
import { OutcomeDraft } from "../effect/outcome.js";
import { isSettledWell } from "../effect/settled-well.js";
import { CoppiceError } from "../errors.js";
import { keptAt, type Run } from "../run.js";
import { ConflictDecider } from "./conflict-decider.js";
import { keepRef } from "./kept-refs.js";
import { type Ledger, unknownDigest } from "./ledger.js";
import type { MergeQueue } from "./merge-queue.js";
import { planSetAside, type SetAside } from "./set-aside.js";
import type { Landable, Verdict } from "./verdict.js";

/** How a snapshot is to land. */
export interface LandingWish {
  /** The commit's message without trailers. */
  readonly message: string;
  readonly policy: ConflictPolicy;
  /** Whether there is a task that can run again. */
  readonly mayRerun: boolean;
  /** Effects of one call that land in its order have the same. */
  readonly group: object | null;
  /** Ends what decides a conflict, and a verification that nobody else waits for; otherwise what has come to the queue lands. */
  readonly signal: AbortSignal;
}

export class Settlement {
  readonly #run: Run;
  readonly #ledger: Ledger;
  readonly #queue: MergeQueue;

  constructor(run: Run, ledger: Ledger, queue: MergeQueue) {
    this.#run = run;
    this.#ledger = ledger;
    this.#queue = queue;
  }

  /**
   * The outcome that the ledger has for this effect, when it need not run again; otherwise `land` or `fail` is expected to be
   * called for it. Throws ERR_EFFECT_REUSED.
   */
  async replay(effectId: string, digest: string): Promise<{ outcome: Outcome | null; attempt: number }> {
    const entry = await this.#ledger.find(effectId);
    const attempt = (entry?.outcome.attempt ?? 0) + 1;
    // Nobody can have kept anything for a new effect of a new run.
    if (entry === null && !this.#run.options.runIdPassed) return this.#expect(effectId, attempt);
    if (entry === null) return this.#expect(effectId, await this.#attemptAfter(effectId, attempt));
    const { outcome } = entry;
    const done = isSettledWell(outcome.kind);
    if (done && entry.digest !== digest && entry.digest !== unknownDigest) {
      throw new CoppiceError(
        "ERR_EFFECT_REUSED",
        `effect ${effectId} of run ${this.#run.id} has settled already, as another task or with another input: ` +
          "give this one another effect ID",
      );
    }
    if (done && this.#run.options.runIdPassed)
      return { outcome: { ...outcome, replayed: true }, attempt: outcome.attempt };
    return this.#expect(effectId, await this.#attemptAfter(effectId, attempt));
  }

  #expect(effectId: string, attempt: number) {
    this.#queue.expect(effectId);
    return { outcome: null, attempt };
  }

  /** The effect runs again: what it has kept moves under the number of the attempt before. */
  async #attemptAfter(effectId: string, attempt: number): Promise<number> {
    const aside = await this.#setAside(effectId, Math.max(attempt - 1, 1));
    return aside === null ? attempt : aside.attempt + 1;
  }

  async recorded(effectId: string): Promise<Outcome | null> {
    const entry = await this.#ledger.find(effectId);
    return entry === null ? null : { ...entry.outcome, replayed: true };
  }

  /** Lands a snapshot; with nothing in it the effect is unchanged. */
  async land(draft: OutcomeDraft, digest: string, snapshot: Snapshot, wish: LandingWish): Promise<Outcome> {
    const { snapshotOid } = snapshot;
    if (snapshotOid !== null)
      return this.#queue.land(this.#landable(draft, digest, { ...snapshot, snapshotOid }, wish));
    this.#queue.callOff(draft.effectId);
    const outcome = draft.unchanged([], this.#keptWorktree(draft));
    await this.#ledger.record([{ digest, outcome }], []);
    return outcome;
  }

  /** Lands work that an earlier outcome kept; its ref goes when it lands. */
  async landKept(
    effectId: string,
    snapshot: Snapshot & { snapshotOid: string },
    message: string,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const entry = await this.#ledger.find(effectId);
    const draft = new OutcomeDraft(effectId, this.#run.id, entry?.outcome.labels);
    draft.baseOid = snapshot.baseOid;
    draft.hold(snapshot, null);
    if (entry !== null) {
      draft.attempt = entry.outcome.attempt;
      draft.value = "value" in entry.outcome ? entry.outcome.value : null;
    }
    const wish = { message, policy: this.#run.options.onConflict, mayRerun: false, group: null, signal };
    const landable = this.#landable(draft, entry?.digest ?? unknownDigest, snapshot, wish);
    return this.#queue.land({ ...landable, wasKept: true });
  }

  /**
   * Its task runs again: what the conflicted attempt has kept moves under its attempt number, and `land` or `fail` is expected for
   * the next one. Effects behind it in its call wait until then.
   */
  async again(draft: OutcomeDraft, outcome: Conflicted): Promise<void> {
    const { effectId, attempt } = outcome;
    const aside = await this.#setAside(effectId, attempt).catch((error: unknown) => {
      this.#queue.callOff(effectId);
      throw error;
    });
    draft.again({ ...outcome, attempt: aside?.attempt ?? attempt }, aside?.refName ?? null);
    this.#queue.expect(effectId);
  }

  /** The effect has settled well: nobody needs what its conflicted attempts had kept. Not before, because a landing may yet fail. */
  async dropAttempts(reruns: readonly Rerun[], effectId: string): Promise<void> {
    const refs = reruns.map(({ attempt }) => this.#run.refs.attempt(effectId, attempt));
    const gone = { newOid: null, compare: false, expectedOid: null, reflog: null };
    if (refs.length > 0) await this.#run.git.flush({ refs: refs.map((refName) => ({ refName, ...gone })) });
  }

  /** Every effect has settled. */
  close(): Promise<void> {
    return this.#ledger.close();
  }

  #landable(
    draft: OutcomeDraft,
    digest: string,
    snapshot: Snapshot & { snapshotOid: string },
    { message, policy, mayRerun, group, signal }: LandingWish,
  ): Landable {
    const { effectId, clock } = draft;
    const reruns = mayRerun ? draft.reruns : null;
    const decider = new ConflictDecider(this.#run, { effectId, policy, reruns, signal });
    const outcome = (verdict: Verdict) => this.#outcome(draft, verdict);
    return { effectId, digest, snapshot, message, clock, decider, signal, group, wasKept: false, outcome };
  }

  /** Keeps what the effect has left, and records why it did not land. */
  async fail(draft: OutcomeDraft, digest: string, error: CoppiceError): Promise<Outcome> {
    const { effectId, snapshotOid } = draft;
    this.#queue.callOff(effectId);
    const outcome = this.#outcome(draft, { kind: "failed", error });
    const refs = snapshotOid === null ? [] : [keepRef(this.#run, effectId, snapshotOid)];
    await this.#ledger.record([{ digest, outcome }], refs);
    return outcome;
  }

  /** When not even a failure could be recorded: where its work is can still be said. A snapshot is the anchor's. */
  unrecorded(draft: OutcomeDraft, error: CoppiceError): Outcome {
    return draft.failed(error, this.#keptWorktree(draft));
  }

  #outcome(draft: OutcomeDraft, verdict: Verdict): Outcome {
    switch (verdict.kind) {
      case "landed":
        return draft.landed(verdict.commitOid, verdict.displaced, verdict.resolutions, this.#keptWorktree(draft));
      case "unchanged":
        return draft.unchanged(verdict.resolutions, this.#keptWorktree(draft));
      case "conflicted":
        draft.rerunFor = verdict.rerun ? verdict.conflicts : null;
        return draft.conflicted(verdict.conflicts, verdict.resolutions, this.#kept(draft));
      case "blocked":
        return draft.blocked(verdict.blocked, this.#kept(draft));
      case "failed":
        return draft.failed(verdict.error, draft.snapshotOid === null ? this.#keptWorktree(draft) : this.#kept(draft));
    }
  }

  #kept(draft: OutcomeDraft) {
    return keptAt(this.#run, draft.effectId, draft, draft.keptWorktree);
  }

  /** What landed is not kept; a worktree that holds more than a commit can is. */
  #keptWorktree(draft: OutcomeDraft) {
    if (draft.keptWorktree === null) return null;
    return keptAt(this.#run, draft.effectId, { snapshotOid: null, baseOid: draft.baseOid }, draft.keptWorktree);
  }

  async #setAside(effectId: string, from: number): Promise<SetAside | null> {
    const aside = await planSetAside(this.#run, effectId, from);
    if (aside !== null) await this.#run.git.flush({ refs: [aside.keep, aside.drop] });
    return aside;
  }
}
