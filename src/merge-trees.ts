// A merge as a function of its own: three trees in, one tree or the conflicts out. No working tree, index or ref changes.
//
//   const { treeOid, conflicts } = await mergeTrees("/repo", { base: "v1", ours: "main", theirs: "topic" });
//
// Limit: nothing refers to the tree afterwards; git's own garbage collection drops it (after two weeks by default) unless
// a commit or tag is made from it.

import type { Conflict } from "./effect/effect.js";
import { CoppiceError } from "./errors.js";
import { type Git, openGit } from "./git/git.js";

export interface MergeTreesRequest {
  /** Each of the three: HEAD, a branch, a tag, a full ref name, or the oid (40 digits) of a commit or tree. */
  base: string;
  ours: string;
  theirs: string;
  /** The names in conflict markers; "ours" and "theirs" when absent. */
  labels?: { ours: string; theirs: string };
  /** True: each conflict carries its file with markers, and the tree is written with these files in it. */
  content?: boolean;
  signal?: AbortSignal;
}

export interface MergedTrees {
  /** On disk. Null: there are conflicts, and their content was not asked for. */
  treeOid: string | null;
  /** Sorted by path; empty: the merge is clean. */
  conflicts: readonly Conflict[];
}

/**
 * Merges `theirs` into `ours` over `base`, in memory.
 * @param repository a path inside the repository
 * @throws ERR_NOT_FOUND when one of the three is not there; ERR_NOT_A_REPOSITORY, ERR_UNSUPPORTED_REPOSITORY, ERR_ABORTED
 */
export async function mergeTrees(repository: string, request: MergeTreesRequest): Promise<MergedTrees> {
  const { labels = { ours: "ours", theirs: "theirs" }, content = false, signal } = request;
  const git = await openGit({ path: repository });
  try {
    const [baseOid, oursOid, theirsOid] = await Promise.all([
      treeOf(git, "base", request.base, signal),
      treeOf(git, "ours", request.ours, signal),
      treeOf(git, "theirs", request.theirs, signal),
    ]);
    const oids = { baseOid, oursOid, theirsOid };
    const names = { oursLabel: labels.ours, theirsLabel: labels.theirs };
    const { treeOid, conflicts } = await git.merge({ ...oids, ...names, content }, signal);
    if (treeOid !== null) await git.flush({ refs: [] }, signal);
    return { treeOid, conflicts };
  } finally {
    await git.close();
  }
}

async function treeOf(git: Git, side: string, name: string, signal: AbortSignal | undefined): Promise<string> {
  const { treeOid } = await git.resolve({ name }, signal);
  if (treeOid !== null) return treeOid;
  throw new CoppiceError(
    "ERR_NOT_FOUND",
    `${side}: ${JSON.stringify(name)} names no commit or tree of this repository; ` +
      "give HEAD, a branch, a tag, a full ref name, or an oid of 40 digits",
  );
}
