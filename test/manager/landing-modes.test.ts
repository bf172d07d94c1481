// Where and how effects land: the target checked out here, elsewhere, nowhere, or bare; commits or working-tree changes;
// linear or merge history.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { TaskContext } from "../../src/index.js";
import { git } from "../support/git.js";
import { openManager } from "../support/manager.js";
import { createRepository } from "../support/repository.js";

const tree = { "a.txt": "a\n", "dir/b.txt": "b\n" };
const editing = async ({ resolve }: TaskContext<undefined>) => {
  await writeFile(resolve("a.txt"), "changed\n");
  await writeFile(resolve("dir/new.txt"), "new\n");
};

test("history merge keeps the snapshot as second parent", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, { history: "merge" });
  const outcome = await manager.run({ id: "one", task: editing });
  const parents = await repository.git("show", "-s", "--format=%P", "HEAD");
  expect(parents.split(" ")).toEqual([outcome.baseOid, outcome.snapshotOid]);
  await manager.close();
  await repository.fsck();
});

test("a branch that no worktree has checked out only moves", async () => {
  const repository = await createRepository({ tree });
  await repository.git("branch", "other");
  const manager = await openManager(repository, { target: "other" });
  const outcome = await manager.run({ id: "one", task: editing });
  expect(outcome).toMatchObject({ kind: "landed", commitOid: await repository.oid("other") });
  expect(await repository.status()).toBe("");
  expect(await readFile(join(repository.path, "a.txt"), "utf8")).toBe("a\n");
  expect(await repository.git("show", "other:a.txt")).toBe("changed");
});

test("a branch that a linked worktree has checked out moves with that worktree", async () => {
  const repository = await createRepository({ tree });
  const linked = await repository.addWorktree("linked", { branch: "feature" });
  const manager = await openManager(repository, { target: "feature" });
  expect(await manager.run({ id: "one", task: editing })).toMatchObject({ kind: "landed" });
  expect(await readFile(join(linked, "a.txt"), "utf8")).toBe("changed\n");
  expect(await git(linked, ["status", "--porcelain"])).toBe("");
  expect(await repository.status()).toBe("");
});

test("a bare repository", async () => {
  const repository = await createRepository({ tree, bare: true });
  const manager = await openManager(repository);
  expect(await manager.run({ id: "one", task: editing })).toMatchObject({ kind: "landed" });
  await manager.close();
  expect(await repository.git("show", "main:dir/new.txt")).toBe("new");
  await repository.fsck();
});

test("a detached HEAD moves itself", async () => {
  const repository = await createRepository({ tree });
  await repository.git("checkout", "--quiet", "--detach");
  const main = await repository.oid("main");
  const manager = await openManager(repository);
  expect(await manager.run({ id: "one", task: editing })).toMatchObject({
    kind: "landed",
    commitOid: await repository.oid("HEAD"),
  });
  expect(await repository.oid("main")).toBe(main);
  expect(await repository.status()).toBe("");
});

test("land working-tree leaves merged changes uncommitted, one effect after the other", async () => {
  const repository = await createRepository({ tree });
  const head = await repository.oid("HEAD");
  await repository.write({ "notes.txt": "mine\n" });
  const manager = await openManager(repository, { land: "working-tree", runId: "run-1" });
  const first = await manager.run({ id: "one", task: editing });
  const second = await manager.run({
    id: "two",
    task: async ({ resolve }) => writeFile(resolve("a.txt"), `${await readFile(resolve("a.txt"), "utf8")}more\n`),
  });
  await manager.close();
  expect([first.kind, second.kind]).toEqual(["landed", "landed"]);
  expect(await repository.oid("HEAD")).toBe(head);
  expect(await repository.status()).toBe(" M a.txt\n?? dir/new.txt\n?? notes.txt");
  expect(await readFile(join(repository.path, "a.txt"), "utf8")).toBe("changed\nmore\n");
  await repository.fsck();
});

test("land working-tree goes on when the user commits what has landed", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, { land: "working-tree" });
  await manager.run({ id: "one", task: editing });
  await repository.commit("mine");
  expect(
    await manager.run({ id: "two", task: ({ resolve }) => writeFile(resolve("dir/b.txt"), "two\n") }),
  ).toMatchObject({
    kind: "landed",
  });
  expect(await repository.status()).toBe(" M dir/b.txt");
});

test.each([
  ["all of it", ["a.txt", "dir"]],
  ["nothing of what has landed", []],
])(
  "land working-tree: the user commits %s between two processes of a run, which goes on from there",
  async (_, landed) => {
    const repository = await createRepository({ tree });
    const options = { land: "working-tree", runId: "run-1" } as const;
    const first = await openManager(repository, options);
    await first.run({ id: "one", task: editing });
    await first.close();
    await repository.write({ "since.txt": "since\n", "dir/b.txt": "mine\n" });
    await repository.git("add", "since.txt", "dir/b.txt", ...landed);
    await repository.git("commit", "--quiet", "--message", "since");
    const second = await openManager(repository, options);
    const paths = ["a.txt", "dir/b.txt", "dir/new.txt", "since.txt"];
    const outcome = await second.run({
      id: "two",
      task: async ({ path, resolve }) => {
        const seen = await Promise.all(paths.map((name) => readFile(join(path, name), "utf8")));
        await writeFile(resolve("dir/b.txt"), "mine\ntwo\n");
        return seen;
      },
    });
    expect(outcome).toMatchObject({ kind: "landed", value: ["changed\n", "mine\n", "new\n", "since\n"] });
    expect(await second.run({ id: "one", task: editing })).toMatchObject({ kind: "landed", replayed: true });
    await second.close();
    const committed = landed.length > 0;
    expect(await repository.status()).toBe(committed ? " M dir/b.txt" : " M a.txt\n M dir/b.txt\n?? dir/new.txt");
    expect(await readFile(join(repository.path, "dir/b.txt"), "utf8")).toBe("mine\ntwo\n");
    await repository.fsck();
  },
);

test("land working-tree: what has landed still has when the user commits, also before the ledger is written again", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, { land: "working-tree", runId: "run-1" });
  await manager.run({ id: "one", task: editing });
  await repository.commit("mine");
  await manager.describe();
  expect(await manager.recorded("one")).toMatchObject({ kind: "landed" });
  expect(await manager.run({ id: "one", task: editing })).toMatchObject({ replayed: true });
});

test("land working-tree: where the user's commit contradicts what has landed the commit counts", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, { land: "working-tree" });
  await manager.run({ id: "one", task: editing });
  await repository.commit("mine", { "a.txt": "changed by me\n" });
  const outcome = await manager.run({
    id: "two",
    task: async ({ resolve }) => {
      const seen = await readFile(resolve("a.txt"), "utf8");
      await writeFile(resolve("a.txt"), `${seen}two\n`);
      return seen;
    },
  });
  expect(outcome).toMatchObject({ kind: "landed", value: "changed by me\n" });
  expect(await readFile(join(repository.path, "a.txt"), "utf8")).toBe("changed by me\ntwo\n");
  expect(await repository.status()).toBe(" M a.txt");
});

test("the reflogs of branch and HEAD name the effects", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository);
  await manager.run({ id: "one", task: editing });
  expect(await repository.git("reflog", "-1", "--format=%gs")).toBe("coppice: land one");
  expect(await repository.git("reflog", "-1", "--format=%gs", "main")).toBe("coppice: land one");
});

test("a target that is deleted meanwhile fails the effect, and its work is kept", async () => {
  const repository = await createRepository({ tree });
  await repository.git("branch", "doomed");
  const manager = await openManager(repository, { target: "doomed", runId: "run-1" });
  const outcome = await manager.run({
    id: "one",
    task: async (context) => {
      await editing(context);
      await repository.git("branch", "-D", "doomed");
    },
  });
  expect(outcome).toMatchObject({ kind: "failed", error: { code: "ERR_TARGET_GONE" } });
  expect(await repository.git("show", "refs/coppice/run-1/effects/one:a.txt")).toBe("changed");
});
