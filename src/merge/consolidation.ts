// How many packs a run may leave: git looks into every one for every object, and begins a gc above 50. When there are too
// many the small ones become one; no outcome depends on it and no landing waits for it, but snapshots do: copying what a long
// run has written takes a second, in which small effects flush a hundred packs.

import { type CoppiceError, isCoppiceError } from "../errors.js";
import type { Run } from "../run.js";

/** With what is flushed while they are copied, and the old ones until nobody reads them, ten are not exceeded. */
const maxPacks = 4;
/** From here on snapshots wait. Leaves room for landings, which never do, and for the pack that is being made. */
const maxWaiting = 5;
/** After a refusal (a gc runs) the next try comes when there are as many more. */
const retryAfter = 4;

export class Consolidation {
  readonly #run: Run;
  #running: Promise<void> | null = null;
  #threshold = maxPacks;
  #packs = 0;

  constructor(run: Run) {
    this.#run = run;
    run.git.onFlushed(({ packs }) => {
      this.#packs = packs;
      if (packs > this.#threshold) this.#running ??= this.#consolidate(maxPacks).finally(() => (this.#running = null));
    });
  }

  /** Resolves when one more pack may be written. Never rejects: with a gc beside us the packs are as many as they are. */
  async room(): Promise<void> {
    if (this.#packs >= maxWaiting) await this.#running;
  }

  /** Nothing is flushed any more: one pack stays. Never rejects. */
  async close(): Promise<void> {
    await this.#running;
    await this.#consolidate(1);
  }

  async #consolidate(atMost: number): Promise<void> {
    try {
      const { packs, gcRunning } = await this.#run.git.consolidate({ atMost });
      this.#packs = packs;
      // Packs that were replaced and are still read go with the next try: it comes with the next flush.
      this.#threshold = gcRunning ? packs + retryAfter : Math.max(packs, maxPacks);
    } catch (error) {
      this.#threshold += retryAfter;
      if (isCoppiceError(error, "ERR_CLOSED")) return;
      const message = `packs could not be consolidated: ${(error as CoppiceError).message}. 'git gc' does it, too`;
      this.#run.emit("warning", { code: "CONSOLIDATION_FAILED", message, effectId: null });
    }
  }
}
