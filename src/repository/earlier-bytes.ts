// Keeps what the shared files held before a change, and says how to bring it back. What they hold after it is kept too: bringing
// the one back must not lose the other. Kept as files in the git directory, named for their content, so that keeping twice changes
// nothing. Not as objects below a ref: a configuration may hold a password, and a ref travels with `git push --mirror`.

import { constants } from "node:fs";
import { chmod, lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ulid } from "ulid";
import { bytesOfText } from "../git/border-text.js";
import type { SharedFile } from "../git/native.js";
import { quote } from "../quote.js";
import type { Difference } from "./compare.js";

/** `folder`: made when there is something to keep. Resolves once everything is on disk. */
export async function keepEarlier(folder: string, differences: readonly Difference[]): Promise<void> {
  for (const file of differences.flatMap(({ before, after }) => [before, after])) {
    if (file?.kind === "file" && file.content !== null) await keep(folder, file, file.content);
  }
}

async function keep(folder: string, file: SharedFile, content: string): Promise<void> {
  const path = keptPath(folder, file);
  if (await isThere(path)) return;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const half = join(folder, `.${ulid()}`);
  const handle = await open(half, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    try {
      await handle.writeFile(bytesOfText(content));
      await chmod(half, file.mode & 0o777);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(half, path);
  } catch (error) {
    await rm(half, { force: true });
    throw error;
  }
  // Up to the folder that holds the first of those that may just have been made.
  for (const above of [folder, dirname(folder), dirname(dirname(folder))]) await syncFolder(above);
}

/** A command for the shell; null: the earlier bytes could not be kept. */
export function restoreCommand(folder: string, { path, before, after }: Difference): string | null {
  const clear = `rm -f ${quote(path)}`;
  if (before === null) return clear;
  if (before.content === null || before.kind === "other") return null;
  // Where the file is gone a folder may have come into its place, or its folder may be gone too. Otherwise a link may have come,
  // which must not be written through.
  const place = after === null ? `mkdir -p ${quote(dirname(path))} && rm -rf ${quote(path)}` : clear;
  if (before.kind === "link") return `${place} && ln -s ${quote(before.content)} ${quote(path)}`;
  // Not with git, which might run what is to be undone.
  return `${place} && cp -p ${quote(keptPath(folder, before))} ${quote(path)}`;
}

function keptPath(folder: string, { path, digest, mode }: SharedFile): string {
  return join(folder, `${basename(path)}-${digest.slice(0, 16)}-${(mode & 0o777).toString(8)}`);
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
