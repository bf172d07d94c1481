// The repositories that are measured: made once and kept in a cache as bare repositories with one deltified pack, then
// copied for each peer, because no peer may see what another one left.
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { generateRepository } from "../scripts/generate-repository.mjs";
import { repositorySettings } from "./environment.js";
import { git } from "./git-command.js";

const smallestRacy = 200;

/** @param say is told what takes its time */
export async function templateRepository(
  { files, repo, cache }: { files: number; repo: string | null; cache: string },
  say: (text: string) => void,
): Promise<string> {
  if (repo !== null) return resolve(repo);
  const template = join(cache, `generated-${files}.git`);
  if (await exists(template)) return template;
  say(`writing a repository of ${files} files, once`);
  const unfinished = `${template}.${process.pid}`;
  await mkdir(cache, { recursive: true });
  await generateRepository(unfinished, { files, bare: true });
  await git(unfinished, ["repack", "-adfq"]);
  await rename(unfinished, template);
  return template;
}

/** A checked-out copy at `to`, on branch main, as somebody has it who has worked there for a while: nothing is racy. */
export async function copyRepository(template: string, to: string, files: number): Promise<void> {
  await git(".", ["clone", "--quiet", "--no-tags", "--no-checkout", template, to]);
  await git(to, ["remote", "remove", "origin"]);
  for (const [key, value] of Object.entries(repositorySettings)) await git(to, ["config", key, value]);
  await git(to, ["checkout", "--quiet", "-B", "main"]);
  // Git takes files of the same second as the index for possibly changed and reads them again each time. Of few files that
  // costs nothing, and the tests need not wait.
  if (files >= smallestRacy) await setTimeout(1100 - (Date.now() % 1000));
  await git(to, ["reset", "--quiet", "--hard"]);
}

/** How many files the commit that is checked out has. */
export async function repositorySize(repository: string): Promise<number> {
  const listed = await git(repository, ["ls-tree", "-r", "-z", "--name-only", "HEAD"]);
  return listed === "" ? 0 : listed.split("\0").filter((path) => path !== "").length;
}

/** How the report names it. */
export function repositoryName({ files, repo }: { files: number; repo: string | null }): string {
  return repo === null ? `generated, ${files} files` : basename(resolve(repo)).replace(/\.git$/, "");
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
