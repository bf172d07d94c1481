// Takes away worktrees that dead processes left. Only what provably holds no work goes: an idle one, whose result was on
// disk before it became idle, and a leased one whose files are those of a commit that a branch still reaches. Whatever
// else there is stays, and is named with the reason.
//
// Limit: nothing is adopted here. Recovery, which every open begins with, keeps what has work in it.

import type { Git } from "../git/git.js";
import { emptyTrash, holderOf, removeWorktree, whileClaimed, worktreeClaim } from "./dead-worktree.js";
import { listWorktrees, type ManagedWorktree } from "./list.js";
import { noLimits } from "./snapshot.js";

export interface LeftWorktree extends ManagedWorktree {
  /** Why it stays, for people. */
  readonly why: string;
}

export interface CleanedWorktrees {
  readonly removed: readonly ManagedWorktree[];
  readonly left: readonly LeftWorktree[];
}

/** How far back a commit is looked for behind a branch. */
const maxCommits = 10_000;
// The snapshot that tells whether there is work is never flushed, so its author is nobody's concern.
const nobody = { name: "Coppice", email: "coppice@localhost", timeSeconds: 0, offsetMinutes: 0 };

/** A dry run writes nothing. */
export async function cleanWorktrees(git: Git, { dryRun }: { dryRun: boolean }): Promise<CleanedWorktrees> {
  const removed: ManagedWorktree[] = [];
  const left: LeftWorktree[] = [];
  const worktrees = await listWorktrees(git);
  for (const worktree of worktrees) {
    const why = await (dryRun ? whyItStays(git, worktree) : removeUnneeded(git, worktree));
    if (why === null) removed.push(worktree);
    else left.push({ ...worktree, why });
  }
  if (!dryRun) await emptyTrash(git, worktrees);
  return { removed, left };
}

/** Removes a worktree whatever it holds. False: somebody works in it. */
export async function dropWorktree(git: Git, worktree: ManagedWorktree): Promise<boolean> {
  const dropped = await whileClaimed(git, worktreeClaim(worktree), () => removeWorktree(git, worktree));
  if (dropped) await emptyTrash(git, [worktree]);
  return dropped;
}

/** Null: it was removed. */
async function removeUnneeded(git: Git, worktree: ManagedWorktree): Promise<string | null> {
  if (worktree.state === "kept") return keptReason(worktree);
  let why: string | null = null;
  const claimed = await whileClaimed(git, worktreeClaim(worktree), async () => {
    why = await needOf(git, worktree);
    if (why === null) await removeWorktree(git, worktree);
  });
  return claimed ? why : usedReason;
}

/** As `removeUnneeded` would say. */
async function whyItStays(git: Git, worktree: ManagedWorktree): Promise<string | null> {
  if (worktree.state === "kept") return keptReason(worktree);
  const { claims } = await git.listClaims({});
  if (claims.some(({ name, held }) => held && name === worktreeClaim(worktree))) return usedReason;
  return needOf(git, worktree);
}

const usedReason = "a live process uses it";

function keptReason({ reason }: ManagedWorktree): string {
  return reason.replace(/^coppice: /, "");
}

/** Nobody of ours has it: null when nobody else does, and nothing would be lost with it. */
async function needOf(git: Git, worktree: ManagedWorktree): Promise<string | null> {
  return (await holderOf(git, worktree)) ?? (worktree.state === "idle" ? null : workIn(git, worktree));
}

/** What a dead process may have left in it; null: nothing. */
export async function workIn(git: Git, { name, path, headOid, present }: ManagedWorktree): Promise<string | null> {
  if (!present)
    return `its folder is not there; if it is gone for good: git worktree unlock ${path} && git worktree prune`;
  if (headOid === null) return "it has no commit";
  if (!(await isReached(git, headOid))) return `its commit ${headOid.slice(0, 12)} is on no branch`;
  try {
    const { changes, unheld } = await git.snapshot({
      name,
      path,
      baseOid: headOid,
      exclude: [],
      limits: noLimits,
      author: nobody,
      committer: nobody,
      message: "",
      verify: false,
    });
    const first = changes[0] ?? unheld[0];
    if (first === undefined) return null;
    const count = changes.length + unheld.length;
    return `it holds ${count} changed ${count === 1 ? "path" : "paths"}, the first is ${first.path}`;
  } catch (error) {
    return `what it holds cannot be read: ${(error as Error).message}`;
  }
}

/** Whether a branch reaches the commit, as far as that can be seen within bounds. */
async function isReached(git: Git, commitOid: string): Promise<boolean> {
  const { refs } = await git.listRefs({ prefix: "refs/heads/" });
  const head = await git.resolve({ name: "HEAD" });
  let frontier = [head.commitOid, ...refs.map((ref) => ref.oid)].filter((oid) => oid !== null);
  const seen = new Set<string>();
  while (frontier.length > 0 && seen.size < maxCommits) {
    if (frontier.includes(commitOid)) return true;
    const next: string[] = [];
    for (const oid of frontier) {
      if (seen.has(oid)) continue;
      seen.add(oid);
      next.push(...(await git.resolve({ name: oid })).parentOids);
    }
    frontier = next;
  }
  return false;
}
