// Effects that start from what the user has not committed. Stock git says what that is; what the user has is the same afterwards, but for
// what effects changed in it.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { recoverRepository, type TaskContext } from "../../src/index.js";
import { requireBuilt } from "../support/built.js";
import { startDying } from "../support/dying.js";
import { coppiceRefs, Gate, linkedWorktrees, openManager } from "../support/manager.js";
import { createRepository, type TestRepository } from "../support/repository.js";
import { TaskGate } from "../support/task-gate.js";
import {
  bytesOf,
  effectPaths,
  everyPath,
  repositoryOf,
  textAt,
  userState,
  workingTreeOf,
} from "../support/user-state.js";

beforeAll(requireBuilt, 120_000);

const tree = { "a.txt": "1\n2\n3\n4\n5\n", "b.txt": "b\n", "gone.txt": "gone\n", ".gitignore": "*.log\n" };
const runs = { numRuns: Number(process.env.COPPICE_RUNS ?? 12) };

async function dirtyRepository(): Promise<TestRepository> {
  const repository = await createRepository({ tree });
  await repository.write({ "a.txt": "1\n2\nmine\n4\n5\n", "new.txt": "new\n", "own.log": "ignored\n" });
  await repository.git("rm", "--quiet", "gone.txt");
  return repository;
}

/** Adds a line at the end. */
const append =
  (path: string, line: string) =>
  async ({ resolve }: TaskContext<undefined>) => {
    await writeFile(resolve(path), `${await readFile(resolve(path), "utf8").catch(() => "")}${line}\n`);
  };

for (const land of ["commit", "working-tree"] as const) {
  test(`effects see what is not committed, and looking changes nothing of it (land ${land})`, async () => {
    const repository = await dirtyRepository();
    const before = await bytesOf(repository);
    const status = await repository.status();
    const manager = await openManager(repository, { land });
    const seen = ["a.txt", "new.txt", "gone.txt", "own.log"];
    const outcome = await manager.run(
      { id: "look", task: ({ path }) => Promise.all(seen.map((name) => textAt(path, name))) },
      { base: "working-tree" },
    );
    expect(outcome).toMatchObject({ kind: "unchanged", value: ["1\n2\nmine\n4\n5\n", "new\n", null, null] });
    expect(await repository.oid(`${outcome.baseOid}^{tree}`)).toBe(await workingTreeOf(repository));
    expect(await bytesOf(repository)).toEqual(before);
    expect(await repository.status()).toBe(status);
    await manager.close();
    expect((await coppiceRefs(repository)).filter((ref) => ref.includes("/anchors/"))).toEqual([]);
    await repository.fsck();
  });
}

test("with land working-tree what effects change is merged into what is not committed", async () => {
  const repository = await dirtyRepository();
  const manager = await openManager(repository, { land: "working-tree" });
  const outcomes = await manager.parallel.allSettled(
    [
      {
        id: "head",
        task: async ({ resolve }) => writeFile(resolve("a.txt"), `0\n${await readFile(resolve("a.txt"), "utf8")}`),
      },
      { id: "end", task: append("a.txt", "6") },
      { id: "untracked", task: append("new.txt", "more") },
      { id: "clean", task: append("b.txt", "more") },
    ],
    { base: "working-tree" },
  );
  expect(outcomes.map(({ kind }) => kind)).toEqual(["landed", "landed", "landed", "landed"]);
  await manager.close();
  expect(await textAt(repository.path, "a.txt")).toBe("0\n1\n2\nmine\n4\n5\n6\n");
  expect(await textAt(repository.path, "new.txt")).toBe("new\nmore\n");
  expect(await repository.status()).toBe(" M a.txt\n M b.txt\nD  gone.txt\n?? new.txt");
  expect(await textAt(repository.path, "own.log")).toBe("ignored\n");
  await repository.fsck();
});

test("a later call starts from what is there then, landed and edited since", async () => {
  const repository = await dirtyRepository();
  const manager = await openManager(repository, { land: "working-tree" });
  await manager.run({ id: "one", task: append("a.txt", "6") }, { base: "working-tree" });
  await repository.write({ "a.txt": "all mine\n" });
  const second = await manager.run({ id: "two", task: append("a.txt", "7") }, { base: "working-tree" });
  expect(second.kind).toBe("landed");
  expect(await textAt(repository.path, "a.txt")).toBe("all mine\n7\n");
  await manager.close();
  // Also what has landed before counts as landed.
  expect((await recoverRepository(repository.path)).kept).toEqual([]);
});

test("what the user changes after the base was taken blocks the effects that touch it, and stays", async () => {
  const repository = await dirtyRepository();
  const manager = await openManager(repository, { land: "working-tree" });
  const outcomes = await manager.parallel.allSettled(
    [
      {
        id: "touches",
        task: async (context) => {
          await repository.write({ "a.txt": "mine since\n" });
          await append("a.txt", "6")(context);
        },
      },
      { id: "other", task: append("b.txt", "more") },
    ],
    { base: "working-tree" },
  );
  expect(outcomes).toMatchObject([
    { kind: "blocked", blocked: [{ path: "a.txt", reason: "modified" }], kept: { ref: expect.any(String) } },
    { kind: "landed" },
  ]);
  expect(await textAt(repository.path, "a.txt")).toBe("mine since\n");
  expect(await repository.git("show", `${outcomes[0].kept?.ref}:a.txt`)).toBe("1\n2\nmine\n4\n5\n6");
});

test("with land commit only the effects' own changes are committed, and a file that is not committed stays as it is", async () => {
  const repository = await dirtyRepository();
  const head = await repository.oid("HEAD");
  const manager = await openManager(repository);
  const outcomes = await manager.parallel.allSettled(
    [
      { id: "clean", task: append("b.txt", "more") },
      { id: "fresh", task: append("fresh.txt", "fresh") },
      { id: "same-line", task: ({ resolve }) => writeFile(resolve("a.txt"), "1\n2\nmine too\n4\n5\n") },
      { id: "other-line", task: append("a.txt", "6") },
      { id: "untracked", task: append("new.txt", "more") },
    ],
    { base: "working-tree" },
  );
  expect(outcomes.map(({ kind }) => kind)).toEqual(["landed", "landed", "conflicted", "blocked", "conflicted"]);
  await manager.close();
  expect(await repository.git("diff", "--name-status", head, "HEAD")).toBe("M\tb.txt\nA\tfresh.txt");
  expect(await repository.status()).toBe(" M a.txt\nD  gone.txt\n?? new.txt");
  expect(await textAt(repository.path, "a.txt")).toBe("1\n2\nmine\n4\n5\n");
  expect(await textAt(repository.path, "new.txt")).toBe("new\n");
  await repository.fsck();
});

test.each([
  ["commit", "all"],
  ["commit", "run"],
  ["working-tree", "all"],
  ["working-tree", "run"],
] as const)(
  "a rerun starts from what is not committed by then, and only its own change lands: land %s, %s",
  async (land, call) => {
    const repository = await createRepository({ tree });
    await repository.write({ "a.txt": "1\n2\nmine\n4\n5\n", "new.txt": "new\n" });
    const head = await repository.oid("HEAD");
    const manager = await openManager(repository, { land, onConflict: "rerun" });
    const seen: unknown[] = [];
    const first = { id: "first", task: append("b.txt", "first") };
    const second = {
      id: "second",
      task: async (context: TaskContext<undefined>) => {
        seen.push(await Promise.all(["a.txt", "new.txt", "since.txt"].map((path) => textAt(context.path, path))));
        if (context.attempt === 1) {
          if (call === "run") await manager.run(first, { base: "working-tree" });
          await repository.write({ "a.txt": "1\n2\nmine since\n4\n5\n", "since.txt": "since\n" });
        } else seen.push(await workingTreeOf(repository));
        await append("b.txt", "second")(context);
      },
    };
    const base = { base: "working-tree" } as const;
    const outcome =
      call === "run" ? await manager.run(second, base) : (await manager.parallel.allSettled([first, second], base))[1];
    expect(outcome).toMatchObject({ kind: "landed", attempt: 2, reruns: [{ attempt: 1 }] });
    expect(seen).toEqual([
      ["1\n2\nmine\n4\n5\n", "new\n", null],
      ["1\n2\nmine since\n4\n5\n", "new\n", "since\n"],
      await repository.oid(`${outcome.baseOid}^{tree}`),
    ]);
    expect(outcome.changes.map(({ path }) => path)).toEqual(["b.txt"]);
    await manager.close();
    expect(await textAt(repository.path, "b.txt")).toBe("b\nfirst\nsecond\n");
    expect(await repository.git("diff", "--name-only", head, "HEAD")).toBe(land === "commit" ? "b.txt" : "");
    const dirty = land === "commit" ? " M a.txt" : " M a.txt\n M b.txt";
    expect(await repository.status()).toBe(`${dirty}\n?? new.txt\n?? since.txt`);
    expect(await textAt(repository.path, "a.txt")).toBe("1\n2\nmine since\n4\n5\n");
    expect((await coppiceRefs(repository)).filter((ref) => /anchors|attempts/.test(ref))).toEqual([]);
    await repository.fsck();
  },
);

test("nothing is taken for the base where there is nothing to commit", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository);
  const outcome = await manager.run({ id: "one", task: () => null }, { base: "working-tree" });
  expect(outcome.baseOid).toBe(await repository.oid("HEAD"));
});

test("git's own collection during a run does not take the base away, and after it the base is held no more", async () => {
  const repository = await dirtyRepository();
  const manager = await openManager(repository);
  const gate = new Gate();
  const begun = new Gate();
  const lease = await manager.acquire("driven", { base: "working-tree" });
  const running = manager.parallel.allSettled(
    [
      {
        id: "one",
        task: async (context) => {
          begun.open();
          await gate.opened;
          await append("b.txt", "more")(context);
        },
      },
    ],
    { base: "working-tree" },
  );
  await begun.opened;
  await repository.git("gc", "--quiet", "--prune=now");
  gate.open();
  const [outcome] = await running;
  expect(outcome).toMatchObject({ kind: "landed" });
  expect(await lease.diff()).toMatchObject({ changes: [] });
  await lease.release();
  await manager.close();
  expect((await coppiceRefs(repository)).filter((ref) => !ref.endsWith("/ledger"))).toEqual([]);
  await repository.fsck();
});

test("a process that dies leaves its effects' work, and not the user's as if it were an effect's", async () => {
  const repository = await dirtyRepository();
  const gate = await TaskGate.create();
  const dying = startDying(repository, {
    act: "run",
    effects: [{ id: "one", script: "echo more >> b.txt", wait: true }],
    options: { runId: "run-1" },
    call: { base: "working-tree" },
    gate: gate.path,
  });
  await gate.reached("one");
  await dying.kill();
  const before = await bytesOf(repository);
  const recovery = await recoverRepository(repository.path);
  expect(recovery.kept).toMatchObject([{ effectId: "one", paths: 1 }]);
  expect(recovery.left).toEqual([]);
  expect(
    await repository.git("diff", "--name-only", "refs/coppice/run-1/effects/one~", "refs/coppice/run-1/effects/one"),
  ).toBe("b.txt");
  expect((await coppiceRefs(repository)).filter((ref) => ref.includes("/anchors/"))).toEqual([]);
  expect(await bytesOf(repository)).toEqual(before);
});

test("without a working tree, or with history merge, it is refused before anything runs", async () => {
  const bare = await createRepository({ tree, bare: true });
  const other = await createRepository({ tree });
  await other.git("branch", "other");
  const merging = await dirtyRepository();
  for (const manager of [
    await openManager(bare),
    await openManager(other, { target: "other" }),
    await openManager(merging, { history: "merge" }),
  ]) {
    const all = manager.parallel.allSettled([{ id: "one", task: () => null }], { base: "working-tree" });
    await expect(all).rejects.toMatchObject({ code: "ERR_OPTION" });
    const one = await manager.run({ id: "one", task: () => null }, { base: "working-tree" });
    expect(one).toMatchObject({ kind: "failed", error: { code: "ERR_OPTION" } });
    await expect(manager.acquire("two", { base: "working-tree" })).rejects.toMatchObject({ code: "ERR_OPTION" });
  }
});

test("a target in a linked worktree: its state counts, not the main one's", async () => {
  const repository = await dirtyRepository();
  const linked = await repository.addWorktree("linked", { branch: "feature" });
  await writeFile(join(linked, "b.txt"), "theirs\n");
  const manager = await openManager(repository, { target: "feature" });
  const outcome = await manager.run(
    { id: "look", task: ({ path }) => Promise.all([textAt(path, "a.txt"), textAt(path, "b.txt")]) },
    { base: "working-tree" },
  );
  expect(outcome).toMatchObject({ value: [tree["a.txt"], "theirs\n"] });
  await manager.close();
  expect(await linkedWorktrees(repository)).toEqual([linked]);
});

/** Each path gets a line more at the head (even) or at the end (odd), or is made. */
const lineTask =
  (paths: readonly string[], index: number) =>
  async ({ resolve }: TaskContext<undefined>) => {
    for (const path of paths) {
      await mkdir(dirname(resolve(path)), { recursive: true });
      await writeFile(resolve(path), withLine(await readFile(resolve(path), "utf8").catch(() => null), index));
    }
  };
const withLine = (text: string | null, index: number) => {
  const line = `effect ${index}\n`;
  return text === null ? line : index % 2 === 0 ? line + text : text + line;
};

test("any state of the user's, land working-tree: nothing is lost, and every effect is in it", {
  timeout: 300_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      userState,
      fc.tuple(effectPaths, effectPaths),
      fc.subarray(everyPath),
      async (state, effects, since) => {
        const repository = await repositoryOf(state);
        const wanted = await workingTreeOf(repository);
        const before = await bytesOf(repository);
        const manager = await openManager(repository, { land: "working-tree", limits: { worktrees: 2 } });
        const outcomes = await manager.parallel.allSettled(
          effects.map((paths, index) => ({
            id: `e${index}`,
            task: async (context: TaskContext<undefined>) => {
              await lineTask(paths, index)(context);
              if (index > 0) return;
              for (const path of since) await repository.write({ [path]: `since ${path}\n` });
            },
          })),
          { base: "working-tree" },
        );
        await manager.close();
        expect(await repository.oid(`${outcomes[0]?.baseOid}^{tree}`)).toBe(wanted);
        const expected = { ...before };
        for (const [index, { kind }] of outcomes.entries()) {
          const paths = effects[index] as string[];
          if (kind !== "landed") {
            // Two that make the same file contradict each other.
            const bothMake = index === 1 && paths.some((path) => before[path] === null && effects[0]?.includes(path));
            expect(
              kind === "blocked" ? paths.some((path) => since.includes(path)) : bothMake,
              `e${index} ${kind}`,
            ).toBe(true);
            continue;
          }
          expect(paths.filter((path) => since.includes(path) && index === 0)).toEqual([]);
          for (const path of paths) expected[path] = withLine(expected[path] as string | null, index);
        }
        for (const path of since) expected[path] = `since ${path}\n`;
        expect(await bytesOf(repository)).toEqual(expected);
        await repository.fsck();
      },
    ),
    runs,
  );
});

test("any state of the user's, land commit: nothing is lost, and only what effects changed is committed", {
  timeout: 300_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(userState, fc.tuple(effectPaths, effectPaths), async (state, effects) => {
      const repository = await repositoryOf(state);
      const before = await bytesOf(repository);
      const head = await repository.oid("HEAD");
      const dirty = (await repository.git("status", "--porcelain", "--untracked-files=all", "-z", "--no-renames"))
        .split("\0")
        .map((line) => line.slice(3));
      const manager = await openManager(repository, { limits: { worktrees: 2 } });
      const outcomes = await manager.parallel.allSettled(
        effects.map((paths, index) => ({ id: `e${index}`, task: lineTask(paths, index) })),
        { base: "working-tree" },
      );
      await manager.close();
      const expected: Record<string, string | null> = { ...before };
      const landed = new Set<string>();
      for (const [index, { kind }] of outcomes.entries()) {
        const paths = effects[index] as string[];
        const touchesDirty = paths.some((path) => dirty.includes(path));
        if (touchesDirty) expect(["blocked", "conflicted"], `e${index}`).toContain(kind);
        if (kind !== "landed") continue;
        for (const path of paths) {
          landed.add(path);
          expected[path] = withLine(expected[path] as string | null, index);
        }
      }
      const { index: _before, ...files } = expected;
      const { index: _after, ...now } = await bytesOf(repository);
      expect(now).toEqual(files);
      const committed = await repository.git("diff", "--name-only", "--no-renames", head, "HEAD");
      expect(committed.split("\n").filter((line) => line !== "")).toEqual([...landed].sort());
      for (const path of landed) expect(`${await repository.git("show", `HEAD:${path}`)}\n`).toBe(files[path]);
      await repository.fsck();
    }),
    runs,
  );
});
