// A worktree whose owner is dead, in our hands: nobody else can take it while we look at it or take it away.

import { rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Git } from "../git/git.js";
import { recoveringMark } from "../run.js";
import { defaultFolder } from "./folder.js";
import { sayMounted } from "./holders.js";
import { lockReason, type ManagedWorktree } from "./list.js";

/** False: somebody who is alive has the worktree, and nothing was done. */
export async function whileClaimed(git: Git, name: string, act: () => Promise<void>): Promise<boolean> {
  const { claimed, claimId } = await git.claim({ name, owner: `process ${process.pid}${recoveringMark}` });
  if (!claimed) return false;
  try {
    await act();
  } finally {
    await git.releaseClaim({ claimId });
  }
  return true;
}

export function worktreeClaim({ name }: ManagedWorktree): string {
  return `worktree/${name}`;
}

/** A claim says that no process of ours lives; a shell or an editor may still stand in the folder, or something be mounted in it. */
export async function holderOf(git: Git, { path, present }: ManagedWorktree): Promise<string | null> {
  if (!present) return null;
  const { holders, mounts } = await git.listHolders({ paths: [path] });
  const [[holder], [mount]] = [holders, mounts];
  if (holder !== undefined) return `process ${holder.pid} (${holder.command}) uses it`;
  return mount === undefined ? null : sayMounted(mount);
}

/** Its folder goes to the trash, unless another repository has it; its admin directory goes. */
export async function removeWorktree(git: Git, { name, path, runId }: ManagedWorktree): Promise<void> {
  await markEmpty(git, name, runId ?? "unknown");
  await git.removeWorktree({ name, path, trashPath: trashBeside(path) });
}

/**
 * Says that it holds nothing any more, before its folder goes: were we to die before its admin directory went too, the next one would
 * see a worktree with an effect's name whose folder is gone, and could not know that nothing was in it.
 */
export async function markEmpty(git: Git, name: string, runId: string): Promise<void> {
  // On a full disk nothing can be said, and removing is what helps.
  await git.lockWorktree({ name, lockReason: lockReason.idle(runId) }).catch(() => {});
}

/** Also of pools that have no worktree any more, when they lay in the usual place. */
export async function emptyTrash(git: Git, worktrees: readonly { readonly path: string }[]): Promise<void> {
  const usual = defaultFolder(await git.describe({}));
  for (const trashPath of new Set([join(usual, ".trash"), ...worktrees.map(({ path }) => trashBeside(path))])) {
    await git.sweepTrash({ trashPath });
  }
  // The folder that we made goes when nothing is in it; one that the user chose stays.
  await rmdir(usual).catch(() => {});
}

function trashBeside(path: string): string {
  return join(dirname(path), ".trash");
}
