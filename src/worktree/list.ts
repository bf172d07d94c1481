// The worktrees of Coppice as git sees them: what each is for is read from its lock reason, which `git worktree list` shows.

import type { Git } from "../git/git.js";

export interface ManagedWorktree {
  readonly name: string;
  readonly path: string;
  /** "leased": an effect works in it. "idle": warm in a pool. "kept": it holds work that a commit cannot. */
  readonly state: "leased" | "idle" | "kept";
  readonly runId: string | null;
  readonly effectId: string | null;
  /** The commit that a leased one started from: what differs from it is the effect's work. */
  readonly baseOid: string | null;
  readonly headOid: string | null;
  /** False: its folder is gone, or lies on a disk that is not mounted. */
  readonly present: boolean;
  /** Git's lock reason. */
  readonly reason: string;
}

export const lockReason = {
  leased: (runId: string, effectId: string, baseOid: string) =>
    `coppice: effect ${effectId}, run ${runId}, base ${baseOid}`,
  idle: (runId: string) => `coppice: idle, run ${runId}`,
  kept: (runId: string, effectId: string, why: string) => `coppice: kept effect ${effectId}, run ${runId}: ${why}`,
};

const pattern = /^coppice: (?:(idle)|(kept )?effect ([^,]+)), run ([^:,\s]+)(?:, base ([0-9a-f]{40})$)?/;

/** Of every run, sorted by name. */
export async function listWorktrees(git: Git): Promise<ManagedWorktree[]> {
  const { worktrees } = await git.listWorktrees({});
  return worktrees.flatMap(({ name, path, lockReason: reason, headOid, present }) => {
    const match = pattern.exec(reason ?? "");
    if (reason === null || match === null) return [];
    const [, idle, kept, effectId = null, runId = null, baseOid = null] = match;
    const state = idle !== undefined ? "idle" : kept !== undefined ? "kept" : "leased";
    return [{ name, path, state, runId, effectId, baseOid, headOid, present, reason }];
  });
}
