// Where an action wants to work, as a place in its worktree. A cwd that stayed in the user's tree would undo the isolation.

import { realpath } from "node:fs/promises";
import { isAbsolute, join, normalize, relative, sep } from "node:path";
import { CoppiceError } from "../index.js";

/**
 * The cwd relative to the root of the tree, "." for the root itself.
 * @param root the user's working tree, absolute; null: bare, and an absolute cwd is refused
 * Throws ERR_UNSAFE_PATH for a place outside.
 */
export function reroot(cwd: unknown, root: string | null): string {
  if (cwd === undefined || cwd === null || cwd === "") return ".";
  if (typeof cwd !== "string") throw new CoppiceError("ERR_ACTION", `cwd is ${JSON.stringify(cwd)}, not a path`);
  const inside = isAbsolute(cwd) ? (root === null ? null : relative(root, cwd) || ".") : normalize(cwd);
  if (inside !== null && !isAbsolute(inside) && inside !== ".." && !inside.startsWith(`..${sep}`))
    return inside.replace(/(?<=.)\/+$/, "");
  throw new CoppiceError(
    "ERR_UNSAFE_PATH",
    `cwd ${JSON.stringify(cwd)} lies outside the repository ${root ?? "(bare)"}: a code task works in its worktree only`,
    { details: { path: cwd } },
  );
}

/**
 * For who starts a program in `cwd` himself: a symbolic link of the worktree may lead out of it. Not a folder yet: that is for the
 * program to say. Throws ERR_UNSAFE_PATH.
 */
export async function requireBelow(worktree: string, cwd: string): Promise<void> {
  const found = await realpath(cwd).catch(() => null);
  if (found === null) return;
  const inside = relative(await realpath(worktree), found);
  if (!isAbsolute(inside) && inside !== ".." && !inside.startsWith(`..${sep}`)) return;
  throw new CoppiceError("ERR_UNSAFE_PATH", `cwd ${JSON.stringify(cwd)} leads outside the worktree, to ${found}`, {
    details: { path: cwd },
  });
}

/** The path of a program: one in the user's tree becomes the same one of the worktree, any other stays. */
export function rerootProgram(entry: string, cwd: string, root: string | null): string {
  if (!isAbsolute(entry)) return entry;
  const inside = root === null ? ".." : relative(root, entry);
  if (isAbsolute(inside) || inside === ".." || inside.startsWith(`..${sep}`)) return entry;
  return relative(join(sep, cwd), join(sep, inside));
}
