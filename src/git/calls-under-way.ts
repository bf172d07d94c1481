// The calls that the native side has not answered yet. One that takes long (a filesystem that does not answer, a lock that somebody
// holds) is told of once when it has taken `afterMs`, and again whenever that has doubled. One timer serves all calls and is set only
// while there are any: an ordinary call costs an entry in a map.

/** A call that takes long, and goes on. */
export interface SlowCall {
  readonly operation: string;
  /** What it works on: a worktree, or else the repository. */
  readonly path: string;
  readonly elapsedMs: number;
}

interface UnderWay {
  readonly operation: string;
  readonly path: string;
  /** On the clock of `performance`. */
  readonly since: number;
  /** Told of when it has taken so long. */
  tellAtMs: number;
  giveUp(error: unknown): void;
}

export class CallsUnderWay {
  /** In the order in which they began. */
  readonly #calls = new Map<number, UnderWay>();
  #afterMs = Number.POSITIVE_INFINITY;
  #tell: (slow: SlowCall) => void = () => {};
  #timer: NodeJS.Timeout | null = null;

  /** Calls that begin from now on; 0: none is told of. One listener, which must not throw. */
  onSlow(afterMs: number, tell: (slow: SlowCall) => void): void {
    this.#afterMs = afterMs === 0 ? Number.POSITIVE_INFINITY : afterMs;
    this.#tell = tell;
  }

  /** Settles as `reply` does, or with what `giveUp` is given. */
  follow<T>(call: number, operation: string, path: string, reply: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const since = performance.now();
      this.#calls.set(call, { operation, path, since, tellAtMs: this.#afterMs, giveUp: reject });
      if (this.#timer === null) this.#setTimer(this.#afterMs);
      reply.then(
        (value) => {
          this.#calls.delete(call);
          resolve(value);
        },
        (error) => {
          this.#calls.delete(call);
          reject(error);
        },
      );
    });
  }

  /** The one that has taken longest, counted from `since` at the earliest; null: none is under way. */
  longest(since = Number.NEGATIVE_INFINITY): SlowCall | null {
    const [oldest] = this.#calls.values();
    if (oldest === undefined) return null;
    const { operation, path } = oldest;
    return { operation, path, elapsedMs: performance.now() - Math.max(oldest.since, since) };
  }

  /** Nobody waits any more for what is under way; it may still go on. */
  giveUp(error: unknown): void {
    for (const { giveUp } of this.#calls.values()) giveUp(error);
    this.#calls.clear();
  }

  #setTimer(ms: number): void {
    if (!Number.isFinite(ms)) return;
    const look = () => {
      this.#timer = null;
      this.#look();
    };
    // What waits for the reply keeps the process alive, not this.
    this.#timer = setTimeout(look, Math.ceil(ms)).unref();
  }

  #look(): void {
    const now = performance.now();
    // At least so often: a call that begins before the next look finds the timer set.
    let nextMs = this.#calls.size === 0 ? Number.POSITIVE_INFINITY : this.#afterMs;
    for (const call of this.#calls.values()) {
      const elapsedMs = now - call.since;
      if (elapsedMs >= call.tellAtMs) {
        const { operation, path } = call;
        while (call.tellAtMs <= elapsedMs) call.tellAtMs *= 2;
        this.#tell({ operation, path, elapsedMs: Math.round(elapsedMs) });
      }
      nextMs = Math.min(nextMs, call.tellAtMs - elapsedMs);
    }
    this.#setTimer(nextMs);
  }
}
