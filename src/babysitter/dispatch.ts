// One iteration: the code tasks among the pending actions run in worktrees, land, and are posted. The order that makes "exactly
// once" true: merge and ledger -> journal event -> result. After a death the later ones are made up from the earlier:
//   journal has the result  -> nothing is done
//   ledger has the outcome  -> event and result are written from it, nothing runs
//   neither, or one that says that it is to run again (an abort, a conflict with policy "rerun")
//                           -> the effect runs, from the base that its batch had; recovery has kept what a dead process left of it

import {
  type CallOptions,
  CoppiceError,
  type EffectRequest,
  isCoppiceError,
  type Outcome,
  requireRequest,
  type WorktreeManager,
} from "../index.js";
import { isCodeTask, type MarkOptions, markParallelBatch, requireAction } from "./code-tasks.js";
import { type Executors, executorFor } from "./executors.js";
import { concurrencyOf, messageOf, timeoutOf } from "./hints.js";
import { onRecord } from "./on-record.js";
import { isUnsettled, refusedAs, settledAs } from "./results.js";
import {
  childRuns,
  hideFromGit,
  makeChildrenFolder,
  requireManagerOf,
  runLabels,
  runVariables,
} from "./run-directory.js";
import { RunJournal } from "./run-journal.js";
import { type EffectAction, type IterationResult, loadSdk, type Sdk } from "./sdk.js";

export interface DispatchOptions {
  /** `<project>/.a5c/runs/<runId>`, or wherever the run was created. */
  readonly runDir: string;
  /** Opened with the run's ID: `WorktreeManager.open(repository, { runId: managerRunId(runDir) })`. */
  readonly manager: WorktreeManager;
  /** The pending actions; without them the SDK is asked for an iteration. */
  readonly nextActions?: readonly EffectAction[];
  /** By kind: instead of the default ones, and for kinds of your own. */
  readonly executors?: Executors;
  readonly isolate?: MarkOptions["isolate"];
  /** "request" (default): land and post in the order of the actions; "settled": as they settle. */
  readonly order?: "request" | "settled";
  /** More for the request of an action: its message, timeout, labels, or how its conflicts are dealt with. */
  readonly request?: (action: EffectAction) => Partial<Omit<EffectRequest, "id" | "task">>;
  readonly sdk?: Sdk;
  /** Ends what runs: its work is kept, and its effects stay pending. */
  readonly signal?: AbortSignal;
}

export interface Dispatched {
  readonly iteration: IterationResult;
  /** Of the code tasks that had not been posted before, in the order of the actions. */
  readonly outcomes: readonly Outcome[];
  /** Results that this call has posted. */
  readonly posted: number;
  /** Actions that are no code tasks, untouched: breakpoints, sleeps, and what you have excluded. */
  readonly others: readonly EffectAction[];
}

/** Rejects with ERR_ACTION or ERR_OPTION before anything was done, or with what the SDK throws once every lease has settled. */
export async function dispatchEffects(options: DispatchOptions): Promise<Dispatched> {
  const { runDir, manager, sdk = loadSdk() } = options;
  requireManagerOf(runDir, manager);
  const { workingDirectory: root } = await manager.describe();
  await hideFromGit(runDir, root);
  // Before the iteration, which would fail over what a death has left half-written; it only adds requests.
  const journal = await RunJournal.open(sdk, runDir);
  const iteration: IterationResult =
    options.nextActions === undefined
      ? await sdk.orchestrateIteration({ runDir })
      : { status: "waiting", nextActions: options.nextActions };
  if (iteration.status !== "waiting") return { iteration, outcomes: [], posted: 0, others: [] };

  for (const action of iteration.nextActions) requireAction(action);
  const marking = { leased: journal.leased, ...(options.isolate === undefined ? {} : { isolate: options.isolate }) };
  const marked = markParallelBatch(iteration.nextActions, marking);
  const isCode = (action: EffectAction) => isCodeTask(action, marking);
  const code = marked.filter((action) => isCode(action) && !journal.isResolved(action.effectId));
  const dispatch = new Dispatch(options, sdk, journal, root);
  const { outcomes, posted } = await dispatch.run(code);
  return { iteration, outcomes, posted, others: marked.filter((action) => !isCode(action)) };
}

/** What an action has come to: an outcome, or the reason for which nothing was run. */
type Ended = { readonly outcome: Outcome } | { readonly refused: CoppiceError };

class Dispatch {
  readonly #options: DispatchOptions;
  readonly #sdk: Sdk;
  readonly #journal: RunJournal;
  readonly #root: string | null;
  #posted = 0;

  constructor(options: DispatchOptions, sdk: Sdk, journal: RunJournal, root: string | null) {
    this.#root = root;
    this.#options = options;
    this.#sdk = sdk;
    this.#journal = journal;
  }

  async run(actions: readonly EffectAction[]): Promise<{ outcomes: Outcome[]; posted: number }> {
    const { manager, order = "request", signal } = this.#options;
    const ended = new Map<EffectAction, Promise<Ended>>();
    const requests: { action: EffectAction; request: EffectRequest }[] = [];
    for (const action of actions) {
      const before = await this.#before(action);
      if ("request" in before) requests.push({ action, request: before.request });
      else ended.set(action, Promise.resolve(before));
    }
    const said: Promise<void>[] = [];
    const settling = new Map(requests.map(({ request }) => [request.id, deferred<Ended>()]));
    for (const { action, request } of requests) ended.set(action, settling.get(request.id)?.promise as Promise<Ended>);
    const stopListening = [
      manager.on("effect:acquired", ({ effectId, worktree, path, baseOid }) => {
        if (settling.has(effectId))
          said.push(this.#journal.say("WORKTREE_LEASED", effectId, { worktree, path, baseOid }));
      }),
      // As each settles: the call itself gives them all together, at the end.
      manager.on("effect:settled", ({ effectId, outcome }) => settling.get(effectId)?.resolve({ outcome })),
    ];
    const call = { order, concurrency: concurrencyOf(actions), ...(signal === undefined ? {} : { signal }) };
    const settled = this.#settleAll(requests, call);
    settled.catch((error) => {
      for (const { reject } of settling.values()) reject(error);
    });
    const posting = this.#postAll(actions, ended, order);
    // Whatever goes wrong with posting: no lease is left behind.
    const results = await Promise.allSettled([posting, settled]);
    for (const stop of stopListening) stop();
    results.push(...(await Promise.allSettled(said)));
    const failure = results.find((result) => result.status === "rejected");
    if (failure !== undefined) throw failure.reason;
    const all = await Promise.all(actions.map((action) => ended.get(action)));
    return {
      outcomes: all.flatMap((end) => (end !== undefined && "outcome" in end ? [end.outcome] : [])),
      posted: this.#posted,
    };
  }

  /**
   * A batch starts from one commit, which the journal has before the first lease: an effect that a death has cut off starts from
   * there again, so that the same effects land, conflict and are kept as without the death.
   */
  async #settleAll(requests: readonly { request: EffectRequest }[], call: CallOptions): Promise<void> {
    const { manager } = this.#options;
    const fresh = requests.map(({ request: { id } }) => id).filter((id) => this.#journal.baseOf(id) === null);
    const tip = fresh.length === 0 ? "" : (await manager.describe()).tipOid;
    if (fresh.length > 0)
      await this.#journal.say("WORKTREE_BATCH", fresh[0] as string, { effectIds: fresh, baseOid: tip });
    const byBase = new Map<string, EffectRequest[]>();
    for (const { request } of requests) {
      const base = this.#journal.baseOf(request.id) ?? tip;
      byBase.set(base, [...(byBase.get(base) ?? []), request]);
    }
    // One after the other: more than one base is there only when an earlier call was cut off and new actions have come since.
    for (const [base, batch] of byBase) await manager.parallel.allSettled(batch, { ...call, base });
  }

  /** The request for an action; or how it has ended already, in an earlier process or because it cannot be run. */
  async #before(action: EffectAction): Promise<Ended | { request: EffectRequest }> {
    try {
      const recorded = await this.#options.manager.recorded(action.effectId);
      if (recorded !== null && !isUnsettled(recorded)) return { outcome: recorded };
    } catch (error) {
      // A ledger that cannot be read has said nothing: the effect may have landed, and is no error to be posted.
      if (!isCoppiceError(error, "ERR_EFFECT_ID")) throw error;
      return { refused: error };
    }
    try {
      return { request: await this.#request(action) };
    } catch (error) {
      return {
        refused: isCoppiceError(error) ? error : new CoppiceError("ERR_ACTION", String(error), { cause: error }),
      };
    }
  }

  async #request(action: EffectAction): Promise<EffectRequest> {
    const { runDir, executors = {}, request } = this.#options;
    const executor = executorFor(action, executors);
    const env = runVariables(runDir, action);
    const task = await executor(action, { runDir, root: this.#root, env });
    if (typeof task !== "function" && task.kind === "harness") await makeChildrenFolder(runDir, action);
    const timeoutMs = timeoutOf(action);
    const own = request?.(action) ?? {};
    const whole: EffectRequest = {
      id: action.effectId,
      message: messageOf(action),
      ...(timeoutMs === null ? {} : { timeoutMs }),
      ...own,
      labels: { ...runLabels(runDir, action), ...own.labels },
      task,
    };
    // Each by itself: one that the manager would refuse must not refuse the batch, which could then never run.
    return requireRunnable(whole);
  }

  async #postAll(
    actions: readonly EffectAction[],
    ended: ReadonlyMap<EffectAction, Promise<Ended>>,
    order: "request" | "settled",
  ): Promise<void> {
    const post = async (action: EffectAction) => this.#post(action, (await ended.get(action)) as Ended);
    if (order === "request") {
      for (const action of actions) await post(action);
      return;
    }
    // All of them, also when one fails: what still posted after this call has ended would meet the next call's.
    const failure = (await Promise.allSettled(actions.map(post))).find(({ status }) => status === "rejected");
    if (failure !== undefined) throw (failure as PromiseRejectedResult).reason;
  }

  async #post(action: EffectAction, end: Ended): Promise<void> {
    const { effectId } = action;
    if ("refused" in end) return this.#count(await this.#journal.post(action, refusedAs(end.refused)));
    const outcome = await onRecord(this.#options.manager, end.outcome);
    if (outcome === null) return;
    const { event, result } = settledAs(outcome);
    await this.#journal.say(event.type, effectId, event.data);
    if (result === null) return;
    const children = await childRuns(this.#sdk, this.#options.runDir, effectId);
    if (children.length > 0) await this.#journal.say("WORKTREE_CHILD_RUN", effectId, { childRuns: children });
    const metadata = { ...result.metadata, ...(children.length > 0 ? { childRuns: children } : {}) };
    this.#count(await this.#journal.post(action, { ...result, metadata }));
  }

  #count(posted: boolean): void {
    if (posted) this.#posted++;
  }
}

function requireRunnable(request: EffectRequest): EffectRequest {
  try {
    requireRequest(request);
    return request;
  } catch (error) {
    throw new CoppiceError("ERR_ACTION", (error as Error).message, { cause: error });
  }
}

function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((...ends) => {
    [resolve, reject] = ends;
  });
  // Others are awaited first: should it reject meanwhile, Node must not end the process because nobody listens yet.
  promise.catch(() => {});
  return { promise, resolve, reject };
}
