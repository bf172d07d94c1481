// What an action's definition and hints say about how its effect is run. They come from a process that nobody has checked: what cannot
// be meant is passed over, so that one action's mistake does not refuse the whole batch.

import type { EffectAction } from "./sdk.js";

/** The longest that a timer of Node waits. */
const maxTimeoutMs = 2 ** 31 - 1;

/** The smallest hint of the batch, 1 for a sequential group; 0: the manager's limits. */
export function concurrencyOf(actions: readonly EffectAction[]): number {
  const hints = actions.flatMap(({ schedulerHints: hint }) => {
    if (hint?.executionStrategy === "sequential") return [1];
    const most = hint?.maxConcurrency;
    return typeof most === "number" && Number.isInteger(most) && most >= 1 ? [most] : [];
  });
  return hints.length === 0 ? 0 : Math.min(...hints);
}

/** Null: the task's own, or the manager's limit. */
export function timeoutOf({ kind, taskDef, schedulerHints }: EffectAction): number | null {
  const own = (taskDef[kind] as { timeoutMs?: unknown } | null | undefined)?.timeoutMs;
  const found = [own, schedulerHints?.timeoutMs].find((value) => Number.isInteger(value) && (value as number) > 0);
  return found === undefined ? null : Math.min(found as number, maxTimeoutMs);
}

/** Of the commit that it lands as. What no commit may hold is replaced: the work must not fail to land for its title. */
export function messageOf({ effectId, label, taskDef: { title } }: EffectAction): string {
  const found = [title, label].find((text) => typeof text === "string" && text !== "");
  return found?.replace(/\0|\p{Cs}/gu, "\u{FFFD}") ?? `Effect ${effectId}`;
}

/** Where the action wants to work; undefined: nowhere. Of a shell task its metadata may say so too, as for the SDK's own runner. */
export function cwdOf({ kind, taskDef }: EffectAction): unknown {
  const own = (taskDef[kind] as { cwd?: unknown } | null | undefined)?.cwd;
  return own ?? (kind === "shell" ? taskDef.metadata?.cwd : undefined);
}
