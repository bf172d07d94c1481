// A counted permission, handed out first come first served; waiting can be given up through a signal.
// Own code because the packages that do this lose their place in the queue or cannot be given up.

/** Gives the permission back; calling it twice is harmless. */
export type Release = () => void;

export class Semaphore {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(permits: number) {
    this.#free = permits;
  }

  /** How many would be granted at once. */
  get free(): number {
    return this.#free;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Rejects with the signal's reason when it fires first. */
  async acquire(signal?: AbortSignal): Promise<Release> {
    signal?.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#wait(signal);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#handOn();
    };
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const granted = () => {
        signal?.removeEventListener("abort", aborted);
        resolve();
      };
      const aborted = () => {
        this.#waiting.delete(granted);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", aborted, { once: true });
      this.#waiting.add(granted);
    });
  }

  #handOn(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
