// A merge as git makes it and as the library makes it, in one form that can be compared: the tree (with conflict markers
// in place, if there are conflicts), and the conflicted paths.
import type { Git } from "../../src/git/git.js";
import type { Conflict } from "../../src/git/native.js";
import { gitResult } from "../support/git.js";

export interface Sides {
  base: string;
  ours: string;
  theirs: string;
}

export interface Verdict {
  /** Empty: git itself came to grief, and there is nothing to compare with. */
  treeOid: string;
  conflicted: boolean;
  /** Sorted, each once. */
  paths: string[];
}

/** `git merge-tree --write-tree`; git finds the base itself, so `base` must be the only one. */
export async function mergeByGit(folder: string, { ours, theirs }: Sides): Promise<Verdict> {
  const args = ["merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs];
  const { exitCode, stdout, stderr } = await gitResult(folder, args);
  const aborted = exitCode === 1 && stdout.length === 0 && stderr.includes("Assertion");
  if (exitCode > 1 || (stdout.length === 0 && !aborted))
    throw new Error(`git merge-tree ended with ${exitCode}: ${stderr}`);
  const [treeOid = "", ...paths] = stdout.toString().split("\0");
  return {
    treeOid,
    conflicted: exitCode === 1,
    paths: sorted(paths.filter((path) => path !== "").map((path) => withoutLabel(path, [ours, theirs]))),
  };
}

/** What git says about a merge, in words. */
export async function messagesOfGit(folder: string, { ours, theirs }: Sides): Promise<string> {
  const { stdout } = await gitResult(folder, ["merge-tree", "--write-tree", "--messages", ours, theirs]);
  return stdout.toString();
}

export interface OwnVerdict extends Verdict {
  conflicts: Conflict[];
  pruned: boolean;
}

export async function mergeByCoppice(git: Git, { base, ours, theirs }: Sides): Promise<OwnVerdict> {
  const reply = await git.merge({
    baseOid: base,
    oursOid: ours,
    theirsOid: theirs,
    oursLabel: ours,
    theirsLabel: theirs,
    content: true,
  });
  if (reply.treeOid === null) throw new Error("a merge with content gave no tree");
  return {
    treeOid: reply.treeOid,
    conflicted: reply.conflicts.length > 0,
    paths: sorted(reply.conflicts.flatMap(namedPaths)),
    conflicts: [...reply.conflicts],
    pruned: reply.pruned,
  };
}

/** The paths under which git would list a conflict: a file with two new names counts under all three. */
function namedPaths({ kind, path, base, ours, theirs }: Conflict): string[] {
  if (kind !== "rename/rename") return [path];
  return [path, ...[base, ours, theirs].flatMap((side) => (side ? [side.path] : []))];
}

/** Where a file cannot keep its path beside a folder or another kind of file, git lists it under `<path>~<label>`. */
function withoutLabel(path: string, labels: readonly string[]): string {
  return labels.reduce((name, label) => name.replace(new RegExp(`~${label}(_\\d+)?$`), ""), path);
}

function sorted(paths: readonly string[]): string[] {
  return [...new Set(paths)].sort();
}
