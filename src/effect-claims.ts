// Who works on which effect. In this process a set; across processes a lock of the operating system, because only a run ID
// that was passed can be known to another process.

import { setTimeout } from "node:timers/promises";
import { foldId } from "./effect/effect-id.js";
import { CoppiceError } from "./errors.js";
import type { ClaimReply } from "./git/native.js";
import { type Run, recoveringMark } from "./run.js";

const pauseMs = 10;

export class EffectClaims {
  readonly #run: Run;
  /** Folded ID to the claim on disk; null: none is needed. */
  readonly #taken = new Map<string, number | null>();

  constructor(run: Run) {
    this.#run = run;
  }

  /** Checks a whole call before anything is done for it. Throws ERR_EFFECT_DUPLICATE. */
  requireFree(effectIds: readonly string[]): void {
    const seen = new Set<string>();
    for (const effectId of effectIds) {
      const folded = foldId(effectId);
      if (!seen.has(folded) && !this.#taken.has(folded)) seen.add(folded);
      else
        throw new CoppiceError(
          "ERR_EFFECT_DUPLICATE",
          `effect ${effectId} is already under way: give each effect its own ID`,
        );
    }
  }

  /** Throws ERR_EFFECT_DUPLICATE, ERR_EFFECT_CLAIMED. */
  async take(effectId: string): Promise<void> {
    this.requireFree([effectId]);
    const folded = foldId(effectId);
    this.#taken.set(folded, null);
    const { id, options } = this.#run;
    if (!options.runIdPassed) return;
    try {
      const claim = await this.#claim(`effect/${id}/${folded}`);
      if (!claim.claimed) {
        const owner = claim.owner ?? "another process";
        throw new CoppiceError(
          "ERR_EFFECT_CLAIMED",
          `effect ${effectId} of run ${id} is under way in ${owner}: wait for it`,
        );
      }
      this.#taken.set(folded, claim.claimId);
    } catch (error) {
      this.#taken.delete(folded);
      throw error;
    }
  }

  /** Another process's recovery holds a claim for as long as it takes to keep what a dead one had: that is waited for. */
  async #claim(name: string): Promise<ClaimReply> {
    const { git, options } = this.#run;
    const deadline = performance.now() + options.limits.lockTimeoutMs;
    for (;;) {
      const claim = await git.claim({ name, owner: `process ${process.pid}` });
      if (claim.claimed || !claim.owner?.endsWith(recoveringMark) || performance.now() > deadline) return claim;
      await setTimeout(pauseMs);
    }
  }

  /** Never rejects: what the effect has come to is settled, and a claim that stays goes with the process. */
  async giveUp(effectId: string): Promise<void> {
    const folded = foldId(effectId);
    const claimId = this.#taken.get(folded) ?? null;
    this.#taken.delete(folded);
    if (claimId === null) return;
    await this.#run.git.releaseClaim({ claimId }).catch((error: Error) => {
      const message = `the claim of effect ${effectId} could not be given up: ${error.message}. It ends with this process`;
      this.#run.emit("warning", { code: "CLAIM_NOT_RELEASED", message, effectId });
    });
  }
}
