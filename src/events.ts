// Every transition of an effect, as typed events. report/ and cli/ read nothing else.

import type { Conflict, ConflictKind, Outcome, Resolution } from "./effect/effect.js";
import { type Labels, noLabels } from "./effect/labels.js";
import type { Json } from "./task.js";

/** Work of a dead process that is kept now. */
export interface RecoveredWork {
  readonly runId: string;
  readonly effectId: string;
  readonly ref: string;
  /** Null in a dry run for what only a worktree has: no object is written. */
  readonly snapshotOid: string | null;
  readonly paths: number;
  /** The worktree that it was found in; null: its snapshot had been taken. */
  readonly worktree: string | null;
}

export interface RecoveredWorktree {
  readonly name: string;
  readonly path: string;
  readonly runId: string | null;
  readonly effectId: string | null;
}

/** What recovery has done, or (dry run) would do. */
export interface Recovery {
  readonly dryRun: boolean;
  /** A landing that had died. `forward`: its target had moved, and the working tree has followed; else nothing of it was left to do. */
  readonly landing: { target: string; oldOid: string; newOid: string; forward: boolean } | null;
  /** Files of the user's that were in the way of that landing: they stayed as they are, or were put aside. */
  readonly displaced: readonly { path: string; reason: string; keptPath: string | null }[];
  readonly kept: readonly RecoveredWork[];
  /** Worktrees that held nothing which is not on disk elsewhere: they are gone. */
  readonly removed: readonly RecoveredWorktree[];
  /** Worktrees that were moved, or whose repository was: git and we find them again. */
  readonly repaired: readonly RecoveredWorktree[];
  /** What stays as it is, with the reason, for people. */
  readonly left: readonly { what: string; path: string | null; why: string }[];
  /** Lock files of dead processes of ours that were removed. */
  readonly locks: readonly string[];
}

/** A file of the git directory that every worktree shares, and that is no longer as it was. */
export interface RepositoryChange {
  /** Absolute; of a ref its full name. */
  readonly path: string;
  /** "ref": a branch, a tag or the stash. The branch that effects land on does not count. */
  readonly place: "config" | "hook" | "attributes" | "alternates" | "info" | "ref";
  readonly change: "added" | "changed" | "removed";
  /** Configuration keys that differ, sorted. Without values: they may be secrets. */
  readonly keys: readonly string[];
  /** It makes git run something, or take objects or configuration from elsewhere. */
  readonly codeBearing: boolean;
  /** A command for the shell that brings back what was there; null: it was too large, could not be read, or is the stash. */
  readonly restore: string | null;
}

interface EffectEvent {
  effectId: string;
  /** Of its request. */
  labels: Labels;
  /** Milliseconds since the epoch. */
  time: number;
}

export interface Events {
  /** Asked for; waiting for a worktree. */
  "effect:requested": EffectEvent;
  /** A worktree is leased at `baseOid`. */
  "effect:acquired": EffectEvent & { worktree: string; path: string; baseOid: string; created: boolean };
  /** The setup command runs in a worktree, before this effect. */
  "setup:started": EffectEvent & { worktree: string; path: string };
  /** A piece of the setup command's output. */
  "setup:output": EffectEvent & { worktree: string; stream: "stdout" | "stderr"; text: string };
  "setup:ended": EffectEvent & { worktree: string; ok: boolean };
  "task:started": EffectEvent & { path: string };
  "task:progress": EffectEvent & { value: Json };
  /** A piece of a command's output. */
  "task:output": EffectEvent & { stream: "stdout" | "stderr"; text: string };
  "task:ended": EffectEvent & { ok: boolean };
  /** The result is on disk; the worktree can be released. */
  "effect:snapshotted": EffectEvent & { snapshotOid: string | null; paths: number };
  "effect:merged": EffectEvent & { conflicts: number };
  /** A conflict policy has decided about a path, and the effect has landed so. */
  "conflict:resolved": EffectEvent & { path: string; kind: ConflictKind; policy: Resolution["policy"] };
  /** Conflicted: the task will run again, on the target as it is then. `attempt` is the one that begins. */
  "effect:rerun": EffectEvent & { attempt: number; conflicts: readonly Conflict[] };
  "effect:released": EffectEvent & { worktree: string; retired: boolean };
  "effect:settled": EffectEvent & { outcome: Outcome };
  /**
   * Two tasks that run have both changed a path: one of them may come to be conflicted. Once for each pair and path, from the change
   * trackers alone; `effectIds` in the order in which they began. Listen before they begin.
   */
  "effects:overlap": { time: number; path: string; effectIds: readonly [string, string] };
  /** The whole worktree was scanned, because tracking could not tell what had changed. */
  "worktree:scanned": { time: number; worktree: string; step: "snapshot" | "reset"; reason: string };
  /** A defect: a scan found changes that tracking had not told of. They are in the snapshot; the worktree is scanned from now on. */
  "tracking:missed": { time: number; worktree: string; paths: readonly string[] };
  /** The task of option `verify` begins to look at what would land. Empty `effectIds`: at the target as it is. */
  "verify:started": {
    time: number;
    commitOid: string;
    effectIds: readonly string[];
    worktree: string;
    path: string;
  };
  "verify:output": { time: number; stream: "stdout" | "stderr"; text: string };
  /** `ok` false: something of it does not land. A batch is asked about again in halves, until it is known what. */
  "verify:ended": {
    time: number;
    commitOid: string;
    effectIds: readonly string[];
    ok: boolean;
    durationMs: number;
  };
  /** A batch landed: one flush, one move of the target. */
  "target:landed": { time: number; target: string; oldOid: string; newOid: string; effectIds: readonly string[] };
  /**
   * Configuration, hooks, info, alternates or refs of the repository have changed since the last look, by an effect in flight
   * (`effectIds`) or by somebody else. `stopsLanding`: nothing lands until `acknowledge`, or until it is as before.
   */
  "repository:changed": {
    time: number;
    effectIds: readonly string[];
    changes: readonly RepositoryChange[];
    stopsLanding: boolean;
  };
  /** What dead processes had left, and what opening has done about it. Sent once, after `open` has resolved, when there was anything. */
  recovered: { time: number; recovery: Recovery };
  /**
   * An operation of the native side takes long, and goes on: a filesystem does not answer, or somebody holds a lock. Sent once after
   * `limits.slowOperationMs`, and again whenever that has doubled. `path`: of the worktree that it works on, or of the repository.
   */
  "operation:slow": { time: number; operation: string; path: string; elapsedMs: number };
  /** Something that the user should know and that fails no effect. */
  warning: { time: number; code: string; message: string; effectId: string | null; labels: Labels };
}

export type EventName = keyof Events;
/** Sends an event; listeners that throw do not disturb the street. */
export type Emit = <Name extends EventName>(name: Name, event: Omit<Events[Name], "time" | "labels">) => void;

type Listener<Name extends EventName> = (event: Events[Name]) => void;

/** Typed listeners; `on` gives back the function that removes the listener. */
export class EventHub {
  readonly #listeners = new Map<EventName, Set<Listener<never>>>();
  readonly #labels = new Map<unknown, Labels>();

  readonly emit: Emit = (name, event) => {
    const labels = "effectId" in event ? { labels: this.#labels.get(event.effectId) ?? noLabels } : {};
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        (listener as (event: unknown) => void)({ ...event, ...labels, time: Date.now() });
      } catch (error) {
        // A listener's mistake is reported, and the effect goes on: work must not be lost to a progress bar.
        process.emitWarning(error instanceof Error ? error : String(error), { code: "COPPICE_LISTENER" });
      }
    }
  };

  /**
   * The events of an effect carry its labels until what this gives back is called. Here and not at each place that emits: the rooms know
   * an effect by its ID.
   */
  label(effectId: string, labels: Labels): () => void {
    this.#labels.set(effectId, labels);
    return () => {
      if (this.#labels.get(effectId) === labels) this.#labels.delete(effectId);
    };
  }

  /** Whether anybody listens. */
  has(name: EventName): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0;
  }

  on<Name extends EventName>(name: Name, listener: Listener<Name>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener as Listener<never>));
    return () => void listeners.delete(listener as Listener<never>);
  }
}
