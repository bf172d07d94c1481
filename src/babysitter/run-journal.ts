// The run's journal, as far as it concerns worktrees: what has been said already, our events, and results. All writing goes through
// one line, because concurrent callers of the SDK wait for its lock in steps of a quarter of a second, and some give up.

import { CoppiceError } from "../index.js";
import { repairRun } from "./run-repair.js";
import type { EffectResult, JournalEvent, Sdk } from "./sdk.js";

export type WorktreeEvent =
  | "WORKTREE_BATCH"
  | "WORKTREE_LEASED"
  | "WORKTREE_LANDED"
  | "WORKTREE_CONFLICTED"
  | "WORKTREE_KEPT"
  | "WORKTREE_CHILD_RUN";

const owner = "coppice:worktrees";

export class RunJournal {
  readonly #sdk: Sdk;
  readonly #runDir: string;
  readonly #resolved: Set<string>;
  /** Which of our events the journal has. */
  readonly #said: Set<string>;
  readonly #bases = new Map<string, string>();
  #line: Promise<unknown> = Promise.resolve();

  private constructor(sdk: Sdk, runDir: string, events: readonly JournalEvent[]) {
    this.#sdk = sdk;
    this.#runDir = runDir;
    const of = (type: string) => events.filter((event) => event.type === type);
    this.#resolved = new Set(of("EFFECT_RESOLVED").map(({ data }) => String(data.effectId)));
    const ours = events.filter(({ type }) => type.startsWith("WORKTREE_"));
    this.#said = new Set(ours.map(({ type, data }) => keyOf(type, data)));
    for (const { data } of of("WORKTREE_BATCH")) {
      for (const effectId of data.effectIds as string[]) this.#bases.set(effectId, String(data.baseOid));
    }
    const leased = of("WORKTREE_LEASED").map(({ data }) => String(data.effectId));
    // A task may begin before its lease is in the journal, but never before its batch is.
    this.leased = new Set([...leased, ...this.#bases.keys()]);
  }

  /** Effects that had a worktree, or were about to get one, when this was opened. */
  readonly leased: ReadonlySet<string>;

  static async open(sdk: Sdk, runDir: string): Promise<RunJournal> {
    await repairRun(runDir);
    return new RunJournal(sdk, runDir, await sdk.loadJournal(runDir));
  }

  /** The commit that the effect's batch starts from, also after a restart; null: it has not begun. */
  baseOf(effectId: string): string | null {
    return this.#bases.get(effectId) ?? null;
  }

  isResolved(effectId: string): boolean {
    return this.#resolved.has(effectId);
  }

  /** Appends an event of ours; one that the journal has for this attempt of the effect is not said again. */
  say(type: WorktreeEvent, effectId: string, event: Record<string, unknown>): Promise<void> {
    return this.#inLine(async () => {
      const key = keyOf(type, { effectId, ...event });
      if (this.#said.has(key)) return;
      await this.#sdk.withRunLock(this.#runDir, owner, () =>
        this.#sdk.appendEvent({ runDir: this.#runDir, eventType: type, event: { effectId, ...event } }),
      );
      this.#said.add(key);
    });
  }

  /**
   * Posts the result; an effect that is resolved already, by whomever, stays as it is. Gives whether this call has posted it. Rejects with
   * ERR_OPTION for a status that is no end: the SDK would write it down, and refuse the whole run for it from then on.
   */
  async post(action: { effectId: string; invocationKey: string }, result: EffectResult): Promise<boolean> {
    const { effectId, invocationKey } = action;
    if (!isEnd(result.status)) throw noEnd(effectId, result.status);
    // The SDK refuses an effect that ended well without a value.
    const whole = result.status === "ok" && result.value === undefined ? { ...result, value: null } : result;
    return this.commit(effectId, async () => {
      await this.#sdk.commitEffectResult({ runDir: this.#runDir, effectId, invocationKey, result: whole });
    });
  }

  /** Calls `commit` in line, unless the effect is resolved. */
  commit(effectId: string, commit: () => Promise<void>): Promise<boolean> {
    return this.#inLine(async () => {
      if (this.#resolved.has(effectId)) return false;
      try {
        await commit();
      } catch (error) {
        const now = await this.#sdk.loadJournal(this.#runDir);
        const isThere = now.some(({ type, data }) => type === "EFFECT_RESOLVED" && data.effectId === effectId);
        if (!isThere) throw error;
        this.#resolved.add(effectId);
        return false;
      }
      this.#resolved.add(effectId);
      return true;
    });
  }

  #inLine<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#line.then(act);
    this.#line = turn.catch(() => {});
    return turn;
  }
}

/** Whether a result may be posted: the SDK knows no other status. */
export function isEnd(status: unknown): status is EffectResult["status"] {
  return status === "ok" || status === "error";
}

function noEnd(effectId: string, status: unknown): CoppiceError {
  return new CoppiceError(
    "ERR_OPTION",
    `the result of effect ${effectId} has status ${JSON.stringify(status)}, and only "ok" and "error" are posted: onAction gives undefined for what stays pending`,
  );
}

function keyOf(type: string, { effectId, attempt = "" }: Readonly<Record<string, unknown>>): string {
  return `${type} ${String(effectId)} ${String(attempt)}`;
}
