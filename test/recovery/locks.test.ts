// Landings that died, and locks: ours go when their owner is dead, anybody else's stay.
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { cleanRepository, inspectRepository, recoverRepository, type TaskContext } from "../../src/index.js";
import { requireBuilt } from "../support/built.js";
import { type Dying, startDying } from "../support/dying.js";
import { gitResult } from "../support/git.js";
import { coppiceRefs, expectSound, openManager } from "../support/manager.js";
import { createRepository, type TestRepository } from "../support/repository.js";
import { TaskGate } from "../support/task-gate.js";

beforeAll(requireBuilt, 120_000);

const tree = { "a.txt": "a\n", "b.txt": "b\n" };
const effects = [{ id: "edit", script: "echo landed > a.txt; rm b.txt; echo new > new.txt" }];

async function dieBefore(repository: TestRepository, method: string, options: Dying["options"] = {}): Promise<void> {
  const dying = startDying(repository, {
    act: "run",
    effects,
    options: { runId: "run-1", ...options },
    dieAt: { method, nth: 1 },
  });
  expect(await dying.gone).toBe("SIGKILL");
}

const read = (repository: TestRepository, path: string) => readFile(join(repository.path, path), "utf8");

for (const method of ["updatePaths", "endLanding"]) {
  test(`dead before ${method}: opening finishes the landing, and the user's git can go on`, async () => {
    const repository = await createRepository({ tree });
    const before = await repository.oid("HEAD");
    await dieBefore(repository, method);
    expect((await gitResult(repository.path, ["commit", "-qam", "mine"])).stderr).toContain("index.lock");
    const dry = await recoverRepository(repository.path, { dryRun: true });
    const landing = { target: "refs/heads/main", oldOid: before, newOid: await repository.oid("HEAD"), forward: true };
    expect(dry).toMatchObject({ landing, locks: [join(repository.path, ".git/index.lock")], kept: [] });
    const manager = await openManager(repository);
    expect(manager.recovery).toMatchObject({ landing, kept: [], left: [] });
    expect(await repository.status()).toBe("");
    expect(await read(repository, "a.txt")).toBe("landed\n");
    expect(await repository.git("log", "--format=%s")).toBe("Effect edit\ninitial");
    await manager.close();
    expect(await coppiceRefs(repository)).toEqual(["refs/coppice/run-1/ledger"]);
    await expectSound(repository);
  });
}

test("dead before moveTarget: the landing is discarded, and its effect kept", async () => {
  const repository = await createRepository({ tree });
  await dieBefore(repository, "moveTarget");
  const recovery = await recoverRepository(repository.path);
  expect(recovery).toMatchObject({ landing: null, kept: [{ effectId: "edit" }], left: [] });
  expect(recovery.locks).toEqual([join(repository.path, ".git/index.lock")]);
  expect(await repository.status()).toBe("");
  // Not as landed: the record of the dead landing is gone with it.
  const manager = await openManager(repository, { runId: "run-1" });
  expect(await manager.landKept("edit")).toMatchObject({ kind: "landed", attempt: 1 });
  await manager.close();
  expect(await repository.git("log", "--format=%s")).toBe("Effect edit\ninitial");
  await expectSound(repository);
});

test("kept work of a discarded landing survives what the run does next", async () => {
  const repository = await createRepository({ tree });
  await dieBefore(repository, "moveTarget");
  const manager = await openManager(repository, { runId: "run-1" });
  const other = await manager.run({ id: "other", task: ({ path }) => writeFile(join(path, "other.txt"), "other\n") });
  expect(other.kind).toBe("landed");
  const again = await manager.run({
    id: "edit",
    task: async ({ path }) => {
      await writeFile(join(path, "a.txt"), "again\n");
      throw new Error("and fails");
    },
  });
  expect(again).toMatchObject({ kind: "failed", attempt: 2 });
  await manager.close();
  expect(await repository.git("show", "refs/coppice/run-1/effects/edit:a.txt")).toBe("again");
  expect(await repository.git("show", "refs/coppice/run-1/attempts/edit/1:a.txt")).toBe("landed");
  await expectSound(repository);
});

test("a path that the user has changed since stays, and is named", async () => {
  const repository = await createRepository({ tree });
  await dieBefore(repository, "updatePaths");
  await repository.write({ "a.txt": "mine\n" });
  const recovery = await recoverRepository(repository.path);
  expect(recovery.displaced).toEqual([{ path: "a.txt", reason: "modified", keptPath: null }]);
  expect(await repository.status()).toBe(" M a.txt");
  expect(await read(repository, "a.txt")).toBe("mine\n");
  await expectSound(repository);
});

test("a landing that died is finished by the next one, and what it displaced is told there", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository);
  const warnings: string[] = [];
  manager.on("warning", ({ code, message }) => warnings.push(`${code}: ${message}`));
  await dieBefore(repository, "updatePaths");
  await repository.write({ "a.txt": "the user's\n" });
  const task = ({ resolve }: TaskContext<undefined>) => writeFile(resolve("other.txt"), "other\n");
  expect(await manager.run({ id: "other", task })).toMatchObject({ kind: "landed", displaced: [] });
  expect(warnings).toEqual([
    expect.stringMatching(/^PATH_DISPLACED: a\.txt was .* died .*: your version stayed as it is$/),
  ]);
  await manager.close();
  expect(await read(repository, "a.txt")).toBe("the user's\n");
  expect(await repository.status()).toBe(" M a.txt");
});

test("whoever only looks writes nothing", async () => {
  const repository = await createRepository({ tree });
  await repository.git("gc", "-q");
  await dieBefore(repository, "updatePaths");
  const packs = join(repository.path, ".git/objects/pack");
  const pack = (await readdir(packs)).find((name) => name.endsWith(".pack")) ?? "";
  await writeFile(join(packs, pack.replace(/pack$/, "keep")), "coppice session session-0123456789abcdef\n");
  const before = await listing(repository);
  await recoverRepository(repository.path, { dryRun: true });
  await cleanRepository(repository.path, { dryRun: true, olderThanMs: 0 });
  await inspectRepository(repository.path);
  expect(await listing(repository)).toEqual(before);
  await recoverRepository(repository.path);
  expect((await readdir(packs)).filter((name) => name.endsWith(".keep"))).toEqual([]);
});

/** Every file of the git directory, with the time of its last change; but for the landing lock, which says who holds it or did. */
async function listing(repository: TestRepository): Promise<string[]> {
  const entries = await readdir(join(repository.path, ".git"), { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && entry.name !== "landing.lock")
    .map(({ parentPath, name }) => join(parentPath, name));
  const times = await Promise.all(files.map(async (path) => `${path} ${(await stat(path)).mtimeMs}`));
  return times.sort();
}

test("land working-tree, dead before its files: they follow, and the branch stays", async () => {
  const repository = await createRepository({ tree });
  await dieBefore(repository, "updatePaths", { land: "working-tree" });
  expect(await repository.status()).toBe("");
  const recovery = await recoverRepository(repository.path);
  expect(recovery).toMatchObject({ landing: { target: "refs/coppice/run-1/tip", forward: true }, kept: [], left: [] });
  expect(await repository.status()).toBe(" M a.txt\n D b.txt\n?? new.txt");
  // What the user takes back afterwards stays so.
  await repository.git("checkout", "-q", "a.txt");
  expect((await recoverRepository(repository.path)).landing).toBeNull();
  expect(await repository.status()).toBe(" D b.txt\n?? new.txt");
});

test("foreign locks stay", async () => {
  const repository = await createRepository({ tree });
  await dieBefore(repository, "snapshot");
  const locks = [
    ".git/index.lock",
    ".git/HEAD.lock",
    ".git/packed-refs.lock",
    ".git/refs/heads/main.lock",
    ".git/config.lock",
  ];
  for (const lock of locks) await writeFile(join(repository.path, lock), "somebody's\n");
  const recovery = await recoverRepository(repository.path);
  expect(recovery).toMatchObject({ locks: [], kept: [{ effectId: "edit" }], removed: [{ name: "w01" }] });
  for (const lock of locks) expect(await read(repository, lock)).toBe("somebody's\n");
});

test("a git that holds the index while a dead landing is to be finished: it is left, and finished later", async () => {
  const repository = await createRepository({ tree });
  await dieBefore(repository, "updatePaths");
  // The user removes our lock, as git advises, and begins something.
  const lock = join(repository.path, ".git/index.lock");
  await rm(lock);
  await writeFile(lock, "");
  const manager = await openManager(repository, { limits: { lockTimeoutMs: 50 } });
  expect(manager.recovery).toMatchObject({ landing: null, left: [{ what: "a landing" }] });
  await rm(lock);
  expect((await recoverRepository(repository.path)).landing?.forward).toBe(true);
  expect(await repository.status()).toBe("");
  await manager.close();
});

test("trash, half-made admin directories and claims of the dead go; claims of the living stay", async () => {
  const repository = await createRepository({ tree });
  const gate = await TaskGate.create();
  await dieBefore(repository, "snapshot");
  // This one recovers, which fills the trash, and dies before it would have emptied it.
  const second = startDying(repository, { act: "live", gate: gate.path });
  await gate.reached("live");
  const living = startDying(repository, { act: "live", name: "living", gate: gate.path, options: { runId: "living" } });
  await gate.reached("living");
  await second.kill();
  const trash = `${repository.path}.worktrees/.trash`;
  expect((await readdir(trash)).length).toBe(2);
  const notes = join(repository.path, ".git/coppice");
  const half = join(notes, "worktrees/w07");
  await mkdir(half, { recursive: true });
  await writeFile(join(half, "gitdir"), "half");
  expect((await readdir(join(notes, "claims/run"))).length).toBe(2);
  await recoverRepository(repository.path);
  expect(await readdir(join(notes, "worktrees"))).toEqual([]);
  expect(await readdir(join(notes, "claims/run"))).toEqual(["living"]);
  expect(existsSync(trash)).toBe(false);
  await gate.release("living");
  expect(await living.gone).toBe(0);
  await expectSound(repository);
});
