// The SDK's functions over a journal in memory, with the rules of the real one that matter here: one holder of the lock, no result
// posted twice, no undefined value. The real one is used in test-sdk.
import type { EffectAction, EffectResult, IterationResult, JournalEvent, Sdk } from "../../src/babysitter.js";

export interface MemorySdk extends Sdk {
  readonly events: JournalEvent[];
  results(): Record<string, EffectResult>;
}

export function memorySdk(iterate: (posted: ReadonlyMap<string, EffectResult>) => IterationResult): MemorySdk {
  const events: JournalEvent[] = [];
  const posted = new Map<string, EffectResult>();
  let holder: string | null = null;
  const locked = async <T>(owner: string, act: () => Promise<T>): Promise<T> => {
    if (holder !== null) throw new Error(`run.lock already held by ${holder}`);
    holder = owner;
    try {
      await new Promise(setImmediate);
      return await act();
    } finally {
      holder = null;
    }
  };
  return {
    events,
    results: () => Object.fromEntries(posted),
    loadJournal: async () => [...events],
    withRunLock: (_runDir, owner, act) => locked(owner, act),
    appendEvent: async ({ eventType, event }) => {
      if (holder === null) throw new Error("an event was appended without the lock");
      events.push({ type: eventType, data: event });
    },
    commitEffectResult: ({ effectId, result }) =>
      locked("commit", async () => {
        if (posted.has(effectId)) throw new Error(`Effect ${effectId} is already resolved`);
        if (result.status === "ok" && result.value === undefined) throw new Error("Missing result payload");
        if (result.status === "error" && result.error === undefined) throw new Error("Missing error payload");
        posted.set(effectId, result);
        events.push({ type: "EFFECT_RESOLVED", data: { effectId, status: result.status } });
      }),
    orchestrateIteration: () => locked("iterate", async () => iterate(posted)),
  };
}

export function action(
  effectId: string,
  kind: string,
  part: object = {},
  more: Partial<EffectAction> = {},
): EffectAction {
  return {
    effectId,
    invocationKey: `key-${effectId}`,
    kind,
    taskDef: { kind, title: effectId, [kind]: part },
    ...more,
  };
}

export const shell = (effectId: string, command: string, more: Partial<EffectAction> = {}): EffectAction =>
  action(effectId, "shell", { command }, more);
