// Looking after a repository without a run: what Coppice has there, of every run, and how it goes. Nothing here needs a
// manager, so that it works in a repository that a manager refuses: in the middle of a merge, or with a target gone.

import { foldId, requireEffectId, requireRunId } from "./effect/effect-id.js";
import { CoppiceError, isCoppiceError } from "./errors.js";
import type { Recovery } from "./events.js";
import { type Git, openGit } from "./git/git.js";
import { dropKept, type KeptWork, listKept } from "./merge/kept.js";
import { type CleanOptions, resolveCleanOptions, resolveOptions } from "./options.js";
import { type CleanedRuns, cleanRuns } from "./recovery/old-runs.js";
import { recover } from "./recovery/recover.js";
import { openRun } from "./run.js";
import { type CleanedWorktrees, cleanWorktrees, dropWorktree } from "./worktree/clean.js";
import { emptyTrash } from "./worktree/dead-worktree.js";
import { listWorktrees, type ManagedWorktree } from "./worktree/list.js";

export interface RepositoryInventory {
  /** Absolute: the main working tree, or the repository when it is bare. */
  readonly repository: string;
  readonly worktrees: readonly ManagedWorktree[];
  /** Results that did not land. */
  readonly kept: readonly KeptWork[];
}

export type { CleanedRuns, LeftRun, OldRun } from "./recovery/old-runs.js";

/** What cleaning has removed, or (dry run) would remove. */
export interface CleanedRepository extends CleanedWorktrees {
  readonly dryRun: boolean;
  /** Empty unless an age was given. */
  readonly runs: CleanedRuns;
}

/** Everything that Coppice has in the repository at or above `path`; writes nothing. Throws ERR_NOT_A_REPOSITORY, ERR_UNSUPPORTED_REPOSITORY. */
export async function inspectRepository(path: string): Promise<RepositoryInventory> {
  return withGit(path, async (git) => {
    const { workingDirectory, commonDirectory } = await git.describe({});
    const [worktrees, kept] = [await listWorktrees(git), await listKept(git)];
    return { repository: workingDirectory ?? commonDirectory, worktrees, kept };
  });
}

/** Drops what was kept for an effect: its ref, and the worktree that stayed for it. Throws ERR_KEPT_NOT_FOUND, ERR_EFFECT_CLAIMED, ERR_EFFECT_ID, ERR_OPTION. */
export async function dropKeptWork(path: string, work: { runId: string; effectId: string }): Promise<void> {
  const { runId, effectId } = work;
  requireRunId(runId);
  requireEffectId(effectId);
  await withGit(path, async (git) => {
    const claim = await git.claim({ name: `effect/${runId}/${foldId(effectId)}`, owner: `process ${process.pid}` });
    if (!claim.claimed) throw underWay(runId, effectId, claim.owner);
    const stayed = (await listWorktrees(git)).filter(
      (worktree) => worktree.state === "kept" && worktree.runId === runId && worktree.effectId === effectId,
    );
    for (const worktree of stayed) {
      if (!(await dropWorktree(git, worktree))) throw underWay(runId, effectId, null);
    }
    await dropKept(git, runId, effectId).catch((error: unknown) => {
      // Work that no commit could hold has no ref.
      if (stayed.length === 0 || !isCoppiceError(error, "ERR_KEPT_NOT_FOUND")) throw error;
    });
  });
}

/**
 * Removes worktrees that dead processes left and that hold no work, and empties the trash. With `olderThanMs` also what runs have left
 * whose last record is older: ledger, refs that hold nothing any more, and what the shared repository held before its changes; never a
 * run that has kept work or a part of which is alive, in this process or another. What stays is named with the reason. A dry run
 * writes nothing. Throws ERR_OPTION, ERR_NOT_A_REPOSITORY, ERR_UNSUPPORTED_REPOSITORY.
 */
export async function cleanRepository(path: string, options: CleanOptions = {}): Promise<CleanedRepository> {
  const { olderThanMs, dryRun } = resolveCleanOptions(options);
  return withGit(path, async (git) => {
    await git.clearUp({ dryRun });
    const { removed, left } = await cleanWorktrees(git, { dryRun });
    if (olderThanMs === undefined) return { dryRun, removed, left, runs: { removed: [], left: [] } };
    const run = await openRun(git, resolveOptions({}), () => {});
    const goneWorktrees = new Set(removed.map(({ name }) => name));
    return { dryRun, removed, left, runs: await cleanRuns({ run, olderThanMs, dryRun, goneWorktrees }) };
  });
}

/** Finishes, keeps or takes away what dead processes left, as every open does, and empties the trash. A dry run writes nothing. */
export async function recoverRepository(
  path: string,
  { dryRun = false }: { dryRun?: boolean } = {},
): Promise<Recovery> {
  return withGit(path, async (git) => {
    const run = await openRun(git, resolveOptions({}), () => {});
    const recovery = await recover(run, { dryRun });
    if (!dryRun) await emptyTrash(git, recovery.removed);
    return recovery;
  });
}

async function withGit<T>(path: string, act: (git: Git) => Promise<T>): Promise<T> {
  const git = await openGit({ path });
  try {
    return await act(git);
  } finally {
    // Gives back what was claimed.
    await git.close();
  }
}

function underWay(runId: string, effectId: string, owner: string | null): CoppiceError {
  const message = `effect ${effectId} of run ${runId} is under way in ${owner ?? "another process"}: wait for it`;
  return new CoppiceError("ERR_EFFECT_CLAIMED", message);
}
