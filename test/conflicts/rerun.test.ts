// Policy "rerun": the task runs again on the target as it is then, knows the conflicts, and its earlier work is kept until it lands.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Conflict, commandTask, type Outcome, type TaskContext } from "../../src/index.js";
import { startDying } from "../support/dying.js";
import { coppiceRefs, expectSound, Gate, openManager } from "../support/manager.js";
import { createRepository, type TestRepository } from "../support/repository.js";

const read = (repository: TestRepository, path: string) => readFile(join(repository.path, path), "utf8");

/** Appends to what is there: from one base every two of these contradict each other. */
const appending =
  (path: string, text: string, seen: (context: TaskContext<undefined>) => unknown = () => {}) =>
  async (context: TaskContext<undefined>) => {
    await seen(context);
    const at = context.resolve(path);
    await writeFile(at, `${await readFile(at, "utf8")}${text}\n`);
    return context.attempt;
  };

test("the task runs again on the new base, with the conflicts, and lands; what it had kept goes then", async () => {
  const repository = await createRepository({ tree: { "a.txt": "base\n" } });
  const manager = await openManager(repository, { runId: "run-1", onConflict: "rerun" });
  const handed: (readonly Conflict[])[] = [];
  const refs: string[][] = [];
  const events: unknown[] = [];
  manager.on("effect:rerun", ({ effectId, attempt, conflicts }) => events.push([effectId, attempt, conflicts.length]));
  const [first, second] = await manager.parallel.allSettled([
    { id: "first", task: appending("a.txt", "first") },
    {
      id: "second",
      task: appending("a.txt", "second", async ({ conflicts }) => {
        handed.push(conflicts);
        refs.push(await coppiceRefs(repository));
      }),
    },
  ]);
  expect(first).toMatchObject({ kind: "landed", attempt: 1, reruns: [], resolutions: [] });
  expect(second).toMatchObject({
    kind: "landed",
    attempt: 2,
    value: 2,
    kept: null,
    baseOid: (first as { commitOid: string }).commitOid,
    resolutions: [{ path: "a.txt", kind: "content", policy: "rerun", gaveUp: null }],
    reruns: [
      { attempt: 1, ref: null, snapshotOid: expect.any(String), conflicts: [{ path: "a.txt", kind: "content" }] },
    ],
  });
  expect(events).toEqual([["second", 2, 1]]);
  expect(handed).toMatchObject([[], [{ path: "a.txt", kind: "content", content: expect.stringContaining(">>>>>>>") }]]);
  expect(refs[1]).toContain("refs/coppice/run-1/attempts/second/1");
  await manager.close();
  expect(await read(repository, "a.txt")).toBe("base\nfirst\nsecond\n");
  expect(await coppiceRefs(repository)).toEqual(["refs/coppice/run-1/ledger"]);
  await expectSound(repository);
});

test.each([1, 2, 8])("in request order each rerun lands before what came after it: %i worktrees", async (worktrees) => {
  const repository = await createRepository({ tree: { "a.txt": "base\n", "b.txt": "b\n" } });
  const manager = await openManager(repository, { runId: "same", limits: { worktrees }, onConflict: "rerun" });
  const ids = Array.from({ length: 10 }, (_, index) => index);
  const outcomes = await manager.parallel.mapSettled(ids, (index) => ({
    id: `e${index}`,
    message: `${index}`,
    // Every third one is in nobody's way.
    task:
      index % 3 === 2
        ? ({ resolve }: TaskContext<undefined>) => writeFile(resolve(`n${index}`), "")
        : appending("a.txt", `${index}`),
  }));
  expect(outcomes.map(({ kind }) => kind)).toEqual(ids.map(() => "landed"));
  // One rerun is enough for each, because nothing of its call lands before it does.
  expect(outcomes.map(({ reruns }) => reruns.length)).toEqual(ids.map((id) => (id === 0 || id % 3 === 2 ? 0 : 1)));
  expect(await repository.git("log", "--reverse", "--format=%s", "HEAD~10..HEAD")).toBe(ids.join("\n"));
  expect(await read(repository, "a.txt")).toBe("base\n0\n1\n3\n4\n6\n7\n9\n");
  await manager.close();
  expect(await repository.oid("HEAD")).toBe(await expectedTip());
  await expectSound(repository);
});

let tip: string | null = null;
/** The same whatever the pool's size; the first run says what it is. */
async function expectedTip(): Promise<string> {
  if (tip === null) {
    const repository = await createRepository({ tree: { "a.txt": "base\n", "b.txt": "b\n" } });
    const manager = await openManager(repository, {
      runId: "same",
      limits: { worktrees: 3 },
      onConflict: { rerun: 1 },
    });
    await manager.parallel.mapSettled(
      Array.from({ length: 10 }, (_, index) => index),
      (index) => ({
        id: `e${index}`,
        message: `${index}`,
        task:
          index % 3 === 2
            ? ({ resolve }: TaskContext<undefined>) => writeFile(resolve(`n${index}`), "")
            : appending("a.txt", `${index}`),
      }),
    );
    await manager.close();
    tip = await repository.oid("HEAD");
  }
  return tip;
}

/** Commits the same line of a.txt each time the task has run, so that it conflicts every time. */
const contradicted = (repository: TestRepository) => {
  let times = 0;
  return async ({ resolve, attempt }: TaskContext<undefined>) => {
    await writeFile(resolve("a.txt"), `effect ${attempt}\n`);
    await repository.commit(`mine ${++times}`, { "a.txt": `mine ${times}\n` });
  };
};

test.each([
  ["rerun", 2],
  [{ rerun: 1 }, 1],
] as const)("%j: after that often it is conflicted, and all of its work is kept", async (policy, reruns) => {
  const repository = await createRepository({ tree: { "a.txt": "base\n" } });
  const manager = await openManager(repository, { runId: "run-1" });
  const outcome = await manager.run({ id: "one", task: contradicted(repository), onConflict: policy });
  expect(outcome).toMatchObject({ kind: "conflicted", attempt: reruns + 1 });
  expect(outcome.reruns.map(({ attempt, ref }) => [attempt, ref])).toEqual(
    Array.from({ length: reruns }, (_, index) => [index + 1, `refs/coppice/run-1/attempts/one/${index + 1}`]),
  );
  expect(outcome.resolutions.at(-1)).toMatchObject({
    policy: "rerun",
    gaveUp: `its task has run again ${reruns} times`,
  });
  for (const [index, { ref }] of outcome.reruns.entries())
    expect(await repository.git("show", `${ref}:a.txt`)).toBe(`effect ${index + 1}`);
  expect(await repository.git("show", `${outcome.kept?.ref}:a.txt`)).toBe(`effect ${reruns + 1}`);
  await manager.close();
  await expectSound(repository);
});

test("a rerun that fails keeps the earlier work, and lets those behind it land", async () => {
  const repository = await createRepository({ tree: { "a.txt": "base\n" } });
  const manager = await openManager(repository, { runId: "run-1", onConflict: "rerun" });
  const outcomes = await manager.parallel.allSettled([
    { id: "first", task: appending("a.txt", "first") },
    {
      id: "second",
      task: appending("a.txt", "second", ({ attempt }) => {
        if (attempt === 2) throw new Error("not again");
      }),
    },
    { id: "third", task: ({ resolve }) => writeFile(resolve("third.txt"), "") },
  ]);
  expect(outcomes.map(({ kind }) => kind)).toEqual(["landed", "failed", "landed"]);
  const ref = "refs/coppice/run-1/attempts/second/1";
  expect(outcomes[1]).toMatchObject({ attempt: 2, reruns: [{ attempt: 1, ref }] });
  expect(await repository.git("show", `${ref}:a.txt`)).toBe("base\nsecond");
  expect(await repository.git("log", "--reverse", "--format=%s")).toBe("initial\nEffect first\nEffect third");
});

test("what comes after a rerun in its call waits for it; others do not", async () => {
  const repository = await createRepository({ tree: { "a.txt": "base\n" } });
  const manager = await openManager(repository, { onConflict: "rerun" });
  const held = new Gate();
  const begun = new Gate();
  const call = manager.parallel.allSettled([
    { id: "first", message: "first", task: appending("a.txt", "first") },
    {
      id: "second",
      message: "second",
      task: appending("a.txt", "second", async ({ attempt }) => {
        if (attempt === 1) return;
        begun.open();
        await held.opened;
      }),
    },
    { id: "third", message: "third", task: ({ resolve }) => writeFile(resolve("third.txt"), "") },
  ]);
  await begun.opened;
  const other = await manager.run({
    id: "other",
    message: "other",
    task: ({ resolve }) => writeFile(resolve("o.txt"), ""),
  });
  expect(other.kind).toBe("landed");
  held.open();
  expect((await call).map(({ kind }) => kind)).toEqual(["landed", "landed", "landed"]);
  expect(await repository.git("log", "--reverse", "--format=%s")).toBe("initial\nfirst\nother\nsecond\nthird");
});

test("an abort during a rerun ends it, and its earlier work stays kept", async () => {
  const repository = await createRepository({ tree: { "a.txt": "base\n" } });
  const manager = await openManager(repository, { runId: "run-1", onConflict: "rerun", limits: { graceMs: 0 } });
  const abort = new AbortController();
  const outcomes: Outcome[] = await manager.parallel.allSettled([
    { id: "first", task: appending("a.txt", "first") },
    {
      id: "second",
      signal: abort.signal,
      task: appending("a.txt", "second", ({ attempt }) => {
        if (attempt === 2) abort.abort();
      }),
    },
  ]);
  expect(outcomes[1]).toMatchObject({ kind: "aborted", reruns: [{ ref: "refs/coppice/run-1/attempts/second/1" }] });
  expect(await repository.git("show", "refs/coppice/run-1/attempts/second/1:a.txt")).toBe("base\nsecond");
});

test("a command finds the conflicts in a file that COPPICE_CONFLICTS names, outside the worktree", async () => {
  const repository = await createRepository({ tree: { "a.txt": "base\n" } });
  const manager = await openManager(repository, { onConflict: "rerun" });
  const script =
    'if [ -n "$COPPICE_CONFLICTS" ]; then cat "$COPPICE_CONFLICTS" > seen.json; fi; echo "$COPPICE_ATTEMPT" >> a.txt';
  const [, outcome] = await manager.parallel.allSettled([
    { id: "first", task: appending("a.txt", "first") },
    { id: "second", task: commandTask("sh", ["-c", script]) },
  ]);
  expect(outcome).toMatchObject({ kind: "landed", attempt: 2 });
  await manager.close();
  expect(await read(repository, "a.txt")).toBe("base\nfirst\n2\n");
  const seen = JSON.parse(await read(repository, "seen.json"));
  expect(seen).toMatchObject({ effectId: "second", attempt: 2, conflicts: [{ path: "a.txt", kind: "content" }] });
  expect(await repository.git("ls-tree", "--name-only", "HEAD")).toBe("a.txt\nseen.json");
});

test("a module task gets them in its context", async () => {
  const repository = await createRepository({ tree: { "a.txt": "base\n" } });
  const manager = await openManager(repository, { onConflict: "rerun" });
  const { moduleTask } = await import("../../src/index.js");
  const module = new URL("../fixtures/tasks/conflicts.task.mjs", import.meta.url);
  const outcomes = await manager.parallel.allSettled([
    { id: "first", task: moduleTask(module) },
    { id: "second", task: moduleTask(module) },
    { id: "third", task: moduleTask(module, undefined, { runIn: "process" }) },
  ]);
  expect(outcomes.map((outcome) => (outcome as { value?: unknown }).value)).toEqual([
    [],
    ["content a.txt"],
    ["content a.txt"],
  ]);
});

test("rules may take one side for some paths and run again for others", async () => {
  const repository = await createRepository({ tree: { "a.txt": "base\n", "lock.json": "base\n" } });
  const manager = await openManager(repository, {
    onConflict: [
      { paths: ["lock.json"], policy: "theirs" },
      { paths: ["*"], policy: "rerun" },
    ],
  });
  const both = (name: string) => async (context: TaskContext<undefined>) => {
    await appending("a.txt", name)(context);
    await writeFile(context.resolve("lock.json"), `${name}\n`);
  };
  const lockOnly = ({ resolve }: TaskContext<undefined>) => writeFile(resolve("lock.json"), "third\n");
  const outcomes = await manager.parallel.allSettled([
    { id: "first", task: both("first") },
    { id: "second", task: both("second") },
    { id: "third", task: lockOnly },
  ]);
  expect(outcomes.map(({ kind, reruns }) => [kind, reruns.length])).toEqual([
    ["landed", 0],
    ["landed", 1],
    ["landed", 0],
  ]);
  expect(outcomes[2]?.resolutions).toMatchObject([{ path: "lock.json", policy: "theirs" }]);
  await manager.close();
  expect(await read(repository, "lock.json")).toBe("third\n");
});

test.each([
  ["mergeSequence", 1],
  ["mergeSequence", 2],
  ["flush", 4],
  ["flush", 5],
  ["flush", 6],
  ["moveTarget", 2],
])("killed before %s %i and begun again: as if nothing had happened", async (method, nth) => {
  const repository = await createRepository({ tree: { "a.txt": "base\n" } });
  const effects = ["one", "two"].map((id) => ({ id, script: `echo ${id} >> a.txt` }));
  const options = { runId: "run-1", onConflict: "rerun" as const };
  await startDying(repository, { act: "run", effects, options, dieAt: { method, nth } }).gone;
  expect(await startDying(repository, { act: "run", effects, options }).gone).toBe(0);
  expect((await read(repository, "a.txt")).split("\n").sort().join(" ")).toBe(" base one two");
  expect(await repository.git("rev-list", "--count", "HEAD")).toBe("3");
  await expectSound(repository);
});
