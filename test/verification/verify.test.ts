// The verification gate: a task that looks at the merged tree before the target moves. What passes lands; of a batch that does not,
// only those at fault stay behind.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commandTask, moduleTask, type TaskContext } from "../../src/index.js";
import { startDying } from "../support/dying.js";
import { coppiceRefs, expectSound, Gate, openManager } from "../support/manager.js";
import { createRepository, type TestRepository } from "../support/repository.js";
import { TaskGate } from "../support/task-gate.js";

const writing =
  (path: string, text = "") =>
  ({ resolve }: TaskContext<undefined>) =>
    writeFile(resolve(path), text);

/** Passes unless the tree has a file `bad`, and writes where nothing of it may land. */
const noBadFile = commandTask("sh", ["-c", "echo junk > junk.txt; echo looked >&2; test ! -e bad"]);

const subjects = (repository: TestRepository) => repository.git("log", "--reverse", "--format=%s");

test("what passes lands, and nothing of what the gate's task wrote", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const manager = await openManager(repository, { runId: "run-1", verify: { task: noBadFile } });
  const events: unknown[] = [];
  manager.on("verify:started", ({ effectIds }) => events.push(effectIds));
  manager.on("verify:ended", ({ ok }) => events.push(ok));
  const outcome = await manager.run({ id: "one", task: writing("new.txt") });
  expect(outcome).toMatchObject({ kind: "landed", timings: { verifyMs: expect.any(Number) } });
  expect(events).toEqual([["one"], true]);
  await manager.close();
  expect(await repository.git("ls-tree", "--name-only", "HEAD")).toBe("a.txt\nnew.txt");
  expect(await repository.status()).toBe("");
  expect(await coppiceRefs(repository)).toEqual(["refs/coppice/run-1/ledger"]);
  await expectSound(repository);
});

test("without the option nothing is asked, and no time is said", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const manager = await openManager(repository);
  expect((await manager.run({ id: "one", task: writing("new.txt") })).timings.verifyMs).toBeNull();
});

test("what does not pass is kept, with the effects that were asked about and the task's output; the target stays", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const manager = await openManager(repository, { runId: "run-1", verify: { task: noBadFile } });
  const outcome = await manager.run({ id: "one", task: writing("bad") });
  expect(outcome).toMatchObject({
    kind: "failed",
    error: { code: "ERR_VERIFY", details: { effectIds: ["one"], exitCode: 1, stderr: "looked\n" } },
    kept: { ref: "refs/coppice/run-1/effects/one", commands: { land: "coppice land run-1/one" } },
  });
  expect(await subjects(repository)).toBe("initial");
  expect(await repository.git("ls-tree", "--name-only", outcome.kept?.ref as string)).toBe("a.txt\nbad");
});

test("of a batch only the guilty stay behind, found with as many questions as halving takes", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const ids = Array.from({ length: 16 }, (_, index) => index);
  const guilty = new Set([5, 11]);
  const held = new Gate();
  const asked: number[] = [];
  const manager = await openManager(repository, {
    verify: {
      task: async ({ path, verifies }) => {
        asked.push(verifies.length);
        // One file each, so that the gate can tell what is in the tree.
        const bad = verifies.filter((id) => guilty.has(Number(id.slice(1))));
        for (const id of bad) if ((await readFile(join(path, id), "utf8")) === "bad") throw new Error(`${id} is bad`);
      },
    },
  });
  const outcomes = await manager.parallel.mapSettled(ids, (index) => ({
    id: `e${index}`,
    task: async ({ resolve }: TaskContext<undefined>) => {
      // All come to the queue as one batch: the first is the last to be done.
      if (index === 0) await held.opened;
      await writeFile(resolve(`e${index}`), guilty.has(index) ? "bad" : "good");
      if (index === 15) held.open();
    },
  }));
  expect(outcomes.map(({ kind }) => kind)).toEqual(ids.map((id) => (guilty.has(id) ? "failed" : "landed")));
  expect(outcomes[5]).toMatchObject({ error: { code: "ERR_VERIFY", message: expect.stringContaining("e5 is bad") } });
  const [, , , , , fifth] = outcomes;
  expect(fifth?.kind === "failed" && fifth.error.details.effectIds?.at(-1)).toBe("e5");
  // All, four halves, all without the first, four halves, all without both; the queue may have cut the batch once.
  expect(asked.length).toBeLessThanOrEqual(14);
  await manager.close();
  await expectSound(repository);
});

test("where the target itself does not pass, nobody is searched for", async () => {
  const repository = await createRepository({ tree: { bad: "" } });
  let asked = 0;
  const held = new Gate();
  const manager = await openManager(repository, {
    verify: {
      task: () => {
        asked++;
        throw new Error("red");
      },
    },
  });
  const ids = Array.from({ length: 8 }, (_, index) => index);
  const outcomes = await manager.parallel.mapSettled(ids, (index) => ({
    id: `e${index}`,
    task: async ({ resolve }: TaskContext<undefined>) => {
      if (index === 0) await held.opened;
      await writeFile(resolve(`e${index}`), "");
      if (index === 7) held.open();
    },
  }));
  expect(outcomes.every(({ kind }) => kind === "failed")).toBe(true);
  expect(asked).toBeLessThanOrEqual(10);
});

test("one worktree at most: a lease that lands while it holds it is verified all the same", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const manager = await openManager(repository, { limits: { worktrees: 1 }, verify: { task: noBadFile } });
  const lease = await manager.acquire("by-hand");
  await writeFile(join(lease.path, "new.txt"), "");
  expect((await lease.land()).kind).toBe("landed");
  await lease.release();
  const outcomes = await manager.parallel.allSettled(["x", "y", "z"].map((id) => ({ id, task: writing(id) })));
  expect(outcomes.map(({ kind }) => kind)).toEqual(["landed", "landed", "landed"]);
});

test("one worktree at most: a task that waits for another's landing does not hold up its verification", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const manager = await openManager(repository, { limits: { worktrees: 1 }, verify: { task: noBadFile } });
  const landed = new Gate();
  manager.on("target:landed", () => landed.open());
  const outcomes = await manager.parallel.allSettled([
    { id: "first", task: writing("first.txt") },
    {
      id: "second",
      task: async ({ resolve }) => {
        await landed.opened;
        await writeFile(resolve("second.txt"), "");
      },
    },
  ]);
  expect(outcomes.map(({ kind }) => kind)).toEqual(["landed", "landed"]);
});

test("the target moves after a verification: what would land now is verified again", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  let asked = 0;
  const manager = await openManager(repository, {
    verify: {
      task: async () => {
        asked++;
        if (asked === 1) await repository.commitBeside("refs/heads/side", "side", { bad: "" });
        if (asked === 1) await repository.commit("mine", { bad: "" });
      },
    },
  });
  expect((await manager.run({ id: "one", task: writing("new.txt") })).kind).toBe("landed");
  expect(asked).toBe(2);
  expect(await subjects(repository)).toBe("initial\nmine\nEffect one");
});

test("a path that the user has changed: the rest is verified without that effect", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n", "mine.txt": "mine\n" } });
  await repository.write({ "mine.txt": "changed\n" });
  const asked: [string, string][] = [];
  const both = new Gate();
  const manager = await openManager(repository, {
    verify: {
      task: async ({ path, verifies }) => {
        asked.push([verifies.join(" "), await readFile(join(path, "mine.txt"), "utf8")]);
        // The others come to the queue meanwhile, and are one batch.
        await both.opened;
      },
    },
  });
  let snapshots = 0;
  manager.on("effect:snapshotted", () => {
    snapshots += 1;
    if (snapshots === 3) both.open();
  });
  const [zero, outcomes] = await Promise.all([
    manager.run({ id: "zero", task: writing("zero.txt") }),
    manager.parallel.allSettled([
      { id: "one", task: writing("one.txt") },
      { id: "two", task: writing("mine.txt", "effect\n") },
    ]),
  ]);
  expect([zero, ...outcomes].map(({ kind }) => kind)).toEqual(["landed", "landed", "blocked"]);
  // What landed is what was looked at last.
  expect(asked.at(-1)?.[1]).toBe("mine\n");
  expect(asked.filter(([ids, text]) => text === "effect\n" && !ids.includes("two"))).toEqual([]);
  await manager.close();
  expect(await readFile(join(repository.path, "mine.txt"), "utf8")).toBe("changed\n");
});

test("a gate that takes too long is a refusal; one that cannot be run fails as what it is", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const slow = await openManager(repository, {
    limits: { graceMs: 10 },
    verify: { task: commandTask("sleep", ["600"]), timeoutMs: 50 },
  });
  expect(await slow.run({ id: "one", task: writing("1") })).toMatchObject({
    kind: "failed",
    error: { code: "ERR_VERIFY", message: expect.stringContaining("50 ms") },
  });
  await slow.close();
  const missing = await openManager(repository, { verify: { task: commandTask("no-such-program-here") } });
  expect(await missing.run({ id: "two", task: writing("2") })).toMatchObject({
    kind: "failed",
    error: { code: "ERR_COMMAND_MISSING" },
    kept: { ref: expect.any(String) },
  });
});

test("an abort ends a verification; the work is kept", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const begun = new Gate();
  const manager = await openManager(repository, {
    limits: { graceMs: 10 },
    verify: { task: ({ signal }) => new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())) },
  });
  manager.on("verify:started", () => begun.open());
  const running = manager.run({ id: "one", task: writing("1") });
  await begun.opened;
  manager.abort();
  expect(await running).toMatchObject({ kind: "aborted", kept: { ref: expect.any(String) } });
  await manager.close();
  expect(await subjects(repository)).toBe("initial");
});

test("a verification ends when the last call that waits for it is aborted, and not before", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const [begun, both] = [new Gate(), new Gate()];
  const manager = await openManager(repository, {
    limits: { graceMs: 10 },
    verify: { task: ({ signal }) => new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())) },
  });
  manager.on("verify:started", () => begun.open());
  const asked: string[] = [];
  manager.on("verify:started", ({ effectIds }) => asked.push(effectIds.join(" ")));
  const [one, two] = [new AbortController(), new AbortController()];
  let snapshotted = 0;
  manager.on("effect:snapshotted", () => ++snapshotted === 3 && both.open());
  const first = manager.run({ id: "one", task: writing("1") }, { signal: one.signal });
  await begun.opened;
  const others = ["two", "three"].map((id) => manager.run({ id, task: writing(id) }, { signal: two.signal }));
  await both.opened;
  const reason = new Error("nobody waits");
  one.abort(reason);
  expect(await first).toMatchObject({
    kind: "aborted",
    error: { code: "ERR_ABORTED" },
    kept: { ref: expect.any(String) },
  });
  two.abort(reason);
  for (const outcome of await Promise.all(others)) expect(outcome).toMatchObject({ kind: "aborted" });
  // The manager lives on.
  expect(manager.runId).toBeTruthy();
  await manager.close();
  expect(await subjects(repository)).toBe("initial");
});

test("a module task may verify, and knows the effects", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const module = new URL("../fixtures/tasks/verify.task.mjs", import.meta.url);
  const manager = await openManager(repository, { verify: { task: moduleTask(module) } });
  expect((await manager.run({ id: "good", task: writing("1") })).kind).toBe("landed");
  expect(await manager.run({ id: "bad", task: writing("2") })).toMatchObject({
    kind: "failed",
    error: { code: "ERR_VERIFY" },
  });
});

test("killed while it verifies: nothing has landed, and nothing of the gate's is taken for work", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const gate = await TaskGate.create();
  const program = new URL("../fixtures/tasks/gate.mjs", import.meta.url).pathname;
  const verify = {
    task: commandTask("sh", ["-c", `echo junk > junk.txt; exec ${process.execPath} ${program} ${gate.path} gate`]),
  };
  const dying = startDying(repository, {
    act: "run",
    effects: [{ id: "one", script: "echo one > one.txt" }],
    options: { runId: "run-1", verify },
  });
  await gate.reached("gate");
  await dying.kill();
  await gate.release("gate");
  const manager = await openManager(repository, { runId: "run-1" });
  expect(manager.recovery.kept.map(({ effectId }) => effectId)).toEqual(["one"]);
  expect(await manager.landKept("one")).toMatchObject({ kind: "landed" });
  await manager.close();
  expect(await repository.git("ls-tree", "--name-only", "HEAD")).toBe("a.txt\none.txt");
  expect((await coppiceRefs(repository)).filter((ref) => ref.includes("/candidates/"))).toEqual([]);
});

test("a task that is none is refused by name", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  await expect(openManager(repository, { verify: { task: "npm test" as never } })).rejects.toThrow(
    /option "verify.task"/,
  );
});
