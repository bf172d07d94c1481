// Gives a worktree the ignored files without which nothing runs: node_modules linked, .env copied, and what the
// repository's .worktreeinclude names copied. Provisioned paths are never part of a snapshot and survive a reset.
//
// Limits: globs are relative to the main working tree and must stay inside it; a link is shared with the user's own
// folder, so a task that writes through it writes there.

import { constants } from "node:fs";
import { cp, lstat, mkdir, readdir, readFile, readlink, rm, symlink } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import ignore from "ignore";
import { glob } from "tinyglobby";
import { CoppiceError } from "../errors.js";
import type { Run } from "../run.js";

/** What a worktree was given: paths relative to its root, `/` between components. */
export interface Provisioned {
  readonly paths: string[];
}
export const emptyProvision: Provisioned = { paths: [] };

interface Plan {
  readonly source: string;
  readonly links: readonly string[];
  readonly copies: readonly string[];
}

const includeFile = ".worktreeinclude";
const maxIncluded = 100_000;

export class Provisioner {
  readonly #plan: Plan | null;

  private constructor(plan: Plan | null) {
    this.#plan = plan;
  }

  /** Reads the globs once: every worktree of a run gets the same. Throws ERR_PROVISION. */
  static async open(run: Run): Promise<Provisioner> {
    const source = run.repository.workingDirectory;
    const { link, copy, worktreeinclude } = run.options.provision;
    for (const pattern of [...link, ...copy]) requireInside(pattern);
    if (source === null) return new Provisioner(null);
    const links = await expand(source, link);
    const named = await expand(source, copy);
    await requireNoLinkAbove(source, [...links, ...named]);
    await requireUntracked(run, [...links, ...named]);
    const copies = [...named, ...(worktreeinclude ? await readIncludes(run, source) : [])];
    const outside = copies.filter((path) => !links.some((linked) => path === linked || path.startsWith(`${linked}/`)));
    const plan = { source, links, copies: [...new Set(outside)] };
    await requireRoom(plan, run.options.provision.maxBytes);
    return new Provisioner(plan);
  }

  /** Brings every provisioned path of the worktree to what it is in the main working tree. */
  async provision(worktreePath: string): Promise<Provisioned> {
    const plan = this.#plan;
    if (plan === null) return emptyProvision;
    // The base may have a link there, or a task may have left one: what is written and removed here must be the worktree's.
    await requireNoLinkAbove(worktreePath, [...plan.links, ...plan.copies]);
    for (const path of plan.links) await place(path, () => linkOne(plan.source, worktreePath, path));
    for (const path of plan.copies) await place(path, () => copyOne(plan.source, worktreePath, path));
    return { paths: [...plan.links, ...plan.copies] };
  }
}

/** Throws ERR_PROVISION. */
export function requireInside(pattern: string): void {
  if (!isAbsolute(pattern) && !pattern.split(/[\\/]/).includes("..") && !pattern.split("/").includes(".git")) return;
  throw new CoppiceError(
    "ERR_PROVISION",
    `provision glob ${JSON.stringify(pattern)} leads outside the working tree or into .git`,
  );
}

/** What a pattern's words cannot tell (escapes, braces): where the found path lies. Throws ERR_PROVISION. */
export function requireFoundInside(path: string): void {
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  if (!isAbsolute(path) && !names.includes("..") && names.length > 0) return;
  const where = names.length === 0 ? "the working tree itself" : `${path}, outside the working tree`;
  throw new CoppiceError("ERR_PROVISION", `a provision glob leads to ${where}`, { details: { path } });
}

/** A symbolic link on the way leads to another place, which is not ours. Throws ERR_PROVISION. */
async function requireNoLinkAbove(root: string, paths: readonly string[]): Promise<void> {
  const folders = new Set<string>();
  for (const path of paths) {
    for (let folder = dirname(path); folder !== "." && !folders.has(folder); folder = dirname(folder)) {
      folders.add(folder);
      const status = await lstat(join(root, folder)).catch(() => null);
      if (status?.isSymbolicLink() !== true) continue;
      const message = `${path} lies behind the symbolic link "${folder}" of ${root}: provision what the link itself names, or what it leads to`;
      throw new CoppiceError("ERR_PROVISION", message, { details: { path } });
    }
  }
}

/** Files and folders that match; a folder stands for everything below it. */
async function expand(source: string, patterns: readonly string[]): Promise<string[]> {
  if (patterns.length === 0) return [];
  const found = await glob([...patterns], {
    cwd: source,
    dot: true,
    onlyFiles: false,
    expandDirectories: false,
    followSymbolicLinks: false,
    ignore: ["**/.git/**", ".git"],
  });
  for (const path of found) requireFoundInside(path);
  const paths = found.map((path) => path.replace(/\/+$/, "")).sort();
  return paths.filter((path) => !paths.some((other) => path.startsWith(`${other}/`)));
}

/** A tracked path would be missing from every snapshot, and so be deleted by every effect. */
async function requireUntracked(run: Run, paths: readonly string[]): Promise<void> {
  const { headOid } = run.repository;
  if (headOid === null) return;
  for (const prefix of paths) {
    const tracked = await run.git.listTreePaths({ treeishOid: headOid, prefix, maxEntries: 1 });
    if (tracked.paths.length === 0) continue;
    throw new CoppiceError(
      "ERR_PROVISION",
      `${tracked.paths[0]} is tracked, so every worktree has it already: provision ignored files only`,
    );
  }
}

/** The ignored paths of the main working tree that .worktreeinclude names, in gitignore's syntax. */
async function readIncludes(run: Run, source: string): Promise<string[]> {
  const text = await readFile(join(source, includeFile), "utf8").catch(() => null);
  if (text === null) return [];
  const rules = ignore().add(text);
  const { paths } = await run.git.listIgnored({ path: source, maxEntries: maxIncluded });
  return paths.filter((path) => rules.ignores(path)).map((path) => path.replace(/\/+$/, ""));
}

/** Before the first copy is made: a worktree with half of its files is worth nothing. */
async function requireRoom({ source, copies }: Plan, maxBytes: number): Promise<void> {
  if (maxBytes === 0) return;
  let total = 0;
  let largest = { path: "", bytes: 0 };
  for (const path of copies) {
    const bytes = await bytesBelow(join(source, path));
    total += bytes;
    if (bytes > largest.bytes) largest = { path, bytes };
  }
  if (total <= maxBytes) return;
  const { path, bytes } = largest;
  throw new CoppiceError(
    "ERR_PROVISION",
    `each worktree would get copies of ${total} bytes, and provision.maxBytes allows ${maxBytes}: the largest is ${path} with ${bytes} ` +
      "bytes; link it, let a setup command make it, or raise the limit",
    { details: { path } },
  );
}

/** As copying follows no links, neither does this. */
async function bytesBelow(path: string): Promise<number> {
  const status = await lstat(path);
  if (!status.isDirectory()) return status.size;
  let bytes = 0;
  for (const name of await readdir(path)) bytes += await bytesBelow(join(path, name));
  return bytes;
}

async function place(path: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    throw new CoppiceError("ERR_PROVISION", `cannot provision ${path}: ${(error as Error).message}`, {
      cause: error,
      details: { path },
    });
  }
}

async function linkOne(source: string, worktreePath: string, path: string): Promise<void> {
  const from = join(source, path);
  const to = join(worktreePath, path);
  if ((await readlink(to).catch(() => null)) === from) return;
  await rm(to, { recursive: true, force: true });
  await mkdir(dirname(to), { recursive: true });
  await symlink(from, to);
}

/** Copies again only what differs in size or time: the task before may have edited its copy. */
async function copyOne(source: string, worktreePath: string, path: string): Promise<void> {
  const from = join(source, path);
  const to = join(worktreePath, path);
  if (!(await isSameCopy(from, to))) {
    await rm(to, { recursive: true, force: true });
    await mkdir(dirname(to), { recursive: true });
    const faithful = { recursive: true, preserveTimestamps: true, verbatimSymlinks: true, errorOnExist: true };
    // Where the filesystem can, both share the blocks until one is written; elsewhere this copies them.
    await cp(from, to, { ...faithful, mode: constants.COPYFILE_FICLONE });
  }
}

async function isSameCopy(from: string, to: string): Promise<boolean> {
  const [wanted, found] = await Promise.all([lstat(from), lstat(to).catch(() => null)]);
  // A folder is copied again each time: its own times say nothing about the files below it.
  if (found === null || !wanted.isFile() || !found.isFile()) return false;
  // The copy's time went through a fraction of seconds, and may have lost a bit of it.
  return wanted.size === found.size && Math.abs(wanted.mtimeMs - found.mtimeMs) <= 1;
}
