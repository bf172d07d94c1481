// A repository, its worktrees, or both are moved after their process has died: recovery links them again and keeps the work. A copy
// of a repository is another one, and the worktrees that it names are not its own.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { cleanRepository, recoverRepository } from "../../src/index.js";
import { requireBuilt } from "../support/built.js";
import { type DyingProcess, startDying } from "../support/dying.js";
import { fsck, git } from "../support/git.js";
import { createRepository, type TestRepository } from "../support/repository.js";
import { TaskGate } from "../support/task-gate.js";

beforeAll(requireBuilt, 120_000);

const tree = { "a.txt": "a\n", "b.txt": "b\n" };

async function work(repository: TestRepository): Promise<{ gate: TaskGate; dying: DyingProcess }> {
  const gate = await TaskGate.create();
  const effects = [{ id: "edit", script: "echo half > a.txt", wait: true }];
  const dying = startDying(repository, { act: "run", effects, gate: gate.path, options: { runId: "run-1" } });
  await gate.reached("edit");
  return { gate, dying };
}

async function workAndDie(): Promise<TestRepository> {
  const repository = await createRepository({ tree });
  await (await work(repository)).dying.kill();
  return repository;
}

async function expectKept(path: string): Promise<void> {
  const recovery = await recoverRepository(path);
  expect(recovery).toMatchObject({ kept: [{ effectId: "edit", paths: 1 }], removed: [{ name: "w01" }], left: [] });
  expect(await git(path, ["show", "refs/coppice/run-1/effects/edit:a.txt"])).toBe("half");
  expect((await git(path, ["worktree", "list"])).split("\n").length).toBe(1);
  expect(await git(path, ["status", "--porcelain"])).toBe("");
  await fsck(path);
}

test("the repository alone was moved", async () => {
  const repository = await workAndDie();
  const moved = join(dirname(repository.path), "elsewhere");
  await rename(repository.path, moved);
  expect((await recoverRepository(moved, { dryRun: true })).repaired).toMatchObject([{ name: "w01" }]);
  await expectKept(moved);
  expect(existsSync(`${repository.path}.worktrees/w01`)).toBe(false);
});

test("the repository and its worktrees were moved together", async () => {
  const repository = await workAndDie();
  const home = join(dirname(repository.path), "home");
  await mkdir(home);
  const moved = join(home, "project");
  await rename(repository.path, moved);
  await rename(`${repository.path}.worktrees`, `${moved}.worktrees`);
  await expectKept(moved);
});

test("both were renamed", async () => {
  const repository = await workAndDie();
  const moved = join(dirname(repository.path), "renamed");
  await rename(repository.path, moved);
  await rename(`${repository.path}.worktrees`, `${moved}.worktrees`);
  await expectKept(moved);
});

test("a worktree with what no commit can hold works with git again after the move", async () => {
  const repository = await createRepository({ tree });
  const gate = await TaskGate.create();
  const effects = [{ id: "pipe", script: "mkfifo pipe; echo half > a.txt", wait: true }];
  const dying = startDying(repository, { act: "run", effects, gate: gate.path, options: { runId: "run-1" } });
  await gate.reached("pipe");
  await dying.kill();
  const moved = join(dirname(repository.path), "elsewhere");
  await rename(repository.path, moved);
  const recovery = await recoverRepository(moved);
  expect(recovery.repaired).toMatchObject([{ name: "w01", path: `${repository.path}.worktrees/w01` }]);
  expect(await git(`${repository.path}.worktrees/w01`, ["status", "--porcelain"])).toBe(" M a.txt");
  await git(moved, ["worktree", "prune"]);
  // And once more, when it is kept on purpose already.
  await rename(moved, repository.path);
  expect(await recoverRepository(repository.path)).toMatchObject({ repaired: [{ name: "w01" }], left: [] });
  expect(await git(`${repository.path}.worktrees/w01`, ["status", "--porcelain"])).toBe(" M a.txt");
});

test("the worktrees' folder is gone: the worktree is left and named", async () => {
  const repository = await workAndDie();
  await rename(`${repository.path}.worktrees`, join(dirname(repository.path), "lost"));
  const recovery = await recoverRepository(repository.path);
  expect(recovery).toMatchObject({ kept: [], removed: [], left: [{ what: "worktree w01" }] });
  expect(recovery.left[0]?.why).toContain("its folder is not there");
  expect(await repository.git("worktree", "list")).toContain("w01");
});

test("a copy of the repository leaves the worktrees of the one that it was copied from alone", async () => {
  const repository = await createRepository({ tree });
  const { gate, dying } = await work(repository);
  const copy = join(dirname(repository.path), "copy");
  await promisify(execFile)("cp", ["-a", repository.path, copy]);
  const path = `${repository.path}.worktrees/w01`;
  const files = () => Promise.all([".git", "a.txt"].map((name) => readFile(join(path, name), "utf8")));
  const before = await files();
  await recoverRepository(copy);
  await cleanRepository(copy);
  expect(await files()).toEqual(before);
  await gate.release("edit");
  expect(await dying.gone).toBe(0);
  expect(await repository.git("show", "HEAD:a.txt")).toBe("half");
  await repository.fsck();
});

test("a copy with an idle worktree on its list forgets it, and the folder stays", async () => {
  const repository = await createRepository({ tree });
  const { dying } = await work(repository);
  await dying.kill();
  await repository.git("worktree", "unlock", `${repository.path}.worktrees/w01`);
  await repository.git("worktree", "lock", "--reason", "coppice: idle, run run-1", `${repository.path}.worktrees/w01`);
  const copy = join(dirname(repository.path), "copy");
  await promisify(execFile)("cp", ["-a", repository.path, copy]);
  await recoverRepository(copy);
  expect(await readFile(`${repository.path}.worktrees/w01/a.txt`, "utf8")).toBe("half\n");
  expect((await git(copy, ["worktree", "list"])).split("\n").length).toBe(1);
  expect(await repository.git("worktree", "list")).toContain("w01");
});
