// Which paths of a worktree were provisioned, noted for whoever finds it after a death: they are no work of its effect. A file in
// its admin directory, where the next reset removes it.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Run } from "../run.js";

const pathOf = (run: Run, name: string) =>
  join(run.repository.commonDirectory, "worktrees", name, "coppice-provisioned");

/** Before the worktree is handed out. */
export async function noteProvisioned(run: Run, name: string, paths: readonly string[]): Promise<void> {
  if (paths.length > 0) await writeFile(pathOf(run, name), JSON.stringify(paths));
}

/** Empty when nothing was provisioned. */
export async function readProvisioned(run: Run, name: string): Promise<string[]> {
  const text = await readFile(pathOf(run, name), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "[]";
    throw error;
  });
  return JSON.parse(text) as string[];
}
