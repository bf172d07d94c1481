// What old runs have left goes, and nothing that somebody may still want: stock git lists what is there before and after.
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { openGit } from "../../src/git/git.js";
import { cleanRepository, WorktreeManager } from "../../src/index.js";
import { resolveOptions } from "../../src/options.js";
import { cleanRuns } from "../../src/recovery/old-runs.js";
import { openRun } from "../../src/run.js";
import { requireBuilt } from "../support/built.js";
import { startDying } from "../support/dying.js";
import { coppiceRefs, expectSound, openManager } from "../support/manager.js";
import { addEarlier, age, dayMs, everyRef, finishedRun } from "../support/old-run.js";
import { createRepository, type TestRepository } from "../support/repository.js";
import { TaskGate } from "../support/task-gate.js";

beforeAll(requireBuilt, 120_000);

/** Each death takes seconds: every call is killed before only when asked for. */
const stride = process.env.COPPICE_EVERY_CALL === "1" ? 1 : 3;
const tree = { "a.txt": "a\n" };
const older = { olderThanMs: 30 * dayMs };

async function withRun(runId: string, days: number, options = {}): Promise<TestRepository> {
  const repository = await createRepository({ tree });
  await finishedRun(repository, runId, options);
  await age(repository, runId, days);
  return repository;
}

/** Why the only run that is left stays. */
async function whyLeft(repository: TestRepository): Promise<string | undefined> {
  const before = await everyRef(repository);
  const { runs } = await cleanRepository(repository.path, older);
  expect(runs.removed).toEqual([]);
  expect(await everyRef(repository)).toBe(before);
  return runs.left[0]?.why;
}

test("the ledger of a run goes when its last record is older, and no other ref", async () => {
  const repository = await withRun("old", 31);
  await finishedRun(repository, "young");
  await age(repository, "young", 29);
  await finishedRun(repository, "new");
  const before = (await everyRef(repository)).split("\n");
  const { runs } = await cleanRepository(repository.path, older);
  expect(runs.removed).toMatchObject([{ runId: "old", refs: ["refs/coppice/old/ledger"], earlierPath: null }]);
  expect(runs.left).toMatchObject([
    { runId: "new", young: true },
    { runId: "young", young: true },
  ]);
  const gone = before.filter((line) => line.startsWith("refs/coppice/old/"));
  expect((await everyRef(repository)).split("\n")).toEqual(before.filter((line) => !gone.includes(line)));
  expect(gone.length).toBe(1);
  await expectSound(repository);
  expect((await cleanRepository(repository.path, older)).runs.removed).toEqual([]);
});

test("packed refs go too, and after the run is gone its effects run again", async () => {
  const repository = await withRun("old", 31);
  await repository.git("pack-refs", "--all");
  await cleanRepository(repository.path, older);
  expect(await coppiceRefs(repository)).toEqual([]);
  const manager = await openManager(repository, { runId: "old" });
  expect(await manager.run({ id: "edit", task: () => "again" })).toMatchObject({ kind: "unchanged", replayed: false });
  await manager.close();
  await expectSound(repository);
});

test("with a fixed date of commits a run is as old as its last record", async () => {
  const repository = await createRepository({ tree });
  const date = new Date("2001-02-03T04:05:06Z");
  const manager = await WorktreeManager.open(repository.path, { runId: "run-1", commit: { date } });
  await manager.run({ id: "edit", task: ({ resolve }) => writeFile(resolve("a.txt"), "b\n") });
  await manager.close();
  expect(await whyLeft(repository)).toBe("its last record is younger");
  expect(await repository.git("log", "-1", "--format=%cI")).toBe("2001-02-03T04:05:06+00:00");
});

test("what a dead process had merged to be verified goes with its run", async () => {
  const repository = await withRun("old", 31);
  await repository.git("update-ref", "refs/coppice/old/candidates/01J", "HEAD");
  await cleanRepository(repository.path, older);
  expect(await coppiceRefs(repository)).toEqual([]);
});

test("without an age runs stay", async () => {
  const repository = await withRun("old", 400);
  const before = await everyRef(repository);
  expect((await cleanRepository(repository.path)).runs).toEqual({ removed: [], left: [] });
  expect(await everyRef(repository)).toBe(before);
});

test("the tip of a run that landed in the working tree goes with it; the files stay", async () => {
  const repository = await withRun("old", 31, { land: "working-tree" });
  expect((await coppiceRefs(repository)).length).toBe(2);
  await cleanRepository(repository.path, older);
  expect(await coppiceRefs(repository)).toEqual([]);
  expect(await repository.status()).toBe("?? old.txt");
});

test("a run that has only opened is as old as the commit that it opened on", async () => {
  const repository = await createRepository({ tree });
  await (await openManager(repository, { runId: "old", land: "working-tree" })).close();
  expect(await coppiceRefs(repository)).toEqual(["refs/coppice/old/tip"]);
  await cleanRepository(repository.path, older);
  expect(await coppiceRefs(repository)).toEqual([]);
});

test("what the shared repository held before its changes goes with the run, also when that alone is left", async () => {
  const repository = await withRun("old", 31);
  const folders = [await addEarlier(repository, "old", 31), await addEarlier(repository, "alone", 31)];
  const younger = await addEarlier(repository, "younger", 29);
  const { runs } = await cleanRepository(repository.path, older);
  expect(runs.removed.map(({ earlierPath }) => earlierPath).sort()).toEqual(folders.sort());
  expect(folders.filter((folder) => existsSync(folder))).toEqual([]);
  expect(existsSync(younger)).toBe(true);
});

test("a dry run says the same and writes nothing", async () => {
  const repository = await withRun("old", 31);
  const folder = await addEarlier(repository, "old", 31);
  const before = await everyRef(repository);
  const { runs: said, dryRun } = await cleanRepository(repository.path, { ...older, dryRun: true });
  expect(dryRun).toBe(true);
  expect(await everyRef(repository)).toBe(before);
  expect(existsSync(join(folder, "config-0123456789abcdef-644"))).toBe(true);
  expect((await cleanRepository(repository.path, older)).runs).toEqual(said);
  expect(await coppiceRefs(repository)).toEqual([]);
});

test("a run stays that keeps work", async () => {
  const repository = await createRepository({ tree });
  await repository.write({ "a.txt": "mine\n" });
  const manager = await openManager(repository, { runId: "old" });
  await manager.run({ id: "edit", task: ({ resolve }) => writeFile(resolve("a.txt"), "b\n") });
  await manager.close();
  await age(repository, "old", 31);
  expect(await whyLeft(repository)).toBe("it keeps the work of edit: land it or drop it ('coppice list')");
});

test("an earlier attempt stays until its effect has landed", async () => {
  const repository = await createRepository({ tree });
  const attempt = async (text: string) => {
    const manager = await openManager(repository, { runId: "old" });
    await manager.run({ id: "edit", task: ({ resolve }) => writeFile(resolve("a.txt"), text) });
    await manager.close();
    await age(repository, "old", 31);
  };
  await repository.write({ "a.txt": "mine\n" });
  for (const text of ["b\n", "c\n"]) await attempt(text);
  await repository.git("update-ref", "-d", "refs/coppice/old/effects/edit");
  expect(await whyLeft(repository)).toContain("'git update-ref -d refs/coppice/old/attempts/edit/1' drops that");
  await repository.git("checkout", "--quiet", "a.txt");
  await attempt("d\n");
  expect(await coppiceRefs(repository)).toContain("refs/coppice/old/attempts/edit/1");
  await cleanRepository(repository.path, older);
  expect(await coppiceRefs(repository)).toEqual([]);
  await expectSound(repository);
});

test("a run stays that a manager of this process has open", async () => {
  const repository = await withRun("old", 31);
  const manager = await openManager(repository, { runId: "old" });
  expect(await whyLeft(repository)).toBe("a living process has a part in it");
  await manager.close();
  expect((await cleanRepository(repository.path, older)).runs.removed).toMatchObject([{ runId: "old" }]);
});

test("a run stays in which another process lives, and what a dead one left is recovered first", async () => {
  const repository = await withRun("old", 31);
  const gate = await TaskGate.create();
  const dying = startDying(repository, {
    act: "run",
    effects: [{ id: "late", script: "echo late > a.txt", wait: true }],
    options: { runId: "old" },
    gate: gate.path,
  });
  await gate.reached("late");
  expect(await whyLeft(repository)).toBe("a living process has a part in it");
  await dying.kill();
  expect(await whyLeft(repository)).toBe("its worktree w01 is there, leased");
});

test("a run stays whose anchor holds snapshots, or that has what we do not know", async () => {
  const repository = await withRun("old", 31);
  const oid = await repository.oid("HEAD");
  await repository.git("update-ref", "refs/coppice/old/anchors/01J", oid);
  expect(await whyLeft(repository)).toContain("'coppice recover' keeps what it holds");
  await repository.git("update-ref", "-d", "refs/coppice/old/anchors/01J");
  await repository.git("update-ref", "refs/coppice/old/mine", oid);
  expect(await whyLeft(repository)).toBe("refs/coppice/old/mine is no ref that it makes");
});

test("a ledger that cannot be read stays, and the other runs go", async () => {
  const repository = await withRun("old", 31);
  await repository.git("update-ref", "refs/coppice/broken/ledger", await repository.oid("HEAD^{tree}"));
  const { runs } = await cleanRepository(repository.path, older);
  expect(runs.left).toMatchObject([{ runId: "broken", why: expect.stringMatching(/^it cannot be read: /) }]);
  expect(runs.removed).toMatchObject([{ runId: "old" }]);
});

test("an age that is none is refused before anything is done", async () => {
  const repository = await withRun("old", 31);
  for (const olderThanMs of [-1, 0.5, Number.NaN, "30d" as never]) {
    await expect(cleanRepository(repository.path, { olderThanMs })).rejects.toMatchObject({ code: "ERR_OPTION" });
  }
  expect((await coppiceRefs(repository)).length).toBe(1);
});

test("a ledger that moves in the last moment stays", async () => {
  const repository = await withRun("old", 31);
  const git = await openGit({ path: repository.path });
  onTestFinished(() => git.close());
  const flush = git.flush.bind(git);
  git.flush = async (request) => {
    await age(repository, "old", 0);
    return flush(request);
  };
  const run = await openRun(git, resolveOptions({}), () => {});
  const runs = await cleanRuns({ run, ...older, dryRun: false, goneWorktrees: new Set() });
  expect(runs.left).toMatchObject([{ why: "another process has moved refs/coppice/old/ledger meanwhile" }]);
  expect(await coppiceRefs(repository)).toEqual(["refs/coppice/old/ledger"]);
});

test("a manager that opens a run which is just being cleaned waits, and begins anew", async () => {
  const repository = await withRun("old", 31);
  const git = await openGit({ path: repository.path });
  onTestFinished(() => git.close());
  const flush = git.flush.bind(git);
  const opening: Promise<WorktreeManager>[] = [];
  git.flush = async (request) => {
    opening.push(openManager(repository, { runId: "old" }));
    // It has said that it is there, too late for us: it waits now.
    while (!(await git.listClaims()).claims.some(({ name, held }) => held && name.startsWith("run/old/")));
    return flush(request);
  };
  const run = await openRun(git, resolveOptions({}), () => {});
  await cleanRuns({ run, ...older, dryRun: false, goneWorktrees: new Set() });
  const manager = (await opening[0]) as WorktreeManager;
  expect(await manager.run({ id: "edit", task: () => "again" })).toMatchObject({ replayed: false, value: "again" });
  await manager.close();
  await expectSound(repository);
});

test("a manager does not wait for ever", async () => {
  const repository = await withRun("old", 31);
  const git = await openGit({ path: repository.path });
  onTestFinished(() => git.close());
  await git.claim({ name: "cleaning/old", owner: "the test" });
  const open = WorktreeManager.open(repository.path, { runId: "old", limits: { lockTimeoutMs: 20 } });
  await expect(open).rejects.toMatchObject({ code: "ERR_LOCKED" });
});

test("cleaning is killed before one of its calls after the other, and done again", { timeout: 300_000 }, async () => {
  let deaths = 0;
  for (let nth = 1; ; nth += stride) {
    const repository = await withRun("old", 31, { land: "working-tree" });
    const folder = await addEarlier(repository, "old", 31);
    await finishedRun(repository, "young");
    const ended = await startDying(repository, { act: "clean", dieAt: { method: null, nth } }).gone;
    const { runs } = await cleanRepository(repository.path, older);
    expect(runs.left.map(({ runId }) => runId)).toEqual(["young"]);
    expect(await coppiceRefs(repository)).toEqual(["refs/coppice/young/ledger"]);
    expect(existsSync(folder)).toBe(false);
    await expectSound(repository);
    if (ended === 0) break;
    deaths++;
  }
  expect(deaths * stride).toBeGreaterThan(8);
});
