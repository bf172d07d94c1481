// The public surface: named exports, no logic.

export type {
  ConflictAnswer,
  ConflictPolicy,
  ConflictQuestion,
  ConflictResolver,
  ConflictRule,
  ConflictVersion,
  PathPolicy,
} from "./effect/conflict-policy.js";
export type {
  Aborted,
  Blocked,
  BlockedPath,
  Change,
  Conflict,
  Conflicted,
  ConflictKind,
  ConflictSide,
  EffectRequest,
  Failed,
  Kept,
  Landed,
  Outcome,
  OutcomeKind,
  Rerun,
  Resolution,
  Snapshot,
  Timings,
  Unchanged,
  Unheld,
  UnheldReason,
  ValueOfRequest,
} from "./effect/effect.js";
export { effectId } from "./effect/effect-id.js";
export type { Labels } from "./effect/labels.js";
export { requireRequest } from "./effect/request.js";
export { type Rerunning, rerunPrompt } from "./effect/rerun-prompt.js";
export { isSettledWell } from "./effect/settled-well.js";
export {
  CoppiceError,
  type ErrorCode,
  type ErrorDetails,
  type ErrorRecord,
  errorTable,
  isCoppiceError,
} from "./errors.js";
export type { EventName, Events, RecoveredWork, RecoveredWorktree, Recovery, RepositoryChange } from "./events.js";
export { jsonInText } from "./json-in-text.js";
export { WorktreeManager } from "./manager.js";
export type { KeptWork } from "./merge/kept.js";
export { type MergedTrees, type MergeTreesRequest, mergeTrees } from "./merge-trees.js";
export {
  type CallOptions,
  type CleanOptions,
  defineHarness,
  type HarnessDefinition,
  type ManagerOptions,
  type RunOptions,
} from "./options.js";
export { EffectsError, type Outcomes, type Parallel, type Values } from "./parallel.js";
export {
  type CommandTask,
  type CommandTaskOptions,
  type CommandValue,
  commandTask,
  type DefinedTask,
  defineTask,
  type HarnessTask,
  type HarnessTaskOptions,
  type HarnessValue,
  harnessTask,
  type Json,
  type ModuleTask,
  type ModuleTaskOptions,
  moduleTask,
  type Task,
  type TaskContext,
  type TaskFunction,
} from "./task.js";
export {
  type CleanedRepository,
  type CleanedRuns,
  cleanRepository,
  dropKeptWork,
  inspectRepository,
  type LeftRun,
  type OldRun,
  type RepositoryInventory,
  recoverRepository,
} from "./upkeep.js";
export type { CleanedWorktrees, LeftWorktree } from "./worktree/clean.js";
export type { Diff, LandOptions, Lease } from "./worktree/lease.js";
export type { ManagedWorktree } from "./worktree/list.js";
