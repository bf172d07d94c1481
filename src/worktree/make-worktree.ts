// Making one worktree: a free name is claimed with a lock of the operating system that lives as long as this process, or a
// child that inherited the descriptor; then the files are copied from the main working tree.

import { join } from "node:path";
import { CoppiceError, isCoppiceError } from "../errors.js";
import type { Run } from "../run.js";
import { lockReason } from "./list.js";

const maxWorktrees = 1000;

export interface MadeWorktree {
  /** `w01`...: the folder's name, and the admin directory's. */
  readonly name: string;
  readonly path: string;
  /** For children of the task to inherit, so that the claim outlives this process with them. */
  readonly descriptor: number;
  readonly claimId: number;
}

/**
 * A new worktree in `folder` with the files of `baseOid`; `taken` are names not to try. Throws ERR_LIMIT, ERR_NO_SPACE,
 * ERR_ABORTED, ERR_NATIVE; nothing is left then.
 */
export async function makeWorktree(
  run: Run,
  folder: string,
  taken: ReadonlySet<string>,
  baseOid: string,
  signal: AbortSignal,
): Promise<MadeWorktree> {
  for (let number = 1; number <= maxWorktrees; number++) {
    const name = `w${String(number).padStart(2, "0")}`;
    if (taken.has(name)) continue;
    const owner = `process ${process.pid}, run ${run.id}`;
    const { claimed, claimId, descriptor } = await run.git.claim({ name: `worktree/${name}`, owner });
    if (!claimed) continue;
    const path = join(folder, name);
    try {
      if (await addUnlessTaken(run, name, path, baseOid, signal)) return { name, path, descriptor, claimId };
    } catch (error) {
      await run.git.releaseClaim({ claimId });
      throw error;
    }
    await run.git.releaseClaim({ claimId });
  }
  throw new CoppiceError(
    "ERR_LIMIT",
    `${folder} holds ${maxWorktrees} worktrees already: 'coppice list' shows those that keep work, 'coppice drop' removes one`,
  );
}

/** False: the name is taken, by a worktree of the user's or one that keeps work. */
async function addUnlessTaken(
  run: Run,
  name: string,
  path: string,
  baseOid: string,
  signal: AbortSignal,
): Promise<boolean> {
  const copyFrom = run.repository.workingDirectory;
  const track = run.options.tracking === "auto";
  const reserveBytes = run.options.limits.diskReserveBytes;
  const request = { name, path, baseOid, lockReason: lockReason.idle(run.id), copyFrom, track, reserveBytes };
  try {
    await run.git.addWorktree(request, signal);
    return true;
  } catch (error) {
    if (isCoppiceError(error, "ERR_EXISTS")) return false;
    throw error;
  }
}
