// The merge queue: snapshots land in the order in which they came, and whatever waits when the lander is free becomes one
// batch: one flush, one move of the target, one update of the working tree. landing-pace.ts says when it is free.

import type { BlockedPath, Outcome } from "../effect/effect.js";
import { CoppiceError } from "../errors.js";
import type { Run } from "../run.js";
import { keepRefs } from "./kept-refs.js";
import { entriesOf, landBatch, type Verdicts } from "./land.js";
import { LandingPace } from "./landing-pace.js";
import type { Ledger } from "./ledger.js";
import { isRerun } from "./merge.js";
import type { Target } from "./target.js";
import type { Landable } from "./verdict.js";
import type { Gate } from "./verification.js";

/** A batch is bounded so that the user's git never waits long for the locks. */
const maxBatch = 256;

interface Waiting {
  readonly landable: Landable;
  resolve(outcome: Outcome): void;
  reject(error: unknown): void;
}

export class MergeQueue {
  readonly #run: Run;
  readonly #target: Target;
  readonly #ledger: Ledger;
  readonly #stops: () => Promise<readonly BlockedPath[]>;
  readonly #gate: Gate | null;
  readonly #pace: LandingPace;
  readonly #waiting: Waiting[] = [];
  readonly #expected = new Set<string>();
  /** By group: the effect whose task runs again. What came after it in its call waits for it, so that the order holds. */
  readonly #held = new Map<object, string>();
  #lander: Promise<void> | null = null;

  /**
   * `stops`: asked before each landing; when it gives anything, the batch is blocked by it and kept. `gate`: asked about what a batch
   * would make of the target.
   */
  constructor(
    run: Run,
    target: Target,
    ledger: Ledger,
    stops: () => Promise<readonly BlockedPath[]>,
    gate: Gate | null = null,
    pace = new LandingPace(),
  ) {
    this.#run = run;
    this.#target = target;
    this.#ledger = ledger;
    this.#stops = stops;
    this.#gate = gate;
    this.#pace = pace;
  }

  /** This effect is under way and will come, or be called off. A batch may wait a little for it. */
  expect(effectId: string): void {
    this.#expected.add(effectId);
  }

  /** It does not come. */
  callOff(effectId: string): void {
    if (this.#expected.delete(effectId)) this.#pace.changed();
    if (this.#letGo(effectId)) this.#start();
  }

  /** Resolves once the effect has settled durably. Rejects only when not even a failure could be recorded. */
  land(landable: Landable): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const waiting = { landable, resolve, reject };
      // Before all that has waited for it.
      if (this.#letGo(landable.effectId)) this.#waiting.unshift(waiting);
      else this.#waiting.push(waiting);
      this.#expected.delete(landable.effectId);
      this.#pace.changed();
      this.#start();
    });
  }

  /** Not for nothing: the lander would be at its end before it is known that there is one. */
  #start(): void {
    if (this.#nextBatch().length > 0) this.#lander ??= this.#landAll();
  }

  async #landAll(): Promise<void> {
    while (this.#nextBatch().length > 0) {
      await this.#pace.rest(() => this.#expected.size > 0 && this.#waiting.length < maxBatch);
      const batch = this.#nextBatch();
      for (const waiting of batch) this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      const start = performance.now();
      const verified = new Map(batch.map(({ landable }) => [landable, verifiedMs(landable)]));
      try {
        const verdicts = await this.#pace.time(() => this.#settle(batch.map((waiting) => waiting.landable)));
        for (const [{ group, effectId }, verdict] of verdicts)
          if (group !== null && isRerun(verdict)) this.#held.set(group, effectId);
        this.#waiting.unshift(...batch.filter(({ landable }) => !verdicts.has(landable)));
        const settled = batch.filter(({ landable }) => verdicts.has(landable));
        for (const { landable } of settled) {
          const verifyMs = verifiedMs(landable) - (verified.get(landable) ?? 0);
          landable.clock.add("landMs", performance.now() - start - verifyMs);
        }
        for (const { landable, resolve } of settled) resolve(outcomeOf(landable, verdicts));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    // In the same turn as the last look: what comes one microtask later must find that nobody lands any more.
    this.#lander = null;
  }

  #nextBatch(): Waiting[] {
    const free = this.#waiting.filter(({ landable: { group } }) => group === null || !this.#held.has(group));
    return free.slice(0, maxBatch);
  }

  /** True: others waited for this effect. */
  #letGo(effectId: string): boolean {
    for (const [group, held] of this.#held) if (held === effectId) return this.#held.delete(group);
    return false;
  }

  async #settle(batch: readonly Landable[]): Promise<Verdicts> {
    try {
      const blocked = await this.#stops();
      if (blocked.length > 0)
        return await this.#record(new Map(batch.map((landable) => [landable, { kind: "blocked", blocked }])));
      return await landBatch(this.#run, this.#target, this.#ledger, batch, this.#gate);
    } catch (error) {
      // One effect's bad luck must not be the others': alone, each shows whether it is the cause.
      if (batch.length > 1) return this.#settleEach(batch);
      const verdicts: Verdicts = new Map(
        batch.map((landable) => [landable, { kind: "failed", error: CoppiceError.from(error, "ERR_NATIVE") }]),
      );
      return this.#record(verdicts);
    }
  }

  /** Of effects that do not land. */
  async #record(verdicts: Verdicts): Promise<Verdicts> {
    await this.#ledger.record(entriesOf(verdicts), keepRefs(this.#run, verdicts));
    return verdicts;
  }

  async #settleEach(batch: readonly Landable[]): Promise<Verdicts> {
    const verdicts: Verdicts = new Map();
    const held = new Set<object>();
    for (const landable of batch) {
      if (landable.group !== null && held.has(landable.group)) continue;
      for (const [settled, verdict] of await this.#settle([landable])) {
        verdicts.set(settled, verdict);
        if (settled.group !== null && isRerun(verdict)) held.add(settled.group);
      }
    }
    return verdicts;
  }
}

function verifiedMs({ clock }: Landable): number {
  return clock.read().verifyMs ?? 0;
}

function outcomeOf(landable: Landable, verdicts: Verdicts): Outcome {
  const verdict = verdicts.get(landable);
  if (verdict !== undefined) return landable.outcome(verdict);
  throw new CoppiceError("ERR_CORRUPT", `no verdict about effect ${landable.effectId}`);
}
