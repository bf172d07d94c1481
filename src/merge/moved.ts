// Whether a landing came to its commit point: is its commit in the history of the target now?

import type { Git } from "../git/git.js";

/** How many commits others may have put on top of a landing. Beyond that it counts as not landed, and its effects run again. */
const maxCommits = 10_000;

export async function hasMoved(
  git: Git,
  landing: { targetRef: string; oldOid: string; newOid: string },
): Promise<boolean> {
  let next = [landing.targetRef];
  const seen = new Set<string>();
  while (next.length > 0 && seen.size < maxCommits) {
    const commits = await Promise.all(next.map((name) => git.resolve({ name })));
    if (commits.some(({ commitOid }) => commitOid === landing.newOid)) return true;
    const parents = commits.flatMap(({ commitOid, parentOids }) => (commitOid === landing.oldOid ? [] : parentOids));
    next = [...new Set(parents)].filter((oid) => !seen.has(oid));
    for (const oid of next) seen.add(oid);
  }
  return false;
}
