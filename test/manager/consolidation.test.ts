// A long run leaves few packs, beside everything else that it does; and when packs cannot be consolidated nothing else suffers.
import { mkdir, readdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { TaskContext } from "../../src/index.js";
import { expectSound, openManager } from "../support/manager.js";
import { createRepository, type TestRepository } from "../support/repository.js";

const tree = { "a.txt": "a\n" };

async function packs(repository: TestRepository): Promise<string[]> {
  const names = await readdir(join(repository.path, ".git/objects/pack"));
  return names.filter((name) => name.endsWith(".pack"));
}

const effect = (index: number) => ({
  id: `e${index}`,
  task: async ({ resolve }: TaskContext<undefined>) => writeFile(resolve(`${index}.txt`), `${index}\n`),
});

test("a run of many flushes never has more than ten packs, and leaves one", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, { limits: { worktrees: 2 } });
  let most = 0;
  for (let index = 0; index < 60; index++) {
    expect(await manager.run(effect(index))).toMatchObject({ kind: "landed" });
    most = Math.max(most, (await packs(repository)).length);
  }
  await manager.close();
  expect(most).toBeGreaterThan(3);
  expect(most).toBeLessThanOrEqual(10);
  expect(await packs(repository)).toHaveLength(1);
  expect(await repository.git("rev-list", "--count", "HEAD")).toBe("61");
  await expectSound(repository);
});

test("packs that cannot be consolidated are a warning, and every effect lands", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, { limits: { worktrees: 2 } });
  const warnings: string[] = [];
  manager.on("warning", ({ code }) => warnings.push(code));
  await mkdir(join(repository.path, ".git/gc.pid"));
  for (let index = 0; index < 12; index++) {
    expect(await manager.run(effect(index))).toMatchObject({ kind: "landed" });
  }
  await manager.close();
  await rmdir(join(repository.path, ".git/gc.pid"));
  expect(new Set(warnings)).toEqual(new Set(["CONSOLIDATION_FAILED"]));
  expect((await packs(repository)).length).toBeGreaterThan(10);
  expect(await repository.git("rev-list", "--count", "HEAD")).toBe("13");
  await expectSound(repository);
});
