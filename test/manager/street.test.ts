// The street end to end, with function tasks: what lands, what is kept, what the user's git sees.
import { appendFile, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isCoppiceError, type Outcome, type TaskContext } from "../../src/index.js";
import { coppiceRefs, expectSound, Gate, linkedWorktrees, openManager } from "../support/manager.js";
import { createRepository } from "../support/repository.js";

const lines = Array.from({ length: 30 }, (_, index) => `line ${index}\n`).join("");
const tree = { "a.txt": "a\n", "b.txt": "b\n", "lines.txt": lines, "dir/c.txt": "c\n" };

/** Writes one file of the worktree. */
const writing = (path: string, text: string) => async (context: TaskContext<undefined>) =>
  writeFile(context.resolve(path), text);

test("one effect lands as one commit with trailers, and the working tree follows", async () => {
  const repository = await createRepository({ tree });
  const before = await repository.oid("HEAD");
  const manager = await openManager(repository, { runId: "run-1" });
  const outcome = await manager.run({
    id: "edit-a",
    message: "Edit a",
    task: async ({ resolve }) => {
      await writeFile(resolve("a.txt"), "changed\n");
      await writeFile(resolve("new.txt"), "new\n");
      await rm(resolve("b.txt"));
      return { files: 3 };
    },
  });
  await manager.close();

  expect(outcome).toMatchObject({
    kind: "landed",
    effectId: "edit-a",
    runId: "run-1",
    baseOid: before,
    value: { files: 3 },
  });
  expect(outcome.changes.map((change) => change.path)).toEqual(["a.txt", "b.txt", "new.txt"]);
  if (outcome.kind !== "landed") throw new Error("not landed");
  expect(outcome.commitOid).toBe(await repository.oid("HEAD"));
  expect(await repository.git("show", "-s", "--format=%P|%an|%ae|%aI|%B", "HEAD")).toBe(
    `${before}|E Ffect|effect@example.com|2026-01-02T03:04:05+00:00|Edit a\n\nEffect-Id: edit-a\nRun-Id: run-1\n`,
  );
  expect(await readFile(join(repository.path, "a.txt"), "utf8")).toBe("changed\n");
  expect(await repository.status()).toBe("");
  expect(await coppiceRefs(repository)).toEqual(["refs/coppice/run-1/ledger"]);
  await expectSound(repository);
});

test("edits of one file in different places are merged; the same place is a conflict that is kept", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, { runId: "run-1" });
  const replacing =
    (from: string, to: string) =>
    async ({ resolve }: TaskContext<undefined>) => {
      const text = await readFile(resolve("lines.txt"), "utf8");
      await writeFile(resolve("lines.txt"), text.replace(from, to));
    };
  const outcomes = await manager.parallel.allSettled([
    { id: "top", task: replacing("line 2\n", "top\n") },
    { id: "bottom", task: replacing("line 27\n", "bottom\n") },
    { id: "top-again", task: replacing("line 2\n", "other\n") },
  ]);
  await manager.close();

  expect(outcomes.map((outcome) => outcome.kind)).toEqual(["landed", "landed", "conflicted"]);
  const text = await readFile(join(repository.path, "lines.txt"), "utf8");
  expect(text).toBe(lines.replace("line 2\n", "top\n").replace("line 27\n", "bottom\n"));
  const conflicted = outcomes[2] as Extract<Outcome, { kind: "conflicted" }>;
  expect(conflicted.conflicts.map(({ path, kind }) => ({ path, kind }))).toEqual([
    { path: "lines.txt", kind: "content" },
  ]);
  expect(conflicted.kept?.ref).toBe("refs/coppice/run-1/effects/top-again");
  // The command that the outcome prints shows the kept work.
  const shown = await repository.git(...(conflicted.kept?.commands.look.split(" ").slice(1) ?? []));
  expect(shown).toContain("+other");
  expect(await repository.status()).toBe("");
  await expectSound(repository);
});

test("a task that throws fails its effect alone, and its files are kept", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, { runId: "run-1" });
  const outcomes = await manager.parallel.allSettled([
    { id: "good", task: writing("a.txt", "good\n") },
    {
      id: "bad",
      task: async ({ resolve }) => {
        await writeFile(resolve("b.txt"), "half done\n");
        throw new RangeError("no");
      },
    },
    { id: "empty-handed", task: () => Promise.reject(new Error("at once")) },
    { id: "idle", task: () => 7 },
  ]);
  await manager.close();

  expect(outcomes.map((outcome) => outcome.kind)).toEqual(["landed", "failed", "failed", "unchanged"]);
  const [, bad, empty, idle] = outcomes;
  if (bad.kind !== "failed" || empty.kind !== "failed" || idle.kind !== "unchanged") throw new Error("kinds");
  expect(bad.error.code).toBe("ERR_TASK_FAILED");
  expect(bad.error.cause).toMatchObject({ name: "RangeError", message: "no" });
  expect(await repository.git("show", `${bad.kept?.ref}:b.txt`)).toBe("half done");
  expect(empty.kept).toBeNull();
  expect(idle.value).toBe(7);
  expect(await readFile(join(repository.path, "b.txt"), "utf8")).toBe("b\n");
  await expectSound(repository);
});

test("parallel.all gives the values, or an EffectsError with every outcome", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository);
  const values = await manager.parallel.all([
    { id: "one", task: () => 1 },
    { id: "two", task: ({ resolve }) => writeFile(resolve("a.txt"), "2\n").then(() => "two") },
  ]);
  expect(values).toEqual([1, "two"]);
  const failing = manager.parallel.all([
    { id: "three", task: () => 3 },
    { id: "four", task: () => Promise.reject(new Error("four")) },
  ]);
  await expect(failing).rejects.toMatchObject({
    code: "ERR_EFFECTS",
    message: "1 of 2 effects did not land: four failed",
    outcomes: [{ kind: "unchanged" }, { kind: "failed" }],
  });
});

test("dirty and untracked files of the user stay; an effect that would touch one is blocked and kept", async () => {
  const repository = await createRepository({ tree });
  await repository.write({ "a.txt": "mine\n", "notes.txt": "note\n" });
  const manager = await openManager(repository, { runId: "run-1" });
  const outcomes = await manager.parallel.allSettled([
    { id: "touches-a", task: writing("a.txt", "theirs\n") },
    { id: "adds-notes", task: writing("notes.txt", "theirs\n") },
    { id: "elsewhere", task: writing("b.txt", "landed\n") },
  ]);
  await manager.close();

  expect(outcomes.map((outcome) => outcome.kind)).toEqual(["blocked", "blocked", "landed"]);
  expect(outcomes[0]).toMatchObject({ blocked: [{ path: "a.txt", reason: "modified" }] });
  expect(outcomes[1]).toMatchObject({ blocked: [{ path: "notes.txt", reason: "untracked" }] });
  expect(await repository.status()).toBe(" M a.txt\n?? notes.txt");
  expect(await readFile(join(repository.path, "a.txt"), "utf8")).toBe("mine\n");
  expect(await readFile(join(repository.path, "notes.txt"), "utf8")).toBe("note\n");
  expect(await readFile(join(repository.path, "b.txt"), "utf8")).toBe("landed\n");
  await expectSound(repository);
});

test("while an effect runs its lease is visible to the manager and to git; afterwards nothing is", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, { runId: "run-1" });
  const [inside, done] = [new Gate(), new Gate()];
  const running = manager.run({
    id: "slow",
    task: async () => {
      inside.open();
      await done.opened;
    },
  });
  await inside.opened;
  expect(await manager.list()).toMatchObject([{ name: "w01", state: "leased", effectId: "slow", runId: "run-1" }]);
  const listed = await repository.git("worktree", "list", "--porcelain");
  expect(listed).toContain(`worktree ${repository.path}.worktrees/w01`);
  expect(listed).toContain("locked coppice: effect slow, run run-1");
  expect(await repository.status()).toBe("");
  done.open();
  await running;
  await manager.close();
  expect(await linkedWorktrees(repository)).toEqual([]);
});

test("an aborted effect settles as aborted, with what it had done kept", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, { runId: "run-1" });
  const controller = new AbortController();
  const outcome = await manager.run({
    id: "long",
    signal: controller.signal,
    task: async ({ resolve, signal }) => {
      await appendFile(resolve("a.txt"), "half\n");
      const aborted = new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
      );
      controller.abort(new Error("enough"));
      await aborted;
    },
  });
  await manager.close();
  if (outcome.kind !== "aborted") throw new Error(outcome.kind);
  expect(isCoppiceError(outcome.error, "ERR_ABORTED")).toBe(true);
  expect(await repository.git("show", `${outcome.kept?.ref}:a.txt`)).toBe("a\nhalf");
  await expectSound(repository);
});

test("an effect that waits for a worktree can be aborted, and disturbs nobody", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, { limits: { worktrees: 1 } });
  const [inside, done] = [new Gate(), new Gate()];
  const first = manager.run({
    id: "first",
    task: async ({ resolve }) => {
      inside.open();
      await done.opened;
      await writeFile(resolve("a.txt"), "first\n");
    },
  });
  await inside.opened;
  const controller = new AbortController();
  const second = manager.run({ id: "second", task: () => null, signal: controller.signal });
  controller.abort();
  expect(await second).toMatchObject({ kind: "aborted", kept: null, baseOid: null });
  done.open();
  expect(await first).toMatchObject({ kind: "landed" });
});

test("events tell every transition in order", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository);
  const seen: string[] = [];
  const names = [
    "effect:requested",
    "effect:acquired",
    "task:started",
    "task:progress",
    "task:ended",
    "effect:snapshotted",
    "effect:released",
    "effect:merged",
    "target:landed",
    "effect:settled",
  ] as const;
  for (const name of names) manager.on(name, () => seen.push(name));
  await manager.run({
    id: "one",
    task: async ({ resolve, progress }) => {
      progress({ half: true });
      await writeFile(resolve("a.txt"), "1\n");
    },
  });
  expect(seen).toEqual(names);
});
