// How a command that runs again learns of the conflicts: a JSON file beside nobody's work, named by COPPICE_CONFLICTS while it runs.
// Not in the worktree, where it would become part of the effect; not in the environment itself, which holds 128 KiB a variable.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunRequest } from "./runner.js";

/** Calls `run` with the variables that name the file; without conflicts there is neither. */
export async function withConflictsFile<T>(
  { effectId, runId, attempt, conflicts = [] }: Pick<RunRequest, "effectId" | "runId" | "attempt" | "conflicts">,
  run: (variables: Record<string, string>) => Promise<T>,
): Promise<T> {
  if (conflicts.length === 0) return run({});
  const folder = await mkdtemp(join(tmpdir(), "coppice-conflicts-"));
  try {
    const path = join(folder, "conflicts.json");
    await writeFile(path, JSON.stringify({ effectId, runId, attempt, conflicts }), { mode: 0o600 });
    return await run({ COPPICE_CONFLICTS: path });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
