// Where the pool's worktrees go: beside the repository and never inside it, because linters, watchers and test runners walk
// into whatever lies beneath a working tree.

import { access, constants, mkdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { CoppiceError } from "../errors.js";
import type { RepositoryDescription } from "../git/native.js";
import type { Run } from "../run.js";

/** Where the pool's worktrees go unless `worktreesPath` says otherwise. */
export function defaultFolder({ workingDirectory, commonDirectory }: RepositoryDescription): string {
  const home = workingDirectory ?? commonDirectory;
  return join(dirname(home), `${basename(home)}.worktrees`);
}

/**
 * The pool's folder: `worktreesPath`, or `<repository>.worktrees`. Real, absolute, writable, outside of the working tree and of
 * the git directory. Throws ERR_WORKTREES_PATH, ERR_NO_SPACE.
 */
export async function placeFolder(run: Run): Promise<string> {
  const { workingDirectory, commonDirectory } = run.repository;
  const wanted = resolve(run.options.worktreesPath ?? defaultFolder(run.repository));
  for (const root of [workingDirectory, commonDirectory]) {
    if (root === null || !isBeneath(await realPathOf(wanted), root)) continue;
    throw new CoppiceError(
      "ERR_WORKTREES_PATH",
      `worktreesPath ${wanted} lies inside the repository ${root}: linters, watchers and test runners would walk into it; ` +
        "choose a folder beside it",
    );
  }
  try {
    // Node's recursive mkdir calls a full disk ENOENT; the plain one says what it is.
    await mkdir(wanted, { recursive: true }).catch(() => mkdir(wanted));
    await access(wanted, constants.W_OK | constants.X_OK);
    return await realpath(wanted);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CoppiceError(
      code === "ENOSPC" || code === "EDQUOT" ? "ERR_NO_SPACE" : "ERR_WORKTREES_PATH",
      `the worktrees folder ${wanted} cannot be made or written: ${(error as Error).message}`,
      {
        cause: error,
        details: { path: wanted },
      },
    );
  }
}

/** The real path of a folder that may not exist yet: of its nearest ancestor that does. */
async function realPathOf(path: string): Promise<string> {
  for (let ancestor = path; ; ancestor = dirname(ancestor)) {
    const found = await stat(ancestor).then(
      () => true,
      () => false,
    );
    if (found) return join(await realpath(ancestor), relative(ancestor, path));
    if (ancestor === dirname(ancestor)) return path;
  }
}

function isBeneath(path: string, root: string): boolean {
  const from = relative(root, path);
  return from === "" || (from !== ".." && !from.startsWith(`..${sep}`));
}
