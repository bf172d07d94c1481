// A whole run: iterations until it has completed, failed, or waits for something that is no code task. Called again after a death
// it goes on where the journal and the ledger are.

import { type ManagerOptions, type Outcome, WorktreeManager } from "../index.js";
import { type DispatchOptions, dispatchEffects } from "./dispatch.js";
import { managerRunId, runOutput } from "./run-directory.js";
import { RunJournal } from "./run-journal.js";
import { repairRun } from "./run-repair.js";
import { type EffectAction, type EffectResult, type IterationResult, loadSdk, type Sdk, timed } from "./sdk.js";

export interface DriveOptions extends Omit<DispatchOptions, "manager" | "nextActions"> {
  /** Yours, which stays open; or give `repository`, and one is opened for the run and closed with it. */
  readonly manager?: WorktreeManager;
  readonly repository?: string;
  readonly managerOptions?: Omit<ManagerOptions, "runId">;
  /** What to do about an action that is no code task (a breakpoint, a sleep, ...): its result, or undefined to leave it pending. */
  readonly onAction?: (action: EffectAction) => EffectResult | undefined | Promise<EffectResult | undefined>;
}

export interface DrivenRun {
  /** "waiting": actions are left that nothing here may resolve. */
  readonly status: IterationResult["status"];
  readonly output: unknown;
  readonly error: unknown;
  readonly waiting: readonly EffectAction[];
  /** Of this call: of each iteration in the order of its actions. */
  readonly outcomes: readonly Outcome[];
  readonly iterations: number;
  /** `sdkMs` is what the SDK's own calls took, summed: part of `totalMs`, and not of ours. */
  readonly timings: { readonly totalMs: number; readonly sdkMs: number };
}

/** Drives a run. When it settles, by any path, every lease of it has settled too: as landed, or as kept. */
export async function driveRun(options: DriveOptions): Promise<DrivenRun> {
  const { runDir, managerOptions } = options;
  if (options.manager !== undefined) return drive(options, options.manager);
  const manager = await WorktreeManager.open(options.repository ?? process.cwd(), {
    ...managerOptions,
    runId: managerRunId(runDir),
  });
  // Nobody else uses it, so all that it does ends: also a resolver, or a merge that waits for its turn.
  const abort = () => manager.abort(options.signal?.reason);
  options.signal?.addEventListener("abort", abort);
  if (options.signal?.aborted === true) abort();
  try {
    return await drive(options, manager);
  } finally {
    options.signal?.removeEventListener("abort", abort);
    await manager.close();
  }
}

async function drive(options: DriveOptions, manager: WorktreeManager): Promise<DrivenRun> {
  const { runDir, onAction, signal } = options;
  const start = performance.now();
  const clock = timed(options.sdk ?? loadSdk());
  const { sdk } = clock;
  const outcomes: Outcome[] = [];
  let iterations = 0;
  const driven = (iteration: IterationResult, waiting: readonly EffectAction[] = []): DrivenRun => ({
    status: iteration.status,
    output: "output" in iteration ? iteration.output : null,
    error: "error" in iteration ? iteration.error : null,
    waiting,
    outcomes,
    iterations,
    timings: { totalMs: performance.now() - start, sdkMs: clock.spentMs },
  });

  const ended = await earlierEnd(sdk, runDir);
  if (ended !== null) return driven(ended);
  for (;;) {
    iterations++;
    const { iteration, posted, others, outcomes: settled } = await dispatchEffects({ ...options, manager, sdk });
    outcomes.push(...settled);
    if (iteration.status !== "waiting") return driven(iteration);
    const answered =
      onAction === undefined || signal?.aborted === true ? 0 : await answer(sdk, runDir, others, onAction);
    // Nothing has moved: the next iteration would be the same.
    if (posted + answered === 0 || signal?.aborted === true) return driven(iteration, others);
  }
}

/** The SDK would run a process that has ended once more, and say so once more. */
async function earlierEnd(sdk: Sdk, runDir: string): Promise<IterationResult | null> {
  await repairRun(runDir);
  const events = await sdk.loadJournal(runDir);
  const last = events.findLast(({ type }) => type === "RUN_COMPLETED" || type === "RUN_FAILED");
  if (last === undefined) return null;
  if (last.type === "RUN_FAILED") return { status: "failed", error: last.data.error };
  return { status: "completed", output: await runOutput(runDir) };
}

async function answer(
  sdk: Sdk,
  runDir: string,
  actions: readonly EffectAction[],
  onAction: NonNullable<DriveOptions["onAction"]>,
): Promise<number> {
  let answered = 0;
  for (const action of actions) {
    const result = await onAction(action);
    if (result === undefined) continue;
    const journal = await RunJournal.open(sdk, runDir);
    if (await journal.post(action, result)) answered++;
  }
  return answered;
}
