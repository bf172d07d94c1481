// A process is killed before a call into the native side, one call after the other: while it works, and while it recovers what another left.
// Whatever that leaves, one recovery later every effect has landed once or is kept under its name, and a second finds nothing.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test, vi } from "vitest";
import { Git } from "../../src/git/git.js";
import { type Recovery, recoverRepository, type TaskContext } from "../../src/index.js";
import { requireBuilt } from "../support/built.js";
import { type DyingEffect, startDying } from "../support/dying.js";
import { coppiceRefs, expectSound, openManager } from "../support/manager.js";
import { createRepository, type TestRepository } from "../support/repository.js";
import { TaskGate } from "../support/task-gate.js";

beforeAll(requireBuilt, 120_000);

const tree = { "a.txt": "a\n", "b.txt": "b\n", "c.txt": "c\n", mine: "mine\n" };
/** Each death takes a second: every call is killed before only when asked for. */
const everyCall = process.env.COPPICE_EVERY_CALL === "1";
const runStride = everyCall ? 1 : 5;
const recoveryStride = everyCall ? 1 : 7;
const landingStride = everyCall ? 1 : 4;

const effects: DyingEffect[] = [
  { id: "one", script: "echo one > a.txt" },
  { id: "two", script: "echo two > b.txt; echo new > two.txt" },
  { id: "three", script: "rm c.txt" },
];
/** The file by which each effect is told, and what it holds when the effect is there. */
const marks: Record<string, { path: string; text: string | null }> = {
  one: { path: "a.txt", text: "one" },
  two: { path: "b.txt", text: "two" },
  three: { path: "c.txt", text: null },
};

async function fileAt(repository: TestRepository, revision: string, path: string): Promise<string | null> {
  return repository.git("show", `${revision}:${path}`).catch(() => null);
}

/** In how many ways the effect is there: landed, or kept. */
async function placesOf(repository: TestRepository, effectId: string): Promise<string[]> {
  const { path, text } = marks[effectId] as (typeof marks)[string];
  const places = ["HEAD", ...(await coppiceRefs(repository)).filter((ref) => ref.includes(`/effects/${effectId}`))];
  const found: string[] = [];
  for (const place of places) if ((await fileAt(repository, place, path)) === text) found.push(place);
  return found;
}

async function expectWhole(repository: TestRepository, started: readonly string[]): Promise<void> {
  for (const effectId of started) expect((await placesOf(repository, effectId)).length, effectId).toBe(1);
  const again = await recoverRepository(repository.path);
  for (const [what, list] of Object.entries(again)) if (Array.isArray(list)) expect(list, what).toEqual([]);
  expect(again.landing).toBeNull();
  expect((await coppiceRefs(repository)).filter((ref) => ref.includes("/anchors/"))).toEqual([]);
  expect(await repository.status()).toBe(" M mine");
  expect(await readFile(join(repository.path, "mine"), "utf8")).toBe("edited\n");
  await expectSound(repository);
}

/** Dies before its nth call; null: it came to its end before. Gives the effects whose snapshot it told of. */
async function runUntil(repository: TestRepository, nth: number): Promise<string[] | null> {
  await repository.write({ mine: "edited\n" });
  const options = { runId: "run-1", limits: { worktrees: 2 } };
  const dying = startDying(repository, { act: "run", effects, options, dieAt: { method: null, nth } });
  if ((await dying.gone) === 0) return null;
  return effects.map(({ id }) => id).filter((id) => dying.printed().includes(`snapshotted ${id}\n`));
}

test("a run is killed before one of its calls after the other", { timeout: 300_000 }, async () => {
  let deaths = 0;
  for (let nth = 1; ; nth += runStride) {
    const repository = await createRepository({ tree });
    const snapshotted = await runUntil(repository, nth);
    if (snapshotted === null) break;
    deaths++;
    await recoverRepository(repository.path);
    await expectWhole(repository, snapshotted);
  }
  expect(deaths).toBeGreaterThan(10);
});

/** "one" is kept; then a process lands it, and may die. How it ended. */
async function landKeptUntil(repository: TestRepository, dieAt: { method: string | null; nth: number }) {
  const options = { runId: "run-1" };
  const manager = await openManager(repository, options);
  const lease = await manager.acquire("one");
  await writeFile(join(lease.path, "a.txt"), "one\n");
  await lease.release();
  await manager.close();
  await repository.write({ mine: "edited\n" });
  const ended = await startDying(repository, { act: "landKept", name: "one", options, dieAt }).gone;
  // Here it takes whatever no ref holds.
  await repository.git("gc", "-q", "--prune=now");
  return ended;
}

test("whoever lands kept work is killed before one of its calls after the other", { timeout: 300_000 }, async () => {
  let deaths = 0;
  for (let nth = 1; ; nth += landingStride) {
    const repository = await createRepository({ tree });
    const ended = await landKeptUntil(repository, { method: null, nth });
    await recoverRepository(repository.path);
    await expectWhole(repository, ["one"]);
    if (ended === 0) break;
    deaths++;
  }
  expect(deaths).toBeGreaterThan(5);
});

test("kept work whose landing died before its target moved is kept still, and lands then", async () => {
  const repository = await createRepository({ tree });
  await landKeptUntil(repository, { method: "moveTarget", nth: 1 });
  expect(await coppiceRefs(repository)).toContain("refs/coppice/run-1/effects/one");
  const manager = await openManager(repository, { runId: "run-1" });
  expect(await manager.recorded("one")).toBeNull();
  expect(await manager.landKept("one")).toMatchObject({ kind: "landed" });
  await manager.close();
  await expectWhole(repository, ["one"]);
});

test("a landing that names what it has displaced leaves the record of one that has died meanwhile", async () => {
  const repository = await createRepository({ tree });
  const options = { runId: "run-1" };
  const manager = await openManager(repository, options);
  const { updatePaths, endLanding } = Git.prototype;
  vi.spyOn(Git.prototype, "updatePaths").mockImplementationOnce(async function (this: Git, ...args) {
    await repository.write({ "a.txt": "the user's, in the last moment\n" });
    return updatePaths.apply(this, args);
  });
  const end = vi.spyOn(Git.prototype, "endLanding").mockImplementationOnce(async function (this: Git, ...args) {
    const done = await endLanding.apply(this, args);
    // The locks are free, and somebody else of the run dies between its record and its move.
    const other = { act: "run", effects: effects.slice(1, 2), options } as const;
    expect(await startDying(repository, { ...other, dieAt: { method: "moveTarget", nth: 1 } }).gone).toBe("SIGKILL");
    return done;
  });
  const one = { id: "one", task: ({ resolve }: TaskContext<undefined>) => writeFile(resolve("a.txt"), "one\n") };
  expect(await manager.run(one)).toMatchObject({ kind: "landed", displaced: [{ path: "a.txt" }] });
  expect(end).toHaveBeenCalled();
  vi.restoreAllMocks();
  expect(await manager.recorded("two")).toBeNull();
  await manager.close();
  const recovery = await recoverRepository(repository.path);
  expect(recovery.kept).toMatchObject([{ effectId: "two" }]);
});

/** One has landed, two waits with a snapshot on disk, three has changed its worktree. */
async function leaveBehind(repository: TestRepository): Promise<void> {
  await repository.write({ mine: "edited\n" });
  const gate = await TaskGate.create();
  const waiting = [
    effects[0],
    { id: "three", script: "rm c.txt", wait: true },
    effects[1],
    { id: "four", script: "echo four > four.txt", wait: true },
  ] as DyingEffect[];
  const options = { runId: "run-1", limits: { worktrees: 3 } };
  const dying = startDying(repository, { act: "run", effects: waiting, options, gate: gate.path });
  for (const id of ["three", "four"]) await gate.reached(id);
  await dying.says("snapshotted two\n");
  await dying.kill();
}

test("a recovery is killed before one of its calls after the other, and done again", { timeout: 300_000 }, async () => {
  let deaths = 0;
  for (let nth = 1; ; nth += recoveryStride) {
    const repository = await createRepository({ tree });
    await leaveBehind(repository);
    const ended = await startDying(repository, { act: "recover", dieAt: { method: null, nth } }).gone;
    const recovery: Recovery = await recoverRepository(repository.path);
    expect(recovery.left).toEqual([]);
    await expectWhole(repository, ["one", "two", "three"]);
    expect(await fileAt(repository, "refs/coppice/run-1/effects/four", "four.txt")).toBe("four");
    if (ended === 0) break;
    deaths++;
  }
  expect(deaths).toBeGreaterThan(10);
});

test("two recover at once, and nothing is kept twice", async () => {
  const repository = await createRepository({ tree });
  await leaveBehind(repository);
  const both = await Promise.all([recoverRepository(repository.path), recoverRepository(repository.path)]);
  await recoverRepository(repository.path);
  const kept = both.flatMap((recovery) => recovery.kept.map(({ effectId }) => effectId)).sort();
  expect(new Set(kept).size).toBe(kept.length);
  await expectWhole(repository, ["one", "two", "three"]);
});
