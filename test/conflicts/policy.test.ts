// Conflict policies over the whole street: each kind of conflict with each policy, against what git makes of it; rules by path;
// resolvers, also those that do everything wrong.
import { readFile, rm, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import type {
  ConflictPolicy,
  ConflictQuestion,
  ConflictResolver,
  ManagerOptions,
  Outcome,
  TaskContext,
} from "../../src/index.js";
import type { FileTree } from "../support/file-tree.js";
import { gitResult } from "../support/git.js";
import { coppiceRefs, expectSound, openManager } from "../support/manager.js";
import { createRepository, type TestRepository } from "../support/repository.js";

type Edit = (context: TaskContext<undefined>) => unknown;

/** Two effects from one base: `first` lands, then `second` meets it with the policy. */
async function collide(
  repository: TestRepository,
  first: Edit,
  second: Edit,
  policy: ConflictPolicy,
  options: ManagerOptions = {},
): Promise<{ outcome: Outcome; events: string[] }> {
  const manager = await openManager(repository, { runId: "run-1", ...options });
  const events: string[] = [];
  manager.on("conflict:resolved", ({ effectId, path, kind, policy }) =>
    events.push(`${effectId} ${path} ${kind} ${policy}`),
  );
  const [, outcome] = await manager.parallel.allSettled([
    { id: "first", task: first },
    { id: "second", task: second, onConflict: policy },
  ]);
  await manager.close();
  return { outcome: outcome as Outcome, events };
}

const writing =
  (path: string, text: string | Uint8Array): Edit =>
  ({ resolve }) =>
    writeFile(resolve(path), text);

const lines = (...changed: [number, string][]) =>
  Array.from({ length: 12 }, (_, index) => new Map(changed).get(index) ?? `line ${index}`)
    .join("\n")
    .concat("\n");

const show = async (repository: TestRepository, path: string) =>
  (await gitResult(repository.path, ["show", `HEAD:${path}`])).stdout.toString();

const first = lines([2, "first"], [9, "first too"]);
const second = lines([2, "second"], [5, "second too"]);

test.each([
  ["ours", lines([2, "first"], [5, "second too"], [9, "first too"])],
  ["theirs", lines([2, "second"], [5, "second too"], [9, "first too"])],
  ["union", lines([2, "first\nsecond"], [5, "second too"], [9, "first too"])],
] as const)("contradicting lines with %s: those lines are decided, the others merged", async (policy, expected) => {
  const repository = await createRepository({ tree: { "a.txt": lines() } });
  const { outcome, events } = await collide(repository, writing("a.txt", first), writing("a.txt", second), policy);
  expect(outcome).toMatchObject({
    kind: "landed",
    kept: null,
    reruns: [],
    resolutions: [{ path: "a.txt", kind: "content", policy, gaveUp: null }],
  });
  expect(events).toEqual([`second a.txt content ${policy}`]);
  expect(await show(repository, "a.txt")).toBe(expected);
  expect(await readFile(`${repository.path}/a.txt`, "utf8")).toBe(expected);
  expect(await coppiceRefs(repository)).not.toContain("refs/coppice/run-1/effects/second");
  await expectSound(repository);
});

test("keep is the default, and nothing is asked or said", async () => {
  const repository = await createRepository({ tree: { "a.txt": lines() } });
  const { outcome, events } = await collide(repository, writing("a.txt", first), writing("a.txt", second), "keep");
  expect(outcome).toMatchObject({ kind: "conflicted", resolutions: [], conflicts: [{ path: "a.txt", content: null }] });
  expect(events).toEqual([]);
});

test("the manager's policy is for effects without one, and for work that was kept", async () => {
  const repository = await createRepository({ tree: { "a.txt": lines() } });
  const { outcome } = await collide(repository, writing("a.txt", first), writing("a.txt", second), "keep");
  expect(outcome.kind).toBe("conflicted");
  const manager = await openManager(repository, { runId: "run-1", onConflict: "theirs" });
  expect(await manager.landKept("second")).toMatchObject({ kind: "landed", resolutions: [{ policy: "theirs" }] });
  await manager.close();
  expect(await show(repository, "a.txt")).toBe(lines([2, "second"], [5, "second too"], [9, "first too"]));
  await expectSound(repository);
});

test("modify/delete: the side that was chosen decides whether the file is there", async () => {
  for (const [policy, expected] of [
    ["ours", ""],
    ["theirs", second],
  ] as const) {
    const repository = await createRepository({ tree: { "a.txt": lines(), "b.txt": "b\n" } });
    const remove: Edit = ({ resolve }) => rm(resolve("a.txt"));
    const { outcome } = await collide(repository, remove, writing("a.txt", second), policy);
    expect(outcome.kind).toBe(policy === "ours" ? "unchanged" : "landed");
    expect(outcome.resolutions).toMatchObject([{ path: "a.txt", kind: "modify/delete", policy, gaveUp: null }]);
    expect(await show(repository, "a.txt")).toBe(expected);
    await expectSound(repository);
  }
});

test("a union of what has no lines is given up, and the work is kept", async () => {
  const binary = (byte: number) => Uint8Array.of(0, 1, 2, byte);
  const repository = await createRepository({ tree: { "a.bin": binary(1), "b.txt": "b\n" } });
  const { outcome } = await collide(repository, writing("a.bin", binary(2)), writing("a.bin", binary(3)), "union");
  expect(outcome).toMatchObject({
    kind: "conflicted",
    conflicts: [{ path: "a.bin", kind: "binary" }],
    resolutions: [{ policy: "union", gaveUp: "a union is made of two sides' lines" }],
  });
  expect(outcome.kept?.ref).toBe("refs/coppice/run-1/effects/second");
});

test("rules: the first pattern that matches decides, and where none does the conflict is kept", async () => {
  const tree: FileTree = { "package-lock.json": "{}\n", "deep/package-lock.json": "{}\n", "a.txt": "a\n" };
  const rules: ConflictPolicy = [
    { paths: ["/package-lock.json"], policy: "ours" },
    { paths: ["**/package-lock.json"], policy: "theirs" },
  ];
  const writeAll =
    (text: string, paths: string[]): Edit =>
    async ({ resolve }) => {
      for (const path of paths) await writeFile(resolve(path), text);
    };
  const locks = ["package-lock.json", "deep/package-lock.json"];
  const repository = await createRepository({ tree });
  const { outcome } = await collide(repository, writeAll("first\n", locks), writeAll("second\n", locks), rules);
  expect(outcome.kind).toBe("landed");
  expect(await show(repository, "package-lock.json")).toBe("first\n");
  expect(await show(repository, "deep/package-lock.json")).toBe("second\n");

  const other = await createRepository({ tree });
  const all = [...locks, "a.txt"];
  const kept = await collide(other, writeAll("first\n", all), writeAll("second\n", all), rules);
  expect(kept.outcome).toMatchObject({ kind: "conflicted", resolutions: [] });
  expect(kept.outcome.kind === "conflicted" && kept.outcome.conflicts.length).toBe(3);
});

test("a resolver is given the three sides and the record, and its content lands", async () => {
  const repository = await createRepository({ tree: { "a.txt": "base\n" } });
  const questions: ConflictQuestion[] = [];
  const { outcome } = await collide(
    repository,
    writing("a.txt", "first\n"),
    writing("a.txt", "second\n"),
    async (question) => {
      questions.push(question);
      return { content: `${question.ours?.text}${question.theirs?.text}`, mode: 0o100755 };
    },
  );
  expect(outcome).toMatchObject({ kind: "landed", resolutions: [{ path: "a.txt", policy: "resolver", gaveUp: null }] });
  expect(questions).toMatchObject([
    {
      effectId: "second",
      runId: "run-1",
      conflict: { path: "a.txt", kind: "content", content: expect.stringContaining("<<<<<<<") },
      base: { path: "a.txt", mode: 0o100644, text: "base\n" },
      ours: { text: "first\n" },
      theirs: { text: "second\n" },
    },
  ]);
  expect(await show(repository, "a.txt")).toBe("first\nsecond\n");
  expect(await repository.git("ls-tree", "HEAD", "a.txt")).toMatch(/^100755 /);
  await expectSound(repository);
});

test("a resolver may give any bytes, and gets them", async () => {
  const repository = await createRepository({ tree: { "a.bin": Uint8Array.of(0, 1) } });
  const given = Uint8Array.of(0, 0xff, 0xfe, 0, 10, 0xc3, 0xa9, 0x80);
  let theirs: Uint8Array | undefined;
  const resolver: ConflictResolver = (question) => {
    theirs = question.theirs?.bytes;
    return { content: given };
  };
  const mine = Uint8Array.of(0, 0x80, 0xff);
  const { outcome } = await collide(
    repository,
    writing("a.bin", Uint8Array.of(0, 2)),
    writing("a.bin", mine),
    resolver,
  );
  expect(outcome.kind).toBe("landed");
  expect(new Uint8Array(theirs ?? [])).toEqual(mine);
  expect(new Uint8Array((await gitResult(repository.path, ["show", "HEAD:a.bin"])).stdout)).toEqual(given);
});

test.each<[string, ConflictResolver, RegExp]>([
  ["gives up", () => null, /gave up/],
  [
    "throws",
    () => {
      throw new Error("no idea");
    },
    /no answer: no idea/,
  ],
  ["rejects with what is no error", () => Promise.reject("nothing"), /no answer: 'nothing'/],
  ["never answers", () => new Promise<null>(() => {}), /longer than limits.resolverTimeoutMs, 20 ms/],
  ["gives nothing", (() => undefined) as unknown as ConflictResolver, /undefined, which is no answer/],
  ["gives an unknown word", (() => "mine") as unknown as ConflictResolver, /'mine', which is no answer/],
  ["gives an unknown mode", () => ({ content: "x", mode: 0o40000 }), /the mode 16384/],
  ["gives a number", (() => ({ content: 3 })) as unknown as ConflictResolver, /neither text nor bytes/],
  ["gives half a character", () => ({ content: "\ud800" }), /not Unicode/],
  ["gives an empty link", () => ({ content: "", mode: 0o120000 }), /symbolic link/],
])("a resolver that %s: conflicted, kept, with the reason", async (_what, resolver, reason) => {
  const repository = await createRepository({ tree: { "a.txt": "base\n" } });
  const options = { limits: { resolverTimeoutMs: 20 } };
  const { outcome } = await collide(repository, writing("a.txt", "1\n"), writing("a.txt", "2\n"), resolver, options);
  expect(outcome).toMatchObject({
    kind: "conflicted",
    resolutions: [{ path: "a.txt", policy: "resolver", gaveUp: expect.stringMatching(reason) }],
  });
  expect(outcome.kept?.ref).toBe("refs/coppice/run-1/effects/second");
  expect(await show(repository, "a.txt")).toBe("1\n");
});

test("no answer can write what the rules of safe paths refuse", async () => {
  const repository = await createRepository({ tree: { ".gitmodules": "# base\n" } });
  const link: ConflictResolver = () => ({ content: "../../outside", mode: 0o120000 });
  const { outcome } = await collide(repository, writing(".gitmodules", "# 1\n"), writing(".gitmodules", "# 2\n"), link);
  expect(outcome).toMatchObject({
    kind: "conflicted",
    resolutions: [{ path: ".gitmodules", gaveUp: expect.any(String) }],
  });
  expect(await show(repository, ".gitmodules")).toBe("# 1\n");
});

test("a resolver is asked once for a question, however often the merge is done again", async () => {
  const repository = await createRepository({ tree: { "a.txt": "base\n", "mine.txt": "mine\n" } });
  await repository.write({ "mine.txt": "changed by the user\n" });
  let asked = 0;
  const manager = await openManager(repository);
  const outcomes = await manager.parallel.allSettled([
    { id: "first", task: writing("a.txt", "1\n") },
    {
      id: "second",
      task: writing("a.txt", "2\n"),
      onConflict: () => {
        asked++;
        return "theirs";
      },
    },
    // Blocked by the user's change: the batch is merged again without it.
    { id: "third", task: writing("mine.txt", "3\n") },
  ]);
  expect(outcomes.map(({ kind }) => kind)).toEqual(["landed", "landed", "blocked"]);
  expect(asked).toBe(1);
});

test("the same conflicts and policies give the same commits, however the batches are cut", async () => {
  const oids: string[] = [];
  for (const worktrees of [1, 2, 8]) {
    const repository = await createRepository({ tree: { "a.txt": lines(), "b.txt": "b\n" } });
    const manager = await openManager(repository, { runId: "same", limits: { worktrees }, onConflict: "union" });
    const ids = Array.from({ length: 9 }, (_, index) => index);
    const outcomes = await manager.parallel.mapSettled(ids, (index) => ({
      id: `e${index}`,
      task: writing("a.txt", lines([index % 3, `by ${index}`])),
      ...(index === 7 ? { onConflict: "theirs" as const } : {}),
    }));
    expect(outcomes.map(({ kind }) => kind)).toEqual(ids.map(() => "landed"));
    await manager.close();
    oids.push(await repository.oid("HEAD"));
    await expectSound(repository);
  }
  expect(new Set(oids).size).toBe(1);
});

test("a policy that is none is refused by name", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  await expect(openManager(repository, { onConflict: "mine" as "ours" })).rejects.toThrow(/option "onConflict/);
  await expect(openManager(repository, { onConflict: { rerun: 0 } })).rejects.toThrow(/option "onConflict/);
  const manager = await openManager(repository);
  const request = { id: "e", task: () => {}, onConflict: [{ paths: [], policy: "ours" as const }] };
  await expect(manager.run(request)).rejects.toThrow(/option "effect e: onConflict/);
});
