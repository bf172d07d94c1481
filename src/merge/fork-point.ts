// Where a run's own tip has left its branch: the last commit of the branch that it stands on.

import type { Git } from "../git/git.js";

/** Beyond so many commits of one side they count as strangers. */
const maxCommits = 10_000;

/** From both ends at once, so that it costs no more than what has come since. Null: they have no commit in common. */
export async function forkPoint(git: Git, tipOid: string, branchOid: string): Promise<string | null> {
  if (tipOid === branchOid) return tipOid;
  // Of the tip's commits the first parents count: what landed, and what the branch was. A second one may stand on any older commit.
  const tip = { seen: new Set([tipOid]), next: [tipOid], parents: 1 };
  const branch = { seen: new Set([branchOid]), next: [branchOid], parents: Number.POSITIVE_INFINITY };
  while (tip.next.length + branch.next.length > 0) {
    for (const [side, other] of [
      [tip, branch],
      [branch, tip],
    ] as const) {
      const commits = await Promise.all(side.next.map((name) => git.resolve({ name })));
      const parents = [...new Set(commits.flatMap(({ parentOids }) => parentOids.slice(0, side.parents)))];
      const common = parents.find((oid) => other.seen.has(oid));
      if (common !== undefined) return common;
      side.next = side.seen.size < maxCommits ? parents.filter((oid) => !side.seen.has(oid)) : [];
      for (const oid of side.next) side.seen.add(oid);
    }
  }
  return null;
}
