// Pure types: what is asked for (a request), and how it ended (an outcome). Everything but `error` is JSON.

import type { CoppiceError } from "../errors.js";
import type { CommandTask, CommandValue, HarnessTask, HarnessValue, ModuleTask, Task, TaskFunction } from "../task.js";
import type { ConflictPolicy } from "./conflict-policy.js";
import type { Labels } from "./labels.js";

/** One code-modifying unit that the caller wants done. */
export interface EffectRequest<Value = unknown> {
  /** `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`; `effectId(text)` makes one from any string. */
  readonly id: string;
  readonly task: Task<Value>;
  /** The commit's message; when absent, "Effect <id>". Trailers are added. */
  readonly message?: string;
  /** Milliseconds from the task's start; the manager's `limits.taskTimeoutMs` when absent. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** What becomes of conflicts; the manager's `onConflict` when absent. */
  readonly onConflict?: ConflictPolicy;
  /**
   * What is to be found beside the effect in its events, its outcome and the ledger: at most 32 names (1 to 63 of A-Z a-z 0-9 . _ / -) with
   * values of at most 4,096 characters. The same effect with other labels is the same effect.
   */
  readonly labels?: Labels;
}

/** The value that a request's task gives. */
export type ValueOfRequest<R> = R extends { readonly task: infer T } ? ValueOfTask<T> : never;
type ValueOfTask<T> = T extends CommandTask
  ? CommandValue
  : T extends HarnessTask
    ? HarnessValue
    : T extends ModuleTask<infer Value>
      ? Value
      : T extends (...args: never[]) => infer Value
        ? Awaited<Value>
        : T extends TaskFunction<infer _, infer Value>
          ? Value
          : never;

/** One path that two commits hold differently. Mode 0 and a null oid: the path is not there. */
export interface Change {
  path: string;
  oldMode: number;
  oldOid: string | null;
  newMode: number;
  newOid: string | null;
}

export type ConflictKind =
  | "content"
  | "modify/delete"
  | "add/add"
  | "rename/delete"
  | "rename/rename"
  | "rename/add"
  | "mode"
  | "type"
  | "binary"
  | "submodule"
  | "case"
  | "file/directory";

export interface ConflictSide {
  path: string;
  mode: number;
  oid: string;
}

/** A record about one path on which ours and theirs cannot both be had. */
export interface Conflict {
  path: string;
  kind: ConflictKind;
  base: ConflictSide | null;
  ours: ConflictSide | null;
  theirs: ConflictSide | null;
  /** The file with conflict markers; null when not asked for, or when it is not text. */
  content: string | null;
}

/** What a conflict policy did about one conflict. */
export interface Resolution {
  readonly path: string;
  readonly kind: ConflictKind;
  readonly policy: "ours" | "theirs" | "union" | "resolver" | "rerun";
  /** Why it decided nothing, so that the conflict stayed; null: it decided. */
  readonly gaveUp: string | null;
}

/** An earlier attempt of the same delivery, which was conflicted and whose task therefore ran again. */
export interface Rerun {
  readonly attempt: number;
  readonly baseOid: string | null;
  readonly snapshotOid: string | null;
  /** `refs/coppice/<runId>/attempts/<effectId>/<attempt>`; null once the effect has landed: it needs that work no more. */
  readonly ref: string | null;
  readonly conflicts: readonly { readonly path: string; readonly kind: ConflictKind }[];
}

/** A path that the user changed, so that landing leaves it alone; or a change of the shared repository that stops all landing. */
export interface BlockedPath {
  /** Relative to the working tree; absolute with "repository-changed". */
  path: string;
  /** What the user did to it; "repository-changed": somebody did, and `acknowledge` lets landing go on. */
  reason: string;
}

/** Why a commit cannot carry a path. */
export type UnheldReason =
  | "nested-repository"
  | "special-file"
  | "unreadable"
  | "limit"
  | "filter"
  | "encoding"
  | "unsafe-name"
  | "unportable-name";

/** Something that a task left and that a commit cannot carry. */
export interface Unheld {
  path: string;
  reason: UnheldReason;
}

/** What a lease's files became: a commit on disk, or nothing changed. Passed from worktree/ to merge/. */
export interface Snapshot {
  /** Null: the files are those of the base. */
  readonly snapshotOid: string | null;
  readonly treeOid: string;
  readonly baseOid: string;
  readonly changes: readonly Change[];
  readonly unheld: readonly Unheld[];
  /** Messages of the commits that the task made itself, oldest first. */
  readonly taskMessages: readonly string[];
}

/** Where work that did not land lies, and what to type. */
export interface Kept {
  /** `refs/coppice/<runId>/effects/<effectId>`; null: only the worktree has it. */
  ref: string | null;
  snapshotOid: string | null;
  /** Set when the worktree stays, because a commit cannot hold all of it or none could be made. */
  worktreePath: string | null;
  /** Ready to paste; `land` is null where there is no ref to land. */
  commands: { look: string; land: string | null; drop: string };
}

/** Wall milliseconds of each step; null: the step did not run. */
export interface Timings {
  waitMs: number | null;
  /** Without the setup command. */
  acquireMs: number | null;
  /** The setup command (`provision.setup`), when it had to run. */
  setupMs: number | null;
  runMs: number | null;
  snapshotMs: number | null;
  mergeMs: number | null;
  /** Of all verifications that it was part of; null: none was. */
  verifyMs: number | null;
  landMs: number | null;
  releaseMs: number | null;
}

export type OutcomeKind = "landed" | "unchanged" | "conflicted" | "blocked" | "failed" | "aborted";

interface Settled {
  readonly effectId: string;
  readonly runId: string;
  /** Of the request that it settled by. */
  readonly labels: Labels;
  readonly attempt: number;
  /** The commit that the lease started from; null when it never got one. */
  readonly baseOid: string | null;
  /** The commit made from the lease's files, on disk; null when there was nothing to hold. */
  readonly snapshotOid: string | null;
  /** What the task changed, base to snapshot, sorted by path. */
  readonly changes: readonly Change[];
  readonly unheld: readonly Unheld[];
  readonly kept: Kept | null;
  /** What policies did about conflicts, of all attempts of this delivery, in their order. */
  readonly resolutions: readonly Resolution[];
  readonly reruns: readonly Rerun[];
  readonly timings: Timings;
  /** True when this is the recorded outcome of an earlier delivery: nothing ran. */
  readonly replayed: boolean;
}

export interface Landed<Value = unknown> extends Settled {
  readonly kind: "landed";
  readonly value: Value;
  /** The commit on the target; with land "working-tree" a commit under refs/coppice that holds the same tree. */
  readonly commitOid: string;
  /** Paths where the user's bytes were found in the last moment, and stayed or were put aside. */
  readonly displaced: readonly { path: string; reason: string; keptPath: string | null }[];
}
export interface Unchanged<Value = unknown> extends Settled {
  readonly kind: "unchanged";
  readonly value: Value;
}
export interface Conflicted<Value = unknown> extends Settled {
  readonly kind: "conflicted";
  readonly value: Value;
  readonly conflicts: readonly Conflict[];
}
export interface Blocked<Value = unknown> extends Settled {
  readonly kind: "blocked";
  readonly value: Value;
  readonly blocked: readonly BlockedPath[];
}
export interface Failed extends Settled {
  readonly kind: "failed";
  readonly error: CoppiceError;
}
export interface Aborted extends Settled {
  readonly kind: "aborted";
  readonly error: CoppiceError;
}

/** How an effect settled. */
export type Outcome<Value = unknown> =
  | Landed<Value>
  | Unchanged<Value>
  | Conflicted<Value>
  | Blocked<Value>
  | Failed
  | Aborted;
