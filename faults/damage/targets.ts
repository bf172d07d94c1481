// Which files of a repository are damaged: one class each of what git and the product read.
import { readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { git } from "../../test/support/git.js";
import { type World, worktreesOf } from "../world.js";

/** By path below the git directory, or beside the repository for the files of worktrees. */
const patterns = {
  pack: /^objects\/pack\/.*\.pack$/,
  idx: /^objects\/pack\/.*\.idx$/,
  loose: /^objects\/[0-9a-f]{2}\//,
  index: /^index$/,
  "worktree-index": /^worktrees\/[^/]+\/index$/,
  admin: /^worktrees\/[^/]+\/(HEAD|commondir|gitdir|locked|logs\/HEAD)$/,
  "git-file": /^\.\.\/\.\.\/project\.worktrees\/[^/]+\/\.git$/,
  ref: /^refs\/(heads|coppice)\/.*[^/]$/,
  "packed-refs": /^packed-refs$/,
  head: /^(HEAD|config)$/,
  notes: /^coppice\/(?!claims\/|landing\.lock).*[^/]$/,
} as const;

export type Target = keyof typeof patterns;
export const targets = Object.keys(patterns) as Target[];

/** Files of the class, absolute, sorted; where the repository has none as it is, it gets some that mean the same. */
export async function filesOf(world: World, target: Target): Promise<string[]> {
  if (target === "loose") await unpackAll(world);
  if (target === "packed-refs") await git(world.repository, ["pack-refs", "--all"]);
  const folder = join(world.repository, ".git");
  const [own, beside] = await Promise.all([below(folder), below(worktreesOf(world))]);
  const paths = [...own, ...beside.filter((path) => basename(path) === ".git")];
  return paths.filter((path) => patterns[target].test(relative(folder, path))).sort();
}

async function below(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Every object of every pack becomes a loose one. */
async function unpackAll(world: World): Promise<void> {
  const packs = await filesOf(world, "pack");
  for (const pack of packs) {
    const aside = join(world.folder, basename(pack));
    await rename(pack, aside);
    await rm(pack.replace(/pack$/, "idx"));
    await git(world.repository, ["unpack-objects", "-q", "-r"], { input: await readFile(aside) });
  }
}
