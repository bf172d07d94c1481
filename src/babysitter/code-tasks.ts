// Which actions change code, and so get a worktree. Decided from the action alone and never from its group: a group of one has no
// parallelGroupId, and after a restart the last sibling would otherwise work in the user's tree.

import { CoppiceError } from "../index.js";
import type { EffectAction } from "./sdk.js";

const codeKinds = new Set(["node", "shell", "agent", "skill", "subprocess"]);
/** They wait for a person, the time or a server: never, whatever is said of them. */
const neverKinds = new Set(["breakpoint", "sleep", "mcp"]);

export interface MarkOptions {
  /** True or false decides; undefined leaves it to `metadata.worktree` and the kind. */
  isolate?: (action: EffectAction) => boolean | undefined;
  /** Effects that have had a worktree in this run already: they get one again. */
  leased?: ReadonlySet<string>;
}

/** Whether the action is run in a worktree of its own. */
export function isCodeTask(action: EffectAction, options: MarkOptions = {}): boolean {
  if (neverKinds.has(action.kind)) return false;
  if (options.leased?.has(action.effectId) === true) return true;
  return options.isolate?.(action) ?? explicitMark(action) ?? codeKinds.has(action.kind);
}

/** `metadata.worktree`: true, false, or an object whose `isolate` says so (true when it does not). */
function explicitMark({ taskDef }: EffectAction): boolean | undefined {
  const mark = taskDef.metadata?.worktree;
  if (typeof mark === "boolean") return mark;
  if (typeof mark !== "object" || mark === null) return undefined;
  return (mark as { isolate?: unknown }).isolate !== false;
}

/**
 * Marks the code tasks of a batch with `metadata.worktree`, which travels through the journal unharmed. Pure: the same batch gives
 * the same marks at every replay. Takes the actions, or what `buildParallelBatch` gives. Throws ERR_ACTION.
 */
export function markParallelBatch<B extends readonly EffectAction[] | { readonly actions: readonly EffectAction[] }>(
  batch: B,
  options: MarkOptions = {},
): B {
  if (!Array.isArray(batch)) {
    const { actions, ...rest } = batch as { actions: readonly EffectAction[] };
    return { ...rest, actions: actions.map((action) => mark(action, options)) } as unknown as B;
  }
  return (batch as readonly EffectAction[]).map((action) => mark(action, options)) as unknown as B;
}

function mark(action: EffectAction, options: MarkOptions): EffectAction {
  requireAction(action);
  const isolate = isCodeTask(action, options);
  if (!isolate && action.taskDef.metadata?.worktree === undefined) return action;
  const earlier = action.taskDef.metadata?.worktree;
  const worktree = { ...(typeof earlier === "object" ? earlier : {}), isolate };
  return { ...action, taskDef: { ...action.taskDef, metadata: { ...action.taskDef.metadata, worktree } } };
}

/** Throws ERR_ACTION that names what is wrong with it, before anything is done for any action. */
export function requireAction(action: unknown): asserts action is EffectAction {
  const { effectId, invocationKey, kind, taskDef } = (action ?? {}) as Partial<Record<keyof EffectAction, unknown>>;
  const missing = Object.entries({ effectId, invocationKey, kind })
    .filter(([, value]) => typeof value !== "string" || value === "")
    .map(([name]) => name);
  if (typeof taskDef !== "object" || taskDef === null) missing.push("taskDef");
  if (missing.length === 0) return;
  const which = typeof effectId === "string" ? `effect ${effectId}` : JSON.stringify(action)?.slice(0, 200);
  throw new CoppiceError("ERR_ACTION", `an action lacks ${missing.join(", ")}: ${which}`);
}

/** For a part of an action's task that what runs it cannot do without. */
export function lacks(action: EffectAction, name: string): CoppiceError {
  return new CoppiceError("ERR_ACTION", `the task of effect ${action.effectId} (${action.kind}) lacks ${name}`);
}
