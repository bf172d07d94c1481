// For a driver that has its own dispatch (`resolveAction`, `commitAction`): its way of running an action stays, and gets a worktree.
//   dispatchEffectActions({ resolveAction: wrapResolve(resolveAction, { runDir, manager }),
//                           commitAction: wrapCommit(commitAction, { runDir }) })

import { CoppiceError, isCoppiceError, type TaskContext, type WorktreeManager } from "../index.js";
import { isCodeTask, type MarkOptions, requireAction } from "./code-tasks.js";
import { messageOf } from "./hints.js";
import { inWorktree } from "./in-worktree.js";
import { onRecord } from "./on-record.js";
import { isUnsettled, ofDriver, refusedAs, settledAs } from "./results.js";
import { hideFromGit, requireManagerOf, runLabels } from "./run-directory.js";
import { isEnd, RunJournal } from "./run-journal.js";
import { type EffectAction, loadSdk, type Sdk } from "./sdk.js";

/** What a driver's `resolveAction` gives, as far as it is read here. Its other fields are its own, and are given with the result. */
export interface DriverResult {
  /** "pending": it has not ended, and nothing is to be committed. */
  readonly status: "ok" | "error" | "pending";
  readonly value?: unknown;
  readonly error?: unknown;
}

/** What a wrapped one gives. */
export interface ResolveResult extends DriverResult {
  readonly stdout?: string;
  readonly stderr?: string;
  /** `worktree`: how the effect has settled. Absent: it stays pending, or was none of a worktree. */
  readonly metadata?: Record<string, unknown>;
}

/** With the fields of the driver's own; an effect that is given from the ledger, or stays pending, has none of them. */
export type Wrapped<R> = ResolveResult & Partial<Omit<R, keyof ResolveResult>>;

export interface WrapOptions extends MarkOptions {
  readonly runDir: string;
  readonly manager: WorktreeManager;
}

/** `A`: the SDK's own type of an action, or ours. */
export type ResolveAction<A extends EffectAction = EffectAction, R extends DriverResult = ResolveResult> = (
  action: A,
) => Promise<R>;

/**
 * The same function, where a code task is resolved in a worktree and its result is merged before it is given. The action that the
 * driver's function gets says where: `metadata.worktree.path`, and the `cwd` and an absolute `entry` of its part are there too. Of a task
 * that runs again after a conflict `metadata.worktree` has the `attempt` and the `conflicts`, paths and kinds; `rerunPrompt` puts them
 * into words.
 *
 * For a code task it never rejects, because a driver posts a rejection as the error of the effect, for ever. "error" is an outcome on
 * record, or an action that no try could run (ERR_ACTION, ERR_EFFECT_ID). All else is "pending" with its `error`: hand the action in again.
 */
export function wrapResolve<A extends EffectAction, R extends DriverResult>(
  resolve: ResolveAction<A, R>,
  options: WrapOptions,
): ResolveAction<A, Wrapped<R>> {
  requireManagerOf(options.runDir, options.manager);
  const wrapped = async (action: A): Promise<ResolveResult> => {
    try {
      requireAction(action);
      if (isCodeTask(action, options)) return await resolveInWorktree(resolve, action, options);
    } catch (error) {
      const isOfTheAction = isCoppiceError(error, "ERR_ACTION") || isCoppiceError(error, "ERR_EFFECT_ID");
      return isOfTheAction ? refusedAs(error) : { status: "pending", error };
    }
    return resolve(action);
  };
  return wrapped as ResolveAction<A, Wrapped<R>>;
}

async function resolveInWorktree<A extends EffectAction>(
  resolve: ResolveAction<A, DriverResult>,
  action: A,
  { runDir, manager }: WrapOptions,
): Promise<ResolveResult> {
  const { effectId } = action;
  const recorded = await manager.recorded(effectId);
  let given: DriverResult | null = null;
  const pending = new AbortController();
  const runOnce = async () => {
    const { workingDirectory: root } = await manager.describe();
    await hideFromGit(runDir, root);
    return manager.run({
      id: effectId,
      message: messageOf(action),
      labels: runLabels(runDir, action),
      signal: pending.signal,
      task: async (context: TaskContext<undefined>) => {
        given = await resolve(await inWorktree(action, context, root));
        if (given?.status === "ok") return given.value ?? null;
        if (given?.status === "error") throw given.error instanceof Error ? given.error : new Error(wordsOf(given));
        if (typeof given?.status !== "string") throw new Error(`no status was given for effect ${effectId}`);
        // Not settled: as an abort it is neither replayed nor posted, and what it has written is kept.
        pending.abort(new CoppiceError("ERR_ABORTED", "the action is pending"));
        return null;
      },
    });
  };
  const outcome = recorded !== null && !isUnsettled(recorded) ? recorded : await runOnce();
  const raw = given as DriverResult | null;
  if (pending.signal.aborted && raw !== null) return raw;
  const found = await onRecord(manager, outcome);
  const result = found === null ? null : settledAs(found, ofDriver).result;
  // Aborted, or not on record: what the driver committed now would stand for ever.
  if (result === null) return { status: "pending", ...("error" in outcome ? { error: outcome.error } : {}) };
  // Its value has not landed with a conflict.
  const { value: _, error: __, ...beside } = { ...raw };
  return { ...beside, ...result };
}

/** What a driver's `commitAction` takes, as far as it is read here. */
export interface Commit {
  readonly action: { readonly effectId: string };
  readonly result: { readonly status: string };
}

/** The same with any result that a wrapped `resolveAction` gives. */
export type Offered<C extends Commit> = Omit<C, "result"> & { readonly result: C["result"] | ResolveResult };

/**
 * The same function, called for one result after the other, and never for an effect that is resolved already or that stays pending: a
 * status that is neither "ok" nor "error" is skipped, because the SDK would write it down, and then refuse the whole run for it. Throws
 * ERR_ACTION for a commit without a status.
 */
export function wrapCommit<C extends Commit>(
  commit: (commit: C) => Promise<void>,
  { runDir, sdk = loadSdk() }: { runDir: string; sdk?: Sdk },
): (commit: Offered<C>) => Promise<void> {
  let journal: Promise<RunJournal> | null = null;
  return async (result) => {
    const { effectId } = result.action;
    if (!isEnd(requireStatus(result))) return;
    journal ??= RunJournal.open(sdk, runDir);
    const opened = await journal.catch((error) => {
      // A journal that could not be read once may be read for the next result.
      journal = null;
      throw error;
    });
    const worktree = (result as { result?: { metadata?: { worktree?: Record<string, unknown> } } }).result?.metadata
      ?.worktree;
    if (worktree !== undefined) await opened.say(eventOf(String(worktree.kind)), effectId, worktree);
    await opened.commit(effectId, () => commit(result as C));
  };
}

function requireStatus({ action: { effectId }, result }: Commit): string {
  const { status } = (result ?? {}) as { status?: unknown };
  if (typeof status === "string") return status;
  throw new CoppiceError(
    "ERR_ACTION",
    `the commit of effect ${effectId} lacks result.status: "ok", "error" or "pending"`,
  );
}

function eventOf(kind: string) {
  if (kind === "landed" || kind === "unchanged") return "WORKTREE_LANDED";
  return kind === "conflicted" ? "WORKTREE_CONFLICTED" : "WORKTREE_KEPT";
}

/** The SDK's own errors are plain objects. */
function wordsOf({ error, stderr }: DriverResult & { stderr?: unknown }): string {
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === "string" ? message : String(error ?? stderr);
}
