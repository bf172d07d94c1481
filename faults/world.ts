// A world: a small repository in the state in which a user has it (a branch checked out, a dirty file, a staged one, an untracked and
// an ignored one), in a folder of its own. One template is made with stock git; each case gets a copy.
import { cp, mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type FileTree, readFiles, writeFiles } from "../test/support/file-tree.js";
import { git } from "../test/support/git.js";

const committed: FileTree = {
  ".gitignore": "*.log\n",
  "README.md": "A world.\n",
  ...textFiles("src/a", ["one", "two", "three", "four"]),
  ...textFiles("src/b", ["one", "two", "three"]),
  "src/b/deep/four.txt": "four\n",
  "src/c/only.txt": "only\n",
  "src/d/file": "a file\n",
  ...textFiles("src/e", ["one", "two"]),
  "src/f/plain": "plain\n",
  "src/g/old.txt": Array.from({ length: 30 }, (_, line) => `${line}\n`).join(""),
  "src/i/gone.txt": "gone\n",
  "src/i/tool": "#!/bin/sh\n",
  "src/clash.txt": clashing(null),
  "src/link": { symlink: "a/one.txt" },
  "src/ready.sh": { executable: "#!/bin/sh\nexit 0\n" },
  ...textFiles("docs", ["a", "b", "c", "d", "e", "f", "g", "h"]),
  "notes/dirty.txt": "committed\n",
  "notes/staged.txt": "committed\n",
};

/** What only the user has. */
export const usersFiles: FileTree = {
  "notes/dirty.txt": "edited by the user\n",
  "notes/staged.txt": "staged by the user\n",
  "notes/untracked.txt": "written by the user\n",
  "build.log": "ignored\n",
};

function textFiles(folder: string, names: readonly string[]): FileTree {
  return Object.fromEntries(names.map((name) => [`${folder}/${name}.txt`, `${name}\n`.repeat(5)]));
}

function bulk(files: number): FileTree {
  const paths = Array.from({ length: files }, (_, index) => `bulk/${index % 50}/${index}.txt`);
  return Object.fromEntries(paths.map((path) => [path, `${path}\n`.repeat(20)]));
}

function clashing(edited: number | null): string {
  return Array.from({ length: 12 }, (_, line) => `line ${line}${line === edited ? " of the branch" : ""}\n`).join("");
}

/** A branch that nothing lands on. */
export const otherBranch = "other";

export interface World {
  /** Everything of this world lies below it. */
  readonly folder: string;
  /** The main working tree. */
  readonly repository: string;
  /** What the effects start from; the branch is one commit further. */
  readonly baseOid: string;
}

export async function makeTemplate(folder: string, bulkFiles = 0): Promise<World> {
  const repository = join(folder, "project");
  await mkdir(repository, { recursive: true });
  await git(repository, ["init", "--quiet", "--initial-branch=main", "--template="]);
  await writeFiles(repository, { ...committed, ...bulk(bulkFiles) });
  await git(repository, ["add", "--all"]);
  await git(repository, ["commit", "--quiet", "--message=base"]);
  const baseOid = await git(repository, ["rev-parse", "HEAD"]);
  // The branch has moved on since the effects were thought of, and one of them does not fit any more.
  await writeFiles(repository, { "src/clash.txt": clashing(5) });
  await git(repository, ["commit", "--quiet", "--all", "--message=moved on"]);
  await git(repository, ["branch", otherBranch, baseOid]);
  await git(repository, ["repack", "-a", "-d", "-q"]);
  await writeFiles(repository, usersFiles);
  await git(repository, ["add", "notes/staged.txt"]);
  return { folder, repository, baseOid };
}

export async function copyWorld({ repository, baseOid }: World, folder: string): Promise<World> {
  const copy = join(folder, "project");
  await mkdir(folder, { recursive: true });
  await cp(repository, copy, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  // A copy has other inodes than its index says; a user's git would have looked since.
  await git(copy, ["update-index", "-q", "--really-refresh"]).catch(() => {});
  return { folder, repository: copy, baseOid };
}

/** What the main working tree holds now, with the user's own files. */
export function mainTree({ repository }: World): Promise<FileTree> {
  return readFiles(repository);
}

export async function removeWorld(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** The folder in which the product puts its worktrees. */
export function worktreesOf({ repository }: World): string {
  return join(dirname(repository), "project.worktrees");
}
