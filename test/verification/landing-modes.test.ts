// The gate where effects land in other ways than as single commits: as changes of the working tree that stay uncommitted, and as merges
// with two parents. The same holds: what has passed is what lands, what has not passed is kept, and the user's files stay.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { commandTask, type ManagerOptions, type TaskContext } from "../../src/index.js";
import { startDying } from "../support/dying.js";
import { coppiceRefs, Gate, openManager } from "../support/manager.js";
import { createRepository, type TestRepository } from "../support/repository.js";
import { TaskGate } from "../support/task-gate.js";
import { textAt } from "../support/user-state.js";

const tree = { "a.txt": "a\n", "mine.txt": "mine\n" };
const noBadFile = commandTask("sh", ["-c", "echo junk > junk.txt; echo junk >> a.txt; test ! -e bad"]);
const writing =
  (path: string, text = "") =>
  ({ resolve }: TaskContext<undefined>) =>
    writeFile(resolve(path), text);

/** The first is done last, so that all come to the queue as one batch. */
function together(files: Record<string, string>) {
  const names = Object.keys(files);
  const held = new Gate();
  let written = 1;
  return names.map((name, index) => ({
    id: `e${index}`,
    task: async ({ resolve }: TaskContext<undefined>) => {
      if (index === 0) await held.opened;
      await writeFile(resolve(name), files[name] as string);
      if (++written === names.length) held.open();
    },
  }));
}

const treesOf = (repository: TestRepository, commits: readonly string[]) =>
  Promise.all(commits.map((commit) => repository.oid(`${commit}^{tree}`)));
const treeOf = async (repository: TestRepository, outcome: unknown) =>
  (await treesOf(repository, [(outcome as { commitOid: string }).commitOid]))[0];

/** The files that are not those of the first commit, committed or not. */
async function addedFiles(repository: TestRepository): Promise<string[]> {
  const committed = await repository.git("ls-tree", "-r", "--name-only", "HEAD");
  const others = await repository.git("ls-files", "--others", "--exclude-standard");
  return `${committed}\n${others}`
    .split("\n")
    .filter((path) => path !== "" && !(path in tree))
    .sort();
}

const modes: [string, ManagerOptions][] = [
  ["land commit, history merge", { history: "merge" }],
  ["land working-tree", { land: "working-tree" }],
  ["land working-tree, history merge", { land: "working-tree", history: "merge" }],
];

describe.each(modes)("%s", (_, mode) => {
  const commits = mode.land !== "working-tree";

  /** What stock git says of the repository once the manager is closed. */
  async function expectClean(repository: TestRepository, head: string): Promise<void> {
    await repository.fsck();
    expect((await coppiceRefs(repository)).filter((ref) => /candidates|anchors/.test(ref))).toEqual([]);
    if (commits) expect(await repository.status()).toBe("");
    else expect(await repository.oid("HEAD")).toBe(head);
  }

  test("what passes lands, and nothing of what the gate's task wrote", async () => {
    const repository = await createRepository({ tree });
    const head = await repository.oid("HEAD");
    const manager = await openManager(repository, { ...mode, verify: { task: noBadFile } });
    const outcomes = await manager.parallel.allSettled([
      { id: "one", task: writing("one.txt") },
      { id: "two", task: writing("two.txt") },
    ]);
    expect(outcomes).toMatchObject([
      { kind: "landed", timings: { verifyMs: expect.any(Number) } },
      { kind: "landed", timings: { verifyMs: expect.any(Number) } },
    ]);
    await manager.close();
    expect(await addedFiles(repository)).toEqual(["one.txt", "two.txt"]);
    expect(await textAt(repository.path, "a.txt")).toBe("a\n");
    await expectClean(repository, head);
  });

  test("of a batch only the guilty stays behind, kept; what lands has passed without it", async () => {
    const repository = await createRepository({ tree });
    const head = await repository.oid("HEAD");
    const passed: string[] = [];
    const manager = await openManager(repository, { ...mode, runId: "run-1", verify: { task: noBadFile } });
    manager.on("verify:ended", ({ ok, commitOid }) => ok && passed.push(commitOid));
    const outcomes = await manager.parallel.allSettled(together({ one: "", two: "", bad: "", three: "", four: "" }));
    expect(outcomes.map(({ kind }) => kind)).toEqual(["landed", "landed", "failed", "landed", "landed"]);
    expect(outcomes[2]).toMatchObject({
      error: { code: "ERR_VERIFY" },
      kept: { ref: "refs/coppice/run-1/effects/e2" },
    });
    expect(await treesOf(repository, passed)).toContain(await treeOf(repository, outcomes[4]));
    await manager.close();
    expect(await addedFiles(repository)).toEqual(["four", "one", "three", "two"]);
    expect(await repository.git("ls-tree", "--name-only", "refs/coppice/run-1/effects/e2")).toContain("bad");
    if (commits) {
      // Each landed effect is a merge of its own snapshot, and the guilty one's is in nobody's history.
      const merges = await repository.git("log", "--first-parent", "--reverse", "--format=%s %P", `${head}..HEAD`);
      const [first, second, , fourth, fifth] = outcomes;
      const snapshots = [first, second, fourth, fifth].map((outcome) => outcome?.snapshotOid);
      expect(merges.split("\n").map((line) => line.split(" ").at(-1))).toEqual(snapshots);
      expect(await repository.git("log", "--format=%H", "HEAD")).not.toContain(outcomes[2]?.snapshotOid as string);
    }
    await expectClean(repository, head);
  });

  test("the user commits while the gate looks: what would land now is looked at again", async () => {
    const repository = await createRepository({ tree });
    const asked: (string | null)[] = [];
    const manager = await openManager(repository, {
      ...mode,
      verify: {
        task: async ({ path }) => {
          asked.push(await textAt(path, "since.txt"));
          if (asked.length === 1) await repository.commit("since", { "since.txt": "since\n" });
        },
      },
    });
    expect((await manager.run({ id: "one", task: writing("one.txt") })).kind).toBe("landed");
    expect(asked).toEqual([null, "since\n"]);
    await manager.close();
    expect(await addedFiles(repository)).toEqual(["one.txt", "since.txt"]);
    await expectClean(repository, await repository.oid("HEAD"));
  });

  test("a file that the user changes while the gate looks stays; the rest lands as it was looked at without it", async () => {
    const repository = await createRepository({ tree });
    const passed: string[] = [];
    const manager = await openManager(repository, {
      ...mode,
      verify: { task: () => repository.write({ "mine.txt": "edited\n" }) },
    });
    manager.on("verify:ended", ({ ok, commitOid }) => ok && passed.push(commitOid));
    const outcomes = await manager.parallel.allSettled(together({ "one.txt": "", "mine.txt": "effect\n" }));
    expect(outcomes).toMatchObject([
      { kind: "landed" },
      { kind: "blocked", blocked: [{ path: "mine.txt", reason: "modified" }], kept: { ref: expect.any(String) } },
    ]);
    expect(await treesOf(repository, passed)).toContain(await treeOf(repository, outcomes[0]));
    await manager.close();
    expect(await textAt(repository.path, "mine.txt")).toBe("edited\n");
    expect(await repository.status()).toBe(commits ? " M mine.txt" : " M mine.txt\n?? one.txt");
    await repository.fsck();
  });

  test("killed while the gate looks: nothing has landed, and the next process lands it", async () => {
    const repository = await createRepository({ tree });
    const head = await repository.oid("HEAD");
    const gate = await TaskGate.create();
    const program = new URL("../fixtures/tasks/gate.mjs", import.meta.url).pathname;
    const task = commandTask("sh", ["-c", `echo junk > junk; exec ${process.execPath} ${program} ${gate.path} gate`]);
    const dying = startDying(repository, {
      act: "run",
      effects: [{ id: "one", script: "echo one > one.txt" }],
      options: { ...mode, runId: "run-1", verify: { task } },
    });
    await gate.reached("gate");
    await dying.kill();
    await gate.release("gate");
    const manager = await openManager(repository, { ...mode, runId: "run-1", verify: { task: noBadFile } });
    expect(await addedFiles(repository)).toEqual([]);
    expect(await repository.status()).toBe("");
    expect(manager.recovery.kept.map(({ effectId }) => effectId)).toEqual(["one"]);
    expect(await manager.landKept("one")).toMatchObject({ kind: "landed", timings: { verifyMs: expect.any(Number) } });
    await manager.close();
    expect(await addedFiles(repository)).toEqual(["one.txt"]);
    await expectClean(repository, head);
  });
});

test("with base working-tree the gate sees what is not committed, and what it refuses leaves that as it is", async () => {
  const repository = await createRepository({ tree });
  await repository.write({ "a.txt": "a\nmine\n", "new.txt": "new\n" });
  const seen: (string | null)[][] = [];
  const manager = await openManager(repository, {
    land: "working-tree",
    verify: {
      task: async ({ path }) => {
        seen.push(await Promise.all(["a.txt", "new.txt", "effect.txt"].map((name) => textAt(path, name))));
        if ((await textAt(path, "effect.txt")) === "bad\n") throw new Error("bad");
      },
    },
  });
  const base = { base: "working-tree" } as const;
  expect(await manager.run({ id: "bad", task: writing("effect.txt", "bad\n") }, base)).toMatchObject({
    kind: "failed",
    error: { code: "ERR_VERIFY" },
  });
  expect(await repository.status()).toBe(" M a.txt\n?? new.txt");
  expect(await manager.run({ id: "good", task: writing("effect.txt", "good\n") }, base)).toMatchObject({
    kind: "landed",
  });
  expect(seen).toEqual([
    ["a\nmine\n", "new\n", "bad\n"],
    ["a\nmine\n", "new\n", "good\n"],
  ]);
  await manager.close();
  expect(await repository.status()).toBe(" M a.txt\n?? effect.txt\n?? new.txt");
  expect(await readFile(join(repository.path, "a.txt"), "utf8")).toBe("a\nmine\n");
  await repository.fsck();
});
