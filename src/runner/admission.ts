// At most so many at once: who comes later waits in a line. Threads have one, processes of every kind share one.
// Not Piscina's own queue: with no thread left alive (each was aborted, or died) it starts none for those that wait.

export class Admission {
  readonly limit: number;
  readonly #waiting: (() => void)[] = [];
  #admitted = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get admitted(): number {
    return this.#admitted;
  }

  /** Resolves to the function that makes room again (once); rejects with the signal's reason when that fires first. */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#admitted < this.limit) this.#admitted += 1;
    else await this.#wait(signal);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#leave();
    };
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal.reason);
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.push(enter);
    });
  }

  /** The place goes to the next in line without becoming free, so that nobody who comes meanwhile overtakes. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#admitted -= 1;
    else next();
  }
}
