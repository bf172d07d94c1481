// Branches, tags and the stash: worktrees share them with the user, so that a task's `git branch`, `git tag` or `git stash` changes the
// user's own. Looked at when a task that may have run git has ended; one look reads all of them, so nothing looks in between.

import type { RepositoryChange } from "../events.js";
import type { Git } from "../git/git.js";
import { quote } from "../quote.js";

/** Oid by name. */
export type RefState = ReadonlyMap<string, string>;

const prefixes = ["refs/heads/", "refs/tags/", "refs/stash"];

/** Null: one of them cannot be read. Nobody's effect fails for a broken tag. */
export async function readRefs(git: Git): Promise<RefState | null> {
  try {
    const replies = await Promise.all(prefixes.map((prefix) => git.listRefs({ prefix })));
    return new Map(replies.flatMap(({ refs }) => refs.map(({ refName, oid }) => [refName, oid] as const)));
  } catch {
    return null;
  }
}

/**
 * Sorted by name.
 * @param own the branch that effects land on: it moves all the time
 * @param gitDirectory for the commands that bring back what was there
 */
export function compareRefs(before: RefState, after: RefState, own: string, gitDirectory: string): RepositoryChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.flatMap((path): RepositoryChange[] => {
    const [old, now] = [before.get(path), after.get(path)];
    if (old === now || path === own) return [];
    const change = old === undefined ? "added" : now === undefined ? "removed" : "changed";
    // The stash is a list, of which the ref is only the top; and what a task has stashed is its work.
    const isStash = path === "refs/stash";
    const to = old === undefined ? `-d ${quote(path)} ${now}` : `${quote(path)} ${old}`;
    const restore = isStash ? null : `git --git-dir=${quote(gitDirectory)} update-ref ${to}`;
    return [{ path, place: "ref", change, keys: [], codeBearing: false, restore }];
  });
}
