// Gathers what recovery does.

import type { Recovery } from "../events.js";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] extends readonly (infer Item)[] ? Item[] : T[Key] };

export class RecoveryLog {
  readonly #recovery: Mutable<Recovery>;

  constructor(dryRun: boolean) {
    this.#recovery = {
      dryRun,
      landing: null,
      displaced: [],
      kept: [],
      removed: [],
      repaired: [],
      left: [],
      locks: [],
    };
  }

  locks(locks: readonly string[]): void {
    this.#recovery.locks.push(...locks);
  }

  landing({ landing, displaced, locks }: Pick<Recovery, "landing" | "displaced" | "locks">): void {
    this.#recovery.landing = landing;
    this.#recovery.displaced.push(...displaced);
    this.locks(locks);
  }

  kept(work: Recovery["kept"][number]): void {
    this.#recovery.kept.push(work);
  }

  removed({ name, path, runId, effectId }: Recovery["removed"][number]): void {
    this.#recovery.removed.push({ name, path, runId, effectId });
  }

  repaired({ name, path, runId, effectId }: Recovery["repaired"][number]): void {
    this.#recovery.repaired.push({ name, path, runId, effectId });
  }

  left(what: string, path: string | null, why: string): void {
    this.#recovery.left.push({ what, path, why });
  }

  /** One thing that cannot be recovered must not keep the others from it. */
  async guard(what: string, path: string | null, act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.left(what, path, (error as Error).message);
    }
  }

  recovery(): Recovery {
    return this.#recovery;
  }
}

/** Whether there was nothing to do, and nothing to name. */
export function isNothing(recovery: Recovery): boolean {
  const { landing, displaced, kept, removed, repaired, left, locks } = recovery;
  return landing === null && [displaced, kept, removed, repaired, left, locks].every((list) => list.length === 0);
}
