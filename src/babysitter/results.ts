// What the run is told about an outcome: the event for its journal, and the result that its effect resolves with.

import { type HarnessValue, isSettledWell, type Outcome } from "../index.js";
import type { WorktreeEvent } from "./run-journal.js";
import type { EffectResult } from "./sdk.js";

export interface Settled {
  readonly event: { readonly type: WorktreeEvent; readonly data: Record<string, unknown> };
  /** Null: the effect stays pending, because it was the caller who ended it. */
  readonly result: EffectResult | null;
}

/** On record, and yet to run again: it was aborted, or a death came before its task ran again for its conflicts. */
export function isUnsettled(outcome: Outcome): boolean {
  if (outcome.kind !== "conflicted") return outcome.kind === "aborted";
  return outcome.conflicts.some(({ path, kind }) => {
    const last = outcome.resolutions.findLast((resolution) => resolution.path === path && resolution.kind === kind);
    return last?.policy === "rerun" && last.gaveUp === null;
  });
}

/** @param valued how the task's value becomes the effect's: `ofProgram` for tasks of ours, `ofDriver` for what a driver has given */
export function settledAs(outcome: Outcome, valued: (value: unknown) => Valued = ofProgram): Settled {
  const data = summary(outcome);
  const metadata = { worktree: data };
  if (isSettledWell(outcome.kind)) {
    const { value } = outcome as { value: unknown };
    return { event: { type: "WORKTREE_LANDED", data }, result: { status: "ok", metadata, ...valued(value) } };
  }
  const type = outcome.kind === "conflicted" ? "WORKTREE_CONFLICTED" : "WORKTREE_KEPT";
  if (outcome.kind === "aborted") return { event: { type, data }, result: null };
  return {
    event: { type, data },
    result: { status: "error", error: errorOf(outcome), metadata, ...outputOf(outcome) },
  };
}

/** What a command had said before it failed, as far as it is on record. */
function outputOf(outcome: Outcome): Pick<EffectResult, "stdout" | "stderr"> {
  if (outcome.kind !== "failed") return {};
  const { stdout, stderr } = outcome.error.details;
  return { ...(stdout === undefined ? {} : { stdout }), ...(stderr === undefined ? {} : { stderr }) };
}

/** The posted result of an effect for which nothing could be run. */
export function refusedAs(error: Error & { code?: string }): EffectResult {
  return { status: "error", error: named(error.code ?? error.name, error.message, null) };
}

/** Without times, so that the same run writes the same journal. */
function summary(outcome: Outcome): Record<string, unknown> {
  const { kind, attempt, baseOid, snapshotOid, changes, kept } = outcome;
  return {
    kind,
    attempt,
    baseOid,
    snapshotOid,
    commitOid: outcome.kind === "landed" ? outcome.commitOid : null,
    paths: changes.length,
    ...(kept === null ? {} : { kept }),
    ...(outcome.kind === "conflicted"
      ? { conflicts: outcome.conflicts.map(({ path, kind: of }) => ({ path, kind: of })) }
      : {}),
    ...(outcome.kind === "blocked" ? { blocked: outcome.blocked } : {}),
  };
}

type Valued = Pick<EffectResult, "value" | "stdout" | "stderr">;

/** A driver's value is its own, whatever it looks like. The SDK takes null, never undefined. */
export function ofDriver(value: unknown): Valued {
  return { value: value ?? null };
}

/** A program that prints one JSON value gives that; any other gives its output. */
function ofProgram(value: unknown): Valued {
  if (!isProgramValue(value)) return ofDriver(value);
  const { stdout, stderr } = value;
  const { json = jsonOf(stdout) } = value;
  return { value: json === undefined ? value : json, stdout, stderr };
}

/** Those fields and no other: a function that an executor gives may return more, and that is its own too. */
function isProgramValue(value: unknown): value is HarnessValue {
  const { exitCode, stdout, stderr, json: _, ...more } = (value ?? {}) as Partial<HarnessValue>;
  if (Object.keys(more).length > 0) return false;
  return typeof exitCode === "number" && typeof stdout === "string" && typeof stderr === "string";
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function errorOf(outcome: Outcome): Error {
  const land = outcome.kept?.commands.look;
  const where = land === undefined ? "" : `; its work is kept: ${land}`;
  switch (outcome.kind) {
    case "conflicted": {
      const paths = outcome.conflicts.map(({ path }) => path);
      const message = `effect ${outcome.effectId} conflicts with what landed before in ${paths.join(", ")}${where}`;
      return named("WorktreeConflictError", message, summary(outcome));
    }
    case "blocked": {
      const paths = outcome.blocked.map(({ path }) => path);
      const message = `effect ${outcome.effectId} would change what you have changed: ${paths.join(", ")}${where}`;
      return named("WorktreeBlockedError", message, summary(outcome));
    }
    case "failed":
    case "aborted": {
      const { code, message } = outcome.error;
      return named(code, `${message}${where}`, summary(outcome));
    }
    default:
      return named("Error", `effect ${outcome.effectId} ended as ${outcome.kind}${where}`, summary(outcome));
  }
}

/** The SDK writes name, message and data of an error into the journal, and gives the process an error with them. */
function named(name: string, message: string, data: unknown): Error {
  const error = new Error(message);
  error.name = name;
  delete (error as { stack?: string }).stack;
  return Object.assign(error, { data });
}
