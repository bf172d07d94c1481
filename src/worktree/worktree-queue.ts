// The effects that have a place and no worktree yet, first come first served; waiting can be given up through a signal.

import type { HoldKind } from "./growth.js";
import type { PooledWorktree } from "./worktree-supply.js";

interface Waiting {
  readonly baseOid: string;
  readonly kind: HoldKind;
  give(worktree: PooledWorktree): void;
  refuse(error: unknown): void;
}

export class WorktreeQueue {
  readonly #waiting = new Set<Waiting>();
  readonly #onEmptied: (reason: unknown) => void;

  /** `onEmptied` is told when the last one has given up, and why. */
  constructor(onEmptied: (reason: unknown) => void) {
    this.#onEmptied = onEmptied;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** The base that the first one wants; null: nobody waits. */
  get firstBaseOid(): string | null {
    const [first] = this.#waiting;
    return first?.baseOid ?? null;
  }

  /** Rejects with the signal's reason when it fires first, or with what the first one is refused with. */
  wait(baseOid: string, kind: HoldKind, signal: AbortSignal): Promise<PooledWorktree> {
    return new Promise((resolve, reject) => {
      const end = () => {
        signal.removeEventListener("abort", aborted);
        this.#waiting.delete(waiting);
      };
      const aborted = () => {
        end();
        if (this.#waiting.size === 0) this.#onEmptied(signal.reason);
        reject(signal.reason);
      };
      const waiting: Waiting = {
        baseOid,
        kind,
        give: (worktree) => {
          end();
          resolve(worktree);
        },
        refuse: (error) => {
          end();
          reject(error);
        },
      };
      signal.addEventListener("abort", aborted, { once: true });
      this.#waiting.add(waiting);
    });
  }

  /** To the first one; gives back what it is for. Null: nobody waits. */
  give(worktree: PooledWorktree): HoldKind | null {
    const [first] = this.#waiting;
    first?.give(worktree);
    return first?.kind ?? null;
  }

  refuseFirst(error: unknown): void {
    const [first] = this.#waiting;
    first?.refuse(error);
  }
}
