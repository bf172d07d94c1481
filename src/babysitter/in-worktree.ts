// The action as a driver's own function sees it: the places that it names lie in its effect's worktree.

import { isAbsolute, resolve } from "node:path";
import { CoppiceError, type TaskContext } from "../index.js";
import { cwdOf } from "./hints.js";
import { requireBelow, reroot, rerootProgram } from "./reroot.js";
import type { EffectAction } from "./sdk.js";

/**
 * @param context of the task that resolves it
 * @param root the user's working tree; null: bare
 * Throws ERR_ACTION, and ERR_UNSAFE_PATH for a cwd outside.
 */
export async function inWorktree<A extends EffectAction>(
  action: A,
  { path, attempt, conflicts }: Pick<TaskContext, "path" | "attempt" | "conflicts">,
  root: string | null,
): Promise<A> {
  const { taskDef, kind } = action;
  const folder = reroot(cwdOf(action), root);
  const cwd = folder === "." ? path : `${path}/${folder}`;
  await requireBelow(path, cwd);
  const part = partOf(action);
  // Without the files' contents: whoever journals the action would have them there.
  const why = conflicts.map((conflict) => ({ path: conflict.path, kind: conflict.kind }));
  const worktree = { isolate: true, path, attempt, ...(why.length === 0 ? {} : { conflicts: why }) };
  const metadata = { ...taskDef.metadata, ...metadataCwd(action, cwd), worktree };
  const moved = part === null ? {} : { [kind]: { ...part, cwd, ...nodeEntry(action, part, { cwd, folder, root }) } };
  return { ...action, taskDef: { ...taskDef, ...moved, metadata } };
}

/** Null: there is none. A shell task may have everything in its metadata, and a driver looks into the part first. */
function partOf({ effectId, kind, taskDef }: EffectAction): { entry?: unknown } | null {
  const part = taskDef[kind] ?? (kind === "shell" ? {} : null);
  if (typeof part === "object") return part;
  throw new CoppiceError("ERR_ACTION", `the part "${kind}" of effect ${effectId} is not an object`);
}

function metadataCwd({ kind, taskDef }: EffectAction, cwd: string): { cwd?: string } {
  return kind === "shell" && taskDef.metadata?.cwd !== undefined ? { cwd } : {};
}

/** A program of the user's tree would run as it is there, and not as the effect's worktree has it. */
function nodeEntry(
  { kind }: EffectAction,
  { entry }: { entry?: unknown },
  { cwd, folder, root }: { cwd: string; folder: string; root: string | null },
): { entry?: string } {
  if (kind !== "node" || typeof entry !== "string" || !isAbsolute(entry)) return {};
  return { entry: resolve(cwd, rerootProgram(entry, folder, root)) };
}
