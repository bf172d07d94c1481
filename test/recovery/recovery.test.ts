// What dead processes leave, and what the next one that opens the repository makes of it. The dead are real processes, killed at a
// gate; git is the judge.
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type Recovery, recoverRepository } from "../../src/index.js";
import { requireBuilt } from "../support/built.js";
import { type Dying, type DyingEffect, startDying } from "../support/dying.js";
import { coppiceRefs, expectSound, linkedWorktrees, openManager } from "../support/manager.js";
import { createRepository, type TestRepository } from "../support/repository.js";
import { TaskGate } from "../support/task-gate.js";

beforeAll(requireBuilt, 120_000);

const tree = { "a.txt": "a\n", "b.txt": "b\n", "dir/c.txt": "c\n", ".gitignore": "node_modules/\n*.log\n" };
const nothing: Recovery = {
  dryRun: false,
  landing: null,
  displaced: [],
  kept: [],
  removed: [],
  repaired: [],
  left: [],
  locks: [],
};

/** Dies when every effect that waits has reached the gate and all of `snapshotted` are on disk. */
async function dieWith(
  repository: TestRepository,
  effects: readonly DyingEffect[],
  { snapshotted = [], options = {} }: { snapshotted?: readonly string[]; options?: Dying["options"] } = {},
): Promise<TaskGate> {
  const gate = await TaskGate.create();
  const dying = startDying(repository, {
    act: "run",
    effects,
    gate: gate.path,
    options: { runId: "run-1", ...options },
  });
  for (const { id, wait, outlives } of effects) if (wait || outlives) await gate.reached(id);
  for (const id of snapshotted) await dying.says(`snapshotted ${id}\n`);
  await dying.kill();
  return gate;
}

const keptText = (repository: TestRepository, effectId: string, path: string) =>
  repository.git("show", `refs/coppice/run-1/effects/${effectId}:${path}`);

/** What is in the folders of notes: nothing but the landing lock's file. */
async function notesOf(repository: TestRepository): Promise<string[]> {
  const names = await readdir(join(repository.path, ".git/coppice"), { recursive: true, withFileTypes: true });
  return names.filter((entry) => entry.isFile() && entry.name !== "landing.lock").map((entry) => entry.name);
}

async function expectRecovered(repository: TestRepository): Promise<void> {
  expect(await recoverRepository(repository.path)).toEqual(nothing);
  await expectSound(repository);
  expect(await notesOf(repository)).toEqual([]);
  expect(existsSync(`${repository.path}.worktrees`)).toBe(false);
}

describe("worktrees of the dead", () => {
  test("what an effect had written is kept under its name, and the worktree goes", async () => {
    const repository = await createRepository({ tree });
    await dieWith(repository, [
      {
        id: "edit",
        script: "echo half > a.txt; mkdir new; echo new > new/file; rm b.txt; echo no > x.log",
        wait: true,
      },
    ]);
    const [path] = await linkedWorktrees(repository);
    const recovery = await recoverRepository(repository.path);
    const ref = "refs/coppice/run-1/effects/edit";
    const snapshotOid = await repository.oid(ref);
    expect(recovery).toEqual({
      ...nothing,
      kept: [{ runId: "run-1", effectId: "edit", ref, snapshotOid, paths: 3, worktree: "w01" }],
      removed: [{ name: "w01", path, runId: "run-1", effectId: "edit" }],
    });
    expect(await repository.git("diff", "--name-status", `${ref}~`, ref)).toBe("M\ta.txt\nD\tb.txt\nA\tnew/file");
    expect(await repository.oid(`${ref}~`)).toBe(await repository.oid("HEAD"));
    expect(await repository.status()).toBe("");
    await expectRecovered(repository);
  });

  test("a manager that opens does it, says it, and answers for the effect as aborted", async () => {
    const repository = await createRepository({ tree });
    await dieWith(repository, [{ id: "edit", script: "echo half > a.txt", wait: true }]);
    const manager = await openManager(repository, { runId: "run-1" });
    const events: Recovery[] = [];
    manager.on("recovered", ({ recovery }) => events.push(recovery));
    expect(await manager.kept()).toMatchObject([{ runId: "run-1", effectId: "edit" }]);
    expect(manager.recovery.kept).toMatchObject([{ effectId: "edit" }]);
    // The effect is delivered again: another attempt, and what the first one left moves aside.
    const outcome = await manager.run({ id: "edit", task: ({ path }) => writeFile(join(path, "a.txt"), "whole\n") });
    expect(events).toEqual([manager.recovery]);
    expect(outcome).toMatchObject({ kind: "landed", attempt: 2, replayed: false });
    expect(await repository.git("show", "refs/coppice/run-1/attempts/edit/1:a.txt")).toBe("half");
    await manager.close();
    await expectSound(repository);
  });

  test("kept work of a dead process lands, and is replayed then whatever its request was", async () => {
    const repository = await createRepository({ tree });
    await dieWith(repository, [{ id: "edit", script: "echo half > a.txt", wait: true }]);
    const manager = await openManager(repository, { runId: "run-1" });
    expect(await manager.landKept("edit")).toMatchObject({ kind: "landed" });
    const task = () => Promise.reject(new Error("it runs again"));
    expect(await manager.run({ id: "edit", task })).toMatchObject({ kind: "landed", replayed: true });
    await manager.close();
    expect(await readFile(join(repository.path, "a.txt"), "utf8")).toBe("half\n");
    expect(await coppiceRefs(repository)).toEqual(["refs/coppice/run-1/ledger"]);
    await expectRecovered(repository);
  });

  test("one without changes goes, and so does an idle one", async () => {
    const repository = await createRepository({ tree });
    const effects = [
      { id: "none", script: "touch a.txt", wait: true },
      { id: "done", script: "echo done > b.txt" },
    ];
    await dieWith(repository, effects, { options: { limits: { worktrees: 2 } }, snapshotted: ["done"] });
    const paths = await linkedWorktrees(repository);
    const recovery = await recoverRepository(repository.path);
    expect(recovery.removed.map(({ path }) => path)).toEqual(paths);
    expect(recovery.kept).toMatchObject([{ effectId: "done", worktree: null }]);
    await expectRecovered(repository);
  });

  test("one that was being brought to its base holds nothing of the effect that it was for", async () => {
    const repository = await createRepository({ tree });
    const dying = startDying(repository, {
      act: "run",
      effects: [
        { id: "one", script: "echo one > a.txt" },
        { id: "two", script: "echo two > b.txt" },
      ],
      options: { runId: "run-1", limits: { worktrees: 1 } },
      dieAt: { method: "reset", nth: 2 },
    });
    expect(await dying.gone).toBe("SIGKILL");
    const [path] = await linkedWorktrees(repository);
    // Still the files of the first.
    expect(await readFile(join(path as string, "a.txt"), "utf8")).toBe("one\n");
    const recovery = await recoverRepository(repository.path);
    expect(recovery.removed.map(({ name }) => name)).toEqual(["w01"]);
    expect((await coppiceRefs(repository)).filter((ref) => ref.endsWith("/two"))).toEqual([]);
    await expectRecovered(repository);
  });

  test("commits and staged changes of the task are in what is kept, and its base is the effect's", async () => {
    const repository = await createRepository({ tree });
    const script =
      "echo committed > a.txt; git commit -qam mine; echo staged > b.txt; git add b.txt; echo loose > d.txt";
    await dieWith(repository, [{ id: "edit", script, wait: true }]);
    await repository.commit("the user goes on", { "dir/c.txt": "user\n" });
    await recoverRepository(repository.path);
    const ref = "refs/coppice/run-1/effects/edit";
    expect(await repository.oid(`${ref}~`)).toBe(await repository.oid("HEAD~"));
    expect(await repository.git("diff", "--name-only", `${ref}~`, ref)).toBe("a.txt\nb.txt\nd.txt");
    await expectRecovered(repository);
  });

  test("what was provisioned is no work", async () => {
    const repository = await createRepository({ tree });
    await repository.write({ "node_modules/x/index.js": "x\n" });
    const options = { provision: { link: ["node_modules"] } };
    await dieWith(repository, [{ id: "edit", script: "test -L node_modules; echo half > a.txt", wait: true }], {
      options,
    });
    expect((await recoverRepository(repository.path)).kept).toMatchObject([{ paths: 1 }]);
    expect(await readFile(join(repository.path, "node_modules/x/index.js"), "utf8")).toBe("x\n");
    await expectRecovered(repository);
  });

  test("what a commit cannot hold keeps the worktree in place, and is named", async () => {
    const repository = await createRepository({ tree });
    await dieWith(repository, [
      { id: "pipe", script: "mkfifo pipe; echo half > a.txt", wait: true },
      { id: "nested", script: "git init -q nested; echo x > nested/x; git -C nested add x", wait: true },
    ]);
    const recovery = await recoverRepository(repository.path);
    expect(recovery.left.map(({ why }) => why).sort()).toEqual([
      "a commit cannot hold all of it: nested: nested-repository; 'coppice drop run-1/nested' removes it",
      "a commit cannot hold all of it: pipe: special-file; 'coppice drop run-1/pipe' removes it",
    ]);
    expect(await keptText(repository, "pipe", "a.txt")).toBe("half");
    for (const { path } of recovery.left) expect(existsSync(join(path as string, "a.txt"))).toBe(true);
    expect((await linkedWorktrees(repository)).length).toBe(2);
    // From now on they are kept on purpose.
    expect(await recoverRepository(repository.path)).toEqual(nothing);
  });

  test("the same effect in a process that lives is let be, and so is a command that has outlived its manager", async () => {
    const repository = await createRepository({ tree });
    const gate = await dieWith(repository, [{ id: "edit", script: "echo half > a.txt", outlives: true }]);
    expect(await recoverRepository(repository.path)).toEqual(nothing);
    const [path] = await linkedWorktrees(repository);
    expect(await readFile(join(path as string, "a.txt"), "utf8")).toBe("half\n");
    await gate.release("edit");
    await gate.left("edit");
    while ((await recoverRepository(repository.path)).kept.length === 0)
      expect(await linkedWorktrees(repository)).toEqual([path]);
    expect(await keptText(repository, "edit", "a.txt")).toBe("half");
    await expectRecovered(repository);
  });

  test("those of a living manager are let be", async () => {
    const repository = await createRepository({ tree });
    const gate = await TaskGate.create();
    const effects = [{ id: "edit", script: "echo alive > a.txt", wait: true }];
    const living = startDying(repository, { act: "run", effects, gate: gate.path, options: { runId: "run-1" } });
    await gate.reached("edit");
    expect(await recoverRepository(repository.path)).toEqual(nothing);
    const manager = await openManager(repository, { runId: "run-1" });
    expect(manager.recovery).toEqual(nothing);
    await manager.close();
    await gate.release("edit");
    expect(await living.gone).toBe(0);
    expect(await repository.git("show", "HEAD:a.txt")).toBe("alive");
    await expectSound(repository);
  });

  test("the user's own worktrees are never touched", async () => {
    const repository = await createRepository({ tree });
    const mine = await repository.addWorktree("mine");
    await writeFile(join(mine, "a.txt"), "mine\n");
    await repository.git("worktree", "lock", "--reason", "do not touch", mine);
    await repository.git("worktree", "add", "-q", "--detach", `${repository.path}.worktrees/w02`);
    await repository.git("branch", "coppice/w01");
    await dieWith(repository, [{ id: "edit", script: "echo half > a.txt", wait: true }]);
    const refs = await repository.git("for-each-ref", "refs/heads");
    await recoverRepository(repository.path);
    expect((await linkedWorktrees(repository)).sort()).toEqual([mine, `${repository.path}.worktrees/w02`].sort());
    expect(await readFile(join(mine, "a.txt"), "utf8")).toBe("mine\n");
    expect(await repository.git("for-each-ref", "refs/heads")).toBe(refs);
    expect(await repository.git("worktree", "list", "--porcelain")).toContain("locked do not touch");
  });
});

describe("effects that have settled otherwise", () => {
  test("what a lease had changed after it landed is kept beside, and the landed outcome stands", async () => {
    const repository = await createRepository({ tree });
    const gate = await TaskGate.create();
    const effects = [
      { id: "landed", script: "echo landed > a.txt" },
      { id: "changed", script: "echo more > b.txt", wait: true },
    ];
    const options = { runId: "run-1" };
    const dying = startDying(repository, { act: "lease", name: "edit", effects, gate: gate.path, options });
    await gate.reached("changed");
    await dying.kill();
    const { kept } = await recoverRepository(repository.path);
    expect(kept.map(({ effectId }) => effectId)).toEqual([expect.stringMatching(/^edit-recovered-[0-9a-f]{12}$/)]);
    const manager = await openManager(repository, { runId: "run-1" });
    expect(await manager.landKept(kept[0]?.effectId as string)).toMatchObject({ kind: "landed" });
    await manager.close();
    expect(await repository.git("show", "HEAD:b.txt")).toBe("more");
    await expectRecovered(repository);
  });

  test("a lease that died after it landed, unchanged since, leaves nothing", async () => {
    const repository = await createRepository({ tree });
    const gate = await TaskGate.create();
    const effects = [
      { id: "landed", script: "echo landed > a.txt" },
      { id: "same", script: "true", wait: true },
    ];
    const dying = startDying(repository, {
      act: "lease",
      name: "edit",
      effects,
      gate: gate.path,
      options: { runId: "run-1" },
    });
    await gate.reached("same");
    await dying.kill();
    expect(await recoverRepository(repository.path)).toMatchObject({ kept: [], removed: [{ name: "w01" }], left: [] });
    expect(await repository.git("show", "HEAD:a.txt")).toBe("landed");
    await expectRecovered(repository);
  });

  test("several states of one lease are all kept, the last under the effect's name", async () => {
    const repository = await createRepository({ tree });
    const gate = await TaskGate.create();
    const effects = [
      { id: "first", script: "echo first > a.txt", snapshot: true },
      { id: "second", script: "echo second > a.txt", snapshot: true },
      { id: "third", script: "echo third > a.txt", wait: true },
    ];
    const options = { runId: "run-1" };
    const dying = startDying(repository, { act: "lease", name: "edit", effects, gate: gate.path, options });
    await gate.reached("third");
    await dying.kill();
    await recoverRepository(repository.path);
    const states = ["attempts/edit/1", "attempts/edit/2", "effects/edit"];
    const texts = states.map((state) => repository.git("show", `refs/coppice/run-1/${state}:a.txt`));
    expect(await Promise.all(texts)).toEqual(["first", "second", "third"]);
    await expectRecovered(repository);
  });

  test("an effect that another process works on again is left until that has settled", async () => {
    const repository = await createRepository({ tree });
    const gate = await TaskGate.create();
    const again = startDying(repository, {
      act: "live",
      effects: [{ id: "edit", script: "echo again > b.txt", wait: true }],
      gate: gate.path,
      options: { runId: "run-1" },
    });
    await gate.reached("live");
    const first = startDying(repository, {
      act: "run",
      effects: [{ id: "edit", script: "echo first > a.txt" }],
      options: { runId: "run-1" },
      dieAt: { method: "mergeSequence", nth: 1 },
    });
    expect(await first.gone).toBe("SIGKILL");
    await gate.release("live");
    await gate.reached("edit");
    const recovery = await recoverRepository(repository.path);
    expect(recovery.kept).toEqual([]);
    expect(recovery.left.map(({ what }) => what)).toContain("effect edit of run run-1");
    await gate.release("edit");
    expect(await again.gone).toBe(0);
    expect(await repository.git("log", "--format=%s")).toBe("Effect edit\ninitial");
    const { kept } = await recoverRepository(repository.path);
    expect(kept.map(({ effectId }) => effectId)).toEqual([expect.stringMatching(/^edit-recovered-/)]);
    expect(await keptText(repository, kept[0]?.effectId as string, "a.txt")).toBe("first");
    await expectRecovered(repository);
  });
});

describe("snapshots of the dead", () => {
  /** The first effect waits, so that those behind it have their snapshots on disk and have not landed. */
  const effects = [
    { id: "first", script: "echo first > a.txt", wait: true },
    { id: "second", script: "echo second > b.txt" },
    { id: "third", script: "echo third > dir/c.txt" },
  ];

  test("each is kept, and the anchor goes", async () => {
    const repository = await createRepository({ tree });
    await dieWith(repository, effects, { snapshotted: ["second", "third"] });
    expect((await coppiceRefs(repository)).filter((ref) => ref.includes("/anchors/")).length).toBe(1);
    // Nothing but the anchor holds them: what git collects must be nothing of it.
    await repository.git("gc", "--quiet", "--prune=now");
    const recovery = await recoverRepository(repository.path);
    expect(recovery.kept.map(({ effectId }) => effectId).sort()).toEqual(["first", "second", "third"]);
    expect(await coppiceRefs(repository)).toEqual([
      ...["first", "second", "third"].map((id) => `refs/coppice/run-1/effects/${id}`),
      "refs/coppice/run-1/ledger",
    ]);
    expect(await keptText(repository, "second", "b.txt")).toBe("second");
    await repository.git("gc", "--quiet", "--prune=now");
    expect(await keptText(repository, "third", "dir/c.txt")).toBe("third");
    await expectRecovered(repository);
  });

  test("one that has landed is left out, and the rest goes to another run of the same ID", async () => {
    const repository = await createRepository({ tree });
    const landed = [{ id: "zero", script: "echo zero > d.txt" }, ...effects];
    const gate = await TaskGate.create();
    const dying = startDying(repository, {
      act: "run",
      effects: landed,
      gate: gate.path,
      options: { runId: "run-1" },
      dieAt: { method: "moveTarget", nth: 2 },
    });
    for (const id of ["second", "third"]) await dying.says(`snapshotted ${id}\n`);
    await gate.reached("first");
    // Only zero may have landed so far; first lets the others go on into a landing that dies before it moves.
    await gate.release("first");
    expect(await dying.gone).toBe("SIGKILL");
    expect(await repository.git("log", "--format=%s")).toBe("Effect zero\ninitial");
    const manager = await openManager(repository, { runId: "run-1" });
    expect(manager.recovery.kept.map(({ effectId }) => effectId).sort()).toEqual(["first", "second", "third"]);
    const fail = () => Promise.reject(new Error("it runs again"));
    expect(await manager.run({ id: "zero", task: fail })).toMatchObject({ error: { code: "ERR_EFFECT_REUSED" } });
    for (const id of ["first", "second", "third"]) expect(await manager.landKept(id)).toMatchObject({ kind: "landed" });
    await manager.close();
    expect(await repository.git("log", "--format=%s")).toBe(
      "Effect third\nEffect second\nEffect first\nEffect zero\ninitial",
    );
    await expectRecovered(repository);
  });
});
