// A worktree that cannot be given back is the pool's trouble: its effect lands, and the next one gets another worktree.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { TaskContext } from "../../src/index.js";
import { expectSound, openManager } from "../support/manager.js";
import { createRepository } from "../support/repository.js";

/** From now on its reason cannot be written. */
async function spoilReason(worktree: string): Promise<void> {
  const admin = (await readFile(join(worktree, ".git"), "utf8")).replace("gitdir: ", "").trim();
  await rm(join(admin, "locked"));
  await mkdir(join(admin, "locked"));
}

test("a worktree whose reason cannot be written holds nobody up", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const manager = await openManager(repository, { limits: { worktrees: 1 } });
  const warnings: string[] = [];
  manager.on("warning", ({ code }) => warnings.push(code));
  const spoil = async ({ path, resolve }: TaskContext<undefined>) => {
    await writeFile(resolve("spoilt.txt"), "work\n");
    await spoilReason(path);
  };
  const write = ({ resolve }: TaskContext<undefined>) => writeFile(resolve("next.txt"), "work\n");
  const outcomes = await manager.parallel.allSettled([
    { id: "spoil", task: spoil },
    { id: "next", task: write },
  ]);
  expect(outcomes.map(({ kind }) => kind)).toEqual(["landed", "landed"]);
  expect(warnings).toEqual(["WORKTREE_NOT_RELEASED"]);
  await manager.close();
  await expectSound(repository);
});
