// How often to land. A landing costs nearly the same for one effect as for many (the target's index is as long as the repository is
// large), so while more effects are under way the lander rests after each batch, and lands what has come meanwhile as one.

/** Landing takes at most this share of the time while other effects are under way. */
const share = 0.2;
/** No outcome waits longer for company, whatever the last landing took. */
const maxRestMs = 2_000;

export interface Clock {
  /** Milliseconds. */
  now(): number;
  /** Calls back once, after `ms`; the function that it gives calls it off. */
  after(ms: number, callback: () => void): () => void;
}

const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

export class LandingPace {
  readonly #clock: Clock;
  #restUntil = Number.NEGATIVE_INFINITY;
  #wake: (() => void) | null = null;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** Times a landing: the rest after it is measured by it. */
  async time<T>(land: () => Promise<T>): Promise<T> {
    const start = this.#clock.now();
    try {
      return await land();
    } finally {
      const end = this.#clock.now();
      this.#restUntil = end + Math.min((end - start) * (1 / share - 1), maxRestMs);
    }
  }

  /** Resolves when the rest is over, or when `more()` says that nothing is gained by it. */
  async rest(more: () => boolean): Promise<void> {
    for (;;) {
      const left = this.#restUntil - this.#clock.now();
      if (left <= 0 || !more()) return;
      await new Promise<void>((resolve) => {
        const callOff = this.#clock.after(left, resolve);
        this.#wake = () => {
          callOff();
          resolve();
        };
      });
      this.#wake = null;
    }
  }

  /** Something that `more` looks at has changed. */
  changed(): void {
    this.#wake?.();
  }
}
