// Runs for the tests of cleaning: real ones, whose ledger stock git then gives an older date.
import { mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { git } from "./git.js";
import { gitDates } from "./git-environment.js";
import { openManager } from "./manager.js";
import type { TestRepository } from "./repository.js";

export const dayMs = 86_400_000;

/** A run that is over, with one effect that has landed and one that was unchanged. */
export async function finishedRun(
  repository: TestRepository,
  runId: string,
  options: { land?: "commit" | "working-tree" } = {},
): Promise<void> {
  const manager = await openManager(repository, { runId, ...options });
  const edit = ({ resolve }: { resolve(path: string): string }) => writeFile(resolve(`${runId}.txt`), "landed\n");
  await manager.parallel.all([
    { id: "edit", task: edit },
    { id: "look", task: () => "looked" },
  ]);
  await manager.close();
}

/** Dates the last record of a run back. */
export async function age(repository: TestRepository, runId: string, days: number): Promise<void> {
  const ref = `refs/coppice/${runId}/ledger`;
  const env = gitDates(Math.floor((Date.now() - days * dayMs) / 1000));
  const commitOid = await git(repository.path, ["commit-tree", `${ref}^{tree}`, "-m", `Ledger of run ${runId}`], {
    env,
  });
  await repository.git("update-ref", ref, commitOid);
}

/** What a run keeps of the shared repository, as old as its ledger is to be. */
export async function addEarlier(repository: TestRepository, runId: string, days: number): Promise<string> {
  const folder = join(repository.path, ".git/coppice/earlier", runId);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "config-0123456789abcdef-644"), "[core]\n");
  const then = new Date(Date.now() - days * dayMs);
  await utimes(folder, then, then);
  return folder;
}

/** Every ref with its oid, as stock git lists them. */
export function everyRef(repository: TestRepository): Promise<string> {
  return repository.git("for-each-ref", "--format=%(refname) %(objectname)");
}
