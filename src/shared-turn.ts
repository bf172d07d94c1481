// Group commit and its like: one turn of a costly job at a time, and everybody who asks while it runs shares the next one. So
// the number of turns follows what a turn takes, not how many ask, and no timer has to be guessed.

export class SharedTurn {
  readonly #turn: () => Promise<void>;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(turn: () => Promise<void>) {
    this.#turn = turn;
  }

  /** Resolves after a turn that began after this call. */
  request(): Promise<void> {
    if (this.#next !== null) return this.#next;
    if (this.#running === null) return this.#start();
    const next = this.#running.catch(ignore).then(() => {
      this.#next = null;
      return this.#start();
    });
    this.#next = next;
    return next;
  }

  #start(): Promise<void> {
    const running = this.#turn().finally(() => {
      if (this.#running === running) this.#running = null;
    });
    this.#running = running;
    return running;
  }
}

// Who asked for the turn that failed has been told; the next one starts from what is still pending.
function ignore(): void {}
