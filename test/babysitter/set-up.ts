// A repository with a run's directory in it, and the manager of that run, over a journal in memory.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type DispatchOptions, dispatchEffects, type EffectAction } from "../../src/babysitter.js";
import type { ManagerOptions } from "../../src/index.js";
import { openManager } from "../support/manager.js";
import { createRepository, type TestRepository } from "../support/repository.js";
import { memorySdk } from "./memory-sdk.js";

export async function createProject(): Promise<{ repository: TestRepository; runDir: string }> {
  const repository = await createRepository({ tree: { "a.txt": "a\n", "sub/b.txt": "b\n" } });
  const runDir = join(repository.path, ".a5c/runs/run-1");
  await mkdir(runDir, { recursive: true });
  await writeFile(join(runDir, "run.json"), "{}");
  return { repository, runDir };
}

export async function setUp(options: ManagerOptions = {}, project?: { repository: TestRepository; runDir: string }) {
  const { repository, runDir } = project ?? (await createProject());
  const manager = await openManager(repository, { runId: "run-1", ...options });
  const sdk = memorySdk(() => ({ status: "completed", output: null }));
  const dispatch = (nextActions: EffectAction[], more: Partial<DispatchOptions> = {}) =>
    dispatchEffects({ runDir, manager, sdk, nextActions, ...more });
  return {
    repository,
    runDir,
    manager,
    sdk,
    dispatch,
    read: (path: string) => readFile(join(repository.path, path), "utf8"),
  };
}
