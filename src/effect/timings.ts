// The clock of one effect: wall milliseconds of each step of the street.

import type { Timings } from "./effect.js";

type Step = keyof Timings;

export class StepClock {
  readonly #timings: Timings = {
    waitMs: null,
    acquireMs: null,
    setupMs: null,
    runMs: null,
    snapshotMs: null,
    mergeMs: null,
    verifyMs: null,
    landMs: null,
    releaseMs: null,
  };

  /** Adds the time that `act` takes to a step, whether it succeeds or not. */
  async time<T>(step: Step, act: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await act();
    } finally {
      this.add(step, performance.now() - start);
    }
  }

  add(step: Step, milliseconds: number): void {
    this.#timings[step] = Math.round(((this.#timings[step] ?? 0) + milliseconds) * 1000) / 1000;
  }

  read(): Timings {
    return { ...this.#timings };
  }
}
