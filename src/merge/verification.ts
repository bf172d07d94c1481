// Asks the gate about what would land, and finds out whose fault a refusal is: the commits of a batch stand one on the other, so
// the first one that does not pass is found in halves, with as many questions as the batch's length has binary digits.

import { CoppiceError } from "../errors.js";
import type { Run } from "../run.js";
import type { MergedBatch, MergedEffect } from "./merge.js";
import type { Landable, Verdict } from "./verdict.js";

/** What the gate is asked about: a commit in the session's store, which holds these effects. */
export interface Candidate {
  readonly commitOid: string;
  readonly effectIds: readonly string[];
  /** Nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Asked before the target moves. Null: it may land; else why not. Throws when it could not be asked. */
export type Gate = (candidate: Candidate) => Promise<CoppiceError | null>;

/** Of one batch, however often it is merged again. */
export class Verification {
  readonly #run: Run;
  readonly #gate: Gate;
  /** What the gate has said about a tree: the same files need not be looked at twice. */
  readonly #answers = new Map<string, CoppiceError | null>();

  constructor(run: Run, gate: Gate) {
    this.#run = run;
    this.#gate = gate;
  }

  /** The effects that may not land on `tipOid` with those before them; none: all may. */
  async refused(merged: MergedBatch, tipOid: string): Promise<Map<Landable, Verdict>> {
    const landing = merged.effects.filter(({ verdict }) => verdict.kind === "landed");
    const given = new GivenUp(landing.map(({ landable }) => landable.signal));
    try {
      return await this.#find(landing, tipOid, given.signal);
    } finally {
      given.end();
    }
  }

  async #find(landing: readonly MergedEffect[], tipOid: string, signal: AbortSignal): Promise<Map<Landable, Verdict>> {
    const refusal = landing.length === 0 ? null : await this.#ask(landing, signal);
    if (refusal === null) return new Map();
    // The first `low` pass, the first `high` do not.
    let [low, high, error] = [0, landing.length, refusal];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      const answer = await this.#ask(landing.slice(0, middle), signal);
      if (answer === null) low = middle;
      else [high, error] = [middle, answer];
    }
    // Were the target itself at fault, each effect in turn would seem to be, after a search of its own.
    const atFault =
      low === 0 && landing.length > 1 && (await this.#refusesTip(tipOid, signal)) ? landing : [landing[high - 1]];
    return new Map((atFault as MergedEffect[]).map(({ landable }) => [landable, { kind: "failed", error }]));
  }

  async #ask(effects: readonly MergedEffect[], signal: AbortSignal): Promise<CoppiceError | null> {
    const last = effects.at(-1) as MergedEffect;
    const { commitOid } = last.verdict as Extract<Verdict, { kind: "landed" }>;
    const start = performance.now();
    try {
      const effectIds = effects.map(({ landable }) => landable.effectId);
      const error = await this.#answer({ commitOid, effectIds, signal });
      return error === null ? null : refusedBecause(error, effectIds);
    } finally {
      for (const { landable } of effects) landable.clock.add("verifyMs", performance.now() - start);
    }
  }

  async #refusesTip(commitOid: string, signal: AbortSignal): Promise<boolean> {
    return (await this.#answer({ commitOid, effectIds: [], signal })) !== null;
  }

  async #answer(candidate: Candidate): Promise<CoppiceError | null> {
    const { treeOid } = await this.#run.git.resolve({ name: candidate.commitOid });
    const tree = treeOid as string;
    const known = this.#answers.get(tree);
    if (known !== undefined) return known;
    const answer = await this.#gate(candidate);
    this.#answers.set(tree, answer);
    return answer;
  }
}

/** Fires once all signals have: one effect of a batch that is aborted does not take the others' answer. */
class GivenUp {
  readonly #controller = new AbortController();
  readonly #waiting: Set<AbortSignal>;

  constructor(signals: readonly AbortSignal[]) {
    this.#waiting = new Set(signals);
    for (const signal of this.#waiting) signal.addEventListener("abort", this.#look);
    this.#look();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  end(): void {
    for (const signal of this.#waiting) signal.removeEventListener("abort", this.#look);
  }

  #look = (): void => {
    const all = [...this.#waiting];
    if (all.length > 0 && all.every(({ aborted }) => aborted)) this.#controller.abort(all[0]?.reason);
  };
}

function refusedBecause(error: CoppiceError, effectIds: readonly string[]): CoppiceError {
  const last = effectIds.at(-1);
  const others = effectIds.length === 1 ? "" : `, on top of ${effectIds.length - 1} before it`;
  const message = `effect ${last} merged onto the target${others} did not pass verification: ${error.message}`;
  return new CoppiceError("ERR_VERIFY", message, { cause: error, details: { ...error.details, effectIds } });
}
