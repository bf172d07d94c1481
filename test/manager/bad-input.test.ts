// Wrong input gets a stable code and a message that names what is wrong, before anything is written.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { isCoppiceError, type ManagerOptions, WorktreeManager } from "../../src/index.js";
import { coppiceRefs, linkedWorktrees, openManager } from "../support/manager.js";
import { createRepository, type TestRepository, temporaryFolder } from "../support/repository.js";

const tree = { "a.txt": "a\n" };
let repository: TestRepository | undefined;

/** Nothing of ours is in the repository after a refusal. */
afterEach(async () => {
  if (repository === undefined) return;
  expect(await coppiceRefs(repository)).toEqual([]);
  expect(await linkedWorktrees(repository)).toEqual([]);
  repository = undefined;
});

async function refusal(path: string, options: ManagerOptions = {}): Promise<{ code: string; message: string }> {
  try {
    await (await WorktreeManager.open(path, options)).close();
  } catch (error) {
    if (isCoppiceError(error)) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error("it was not refused");
}

test("a folder that is no repository", async () => {
  expect((await refusal(await temporaryFolder())).code).toBe("ERR_NOT_A_REPOSITORY");
  expect((await refusal("/does/not/exist")).code).toBe("ERR_NOT_A_REPOSITORY");
});

test("an unborn HEAD", async () => {
  repository = await createRepository();
  expect((await refusal(repository.path)).code).toBe("ERR_UNBORN_HEAD");
});

test.each([
  ["SHA-256", /sha-?256/i, ["--object-format=sha256"], []],
  ["partial clone", /partial clone/i, [], ["extensions.partialClone", "origin"]],
  ["reftable", /reftable/i, [], ["extensions.refStorage", "reftable"]],
])("a repository with %s is refused by name", async (_, message, initArgs, setting) => {
  const unsupported = await createRepository({ initArgs, ...(initArgs.length > 0 ? {} : { tree }) });
  if (setting.length > 0) {
    await unsupported.git("config", "core.repositoryFormatVersion", "1");
    await unsupported.git("config", ...setting);
  }
  const { code, message: text } = await refusal(unsupported.path);
  expect(code).toBe("ERR_UNSUPPORTED_REPOSITORY");
  expect(text).toMatch(message);
});

test("split and sparse indexes are refused by name", async () => {
  repository = await createRepository({ tree: { ...tree, "dir/b.txt": "b\n" } });
  await repository.git("update-index", "--split-index");
  expect(await refusal(repository.path)).toMatchObject({
    code: "ERR_UNSUPPORTED_REPOSITORY",
    message: expect.stringMatching(/split index/i),
  });
  await repository.git("update-index", "--no-split-index");
  await repository.git("sparse-checkout", "set", "--cone", "--sparse-index", "other");
  expect(await refusal(repository.path)).toMatchObject({
    code: "ERR_UNSUPPORTED_REPOSITORY",
    message: expect.stringMatching(/sparse index/i),
  });
});

test("a target or a base that does not exist", async () => {
  repository = await createRepository({ tree });
  expect(await refusal(repository.path, { target: "nowhere" })).toMatchObject({
    code: "ERR_TARGET_NOT_FOUND",
    message: expect.stringContaining('"nowhere"'),
  });
  const manager = await openManager(repository);
  const outcome = manager.parallel.allSettled([{ id: "a", task: () => 1 }], { base: "HEAD~1" });
  await expect(outcome).rejects.toMatchObject({
    code: "ERR_BASE_NOT_FOUND",
    message: expect.stringContaining("HEAD~1"),
  });
  await manager.close();
});

test.each([
  [{ limits: { worktree: 3 } }, /"limits\.worktree"/],
  [{ limits: { threads: "four" } }, /"limits\.threads"/],
  [{ histroy: "linear" }, /"histroy"/],
  [{ history: "squash" }, /"history"/],
  [{ runId: "../up" }, /runId/],
  [{ provision: { links: [] } }, /"provision\.links"/],
])("option %j is refused by its name", async (options, message) => {
  repository = await createRepository({ tree });
  const refused = await refusal(repository.path, options as ManagerOptions);
  expect(refused.code).toBe("ERR_OPTION");
  expect(refused.message).toMatch(message);
});

test.each(["", ".hidden", "a/b", "a..b", "ends.", "x.lock", "CON", "nul.txt", "ü", "a b", "x".repeat(65), 7])(
  "effect ID %j is refused",
  async (id) => {
    repository = await createRepository({ tree });
    const manager = await openManager(repository);
    const request = { id: id as string, task: () => 1 };
    await expect(manager.run(request)).rejects.toMatchObject({ code: "ERR_EFFECT_ID" });
    await manager.close();
  },
);

test("the same effect ID twice, also when only the case differs", async () => {
  repository = await createRepository({ tree });
  const manager = await openManager(repository);
  const twice = manager.parallel.all([
    { id: "same", task: () => 1 },
    { id: "Same", task: () => 2 },
  ]);
  await expect(twice).rejects.toMatchObject({ code: "ERR_EFFECT_DUPLICATE" });
  await manager.close();
});

test("a misspelled key of a request, and a task that is none", async () => {
  repository = await createRepository({ tree });
  const manager = await openManager(repository);
  const misspelled = { id: "a", task: () => 1, timeoutMS: 3 };
  await expect(manager.run(misspelled)).rejects.toMatchObject({
    code: "ERR_OPTION",
    message: expect.stringContaining("timeoutMS"),
  });
  const wrong = { id: "a", task: { kind: "shell" } } as never;
  await expect(manager.run(wrong)).rejects.toMatchObject({
    code: "ERR_OPTION",
    message: expect.stringContaining("moduleTask"),
  });
  await manager.close();
});

test("a worktrees folder inside the repository, or not to be made", async () => {
  repository = await createRepository({ tree });
  for (const worktreesPath of [join(repository.path, "inside"), join(repository.path, ".git", "wt"), repository.path]) {
    expect((await refusal(repository.path, { worktreesPath })).code).toBe("ERR_WORKTREES_PATH");
  }
  const file = join(await temporaryFolder(), "file");
  await writeFile(file, "");
  expect((await refusal(repository.path, { worktreesPath: join(file, "below") })).code).toBe("ERR_WORKTREES_PATH");
});

test("a repository in the middle of a merge or a rebase", async () => {
  repository = await createRepository({ tree });
  const main = await repository.oid("HEAD");
  await repository.commitBeside("refs/heads/other", "other", { "a.txt": "other\n" }, main);
  await repository.commit("mine", { "a.txt": "mine\n" });
  await repository.git("merge", "other").catch(() => {});
  expect(await refusal(repository.path)).toMatchObject({
    code: "ERR_REPOSITORY_BUSY",
    message: expect.stringContaining("merge"),
  });
  await repository.git("merge", "--abort");
  await repository.git("rebase", "other").catch(() => {});
  expect(await refusal(repository.path)).toMatchObject({
    code: "ERR_REPOSITORY_BUSY",
    message: expect.stringContaining("rebase"),
  });
  await repository.git("rebase", "--abort");
});

test("a provision glob that leads outside, and one that names a tracked file", async () => {
  repository = await createRepository({ tree });
  await mkdir(join(repository.path, "..", "beside"));
  expect((await refusal(repository.path, { provision: { link: ["../beside"] } })).code).toBe("ERR_PROVISION");
  expect(await refusal(repository.path, { provision: { copy: ["a.txt"] } })).toMatchObject({
    code: "ERR_PROVISION",
    message: expect.stringContaining("a.txt"),
  });
});

test("a closed manager", async () => {
  repository = await createRepository({ tree });
  const manager = await openManager(repository);
  await manager.close();
  await expect(manager.run({ id: "late", task: () => 1 })).rejects.toMatchObject({ code: "ERR_CLOSED" });
  await expect(manager.acquire("late")).rejects.toMatchObject({ code: "ERR_CLOSED" });
});
