// How long landings wait for an operation of the user's (a merge, a rebase) to be over. A `git merge` that goes through takes a
// moment, and must not fail the effects that are ready in it; one with conflicts takes as long as a person does, and must not
// hold up what asks next: one wait for all of it, however many effects are refused.

import { setTimeout as wait } from "node:timers/promises";

const firstPauseMs = 5;
const longestPauseMs = 200;
/** What a merge of git's without conflicts needs in a large repository. */
const mostMs = 2_000;

export class Patience {
  readonly #pause: (ms: number) => Promise<unknown>;
  #leftMs = mostMs;
  #pauseMs = firstPauseMs;

  constructor(pause: (ms: number) => Promise<unknown> = (ms) => wait(ms)) {
    this.#pause = pause;
  }

  /** Waits, ever longer. False at once: it has waited long enough. */
  async wait(): Promise<boolean> {
    if (this.#leftMs <= 0) return false;
    const ms = Math.min(this.#pauseMs, this.#leftMs);
    this.#leftMs -= ms;
    this.#pauseMs = Math.min(ms * 2, longestPauseMs);
    await this.#pause(ms);
    return true;
  }

  /** The operation was over: the next one is waited for again. */
  renew(): void {
    this.#leftMs = mostMs;
    this.#pauseMs = firstPauseMs;
  }
}
