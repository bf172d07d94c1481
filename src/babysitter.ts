// What is imported as "coppice/babysitter": parallel effects of an event-sourced orchestrator in worktrees. Named exports, no logic.

export { isCodeTask, type MarkOptions, markParallelBatch } from "./babysitter/code-tasks.js";
export { type Dispatched, type DispatchOptions, dispatchEffects } from "./babysitter/dispatch.js";
export { type DrivenRun, type DriveOptions, driveRun } from "./babysitter/drive.js";
export {
  defaultExecutors,
  type Executor,
  type ExecutorContext,
  type Executors,
  harnessExecutor,
  type InvokeHarness,
  invokeHarnessExecutor,
} from "./babysitter/executors.js";
export { type ChildRun, managerRunId } from "./babysitter/run-directory.js";
export type {
  EffectAction,
  EffectResult,
  IterationResult,
  JournalEvent,
  SchedulerHints,
  Sdk,
  TaskDefinition,
} from "./babysitter/sdk.js";
export {
  type Commit,
  type DriverResult,
  type Offered,
  type ResolveAction,
  type ResolveResult,
  type WrapOptions,
  type Wrapped,
  wrapCommit,
  wrapResolve,
} from "./babysitter/wrap.js";
