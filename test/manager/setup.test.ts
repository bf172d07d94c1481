// The setup command: once for each worktree, again when what it depends on changes; what it makes stays, what it spoils is an error.
import { appendFile, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ManagerOptions, TaskContext, WorktreeManager } from "../../src/index.js";
import { coppiceRefs, expectSound, linkedWorktrees, openManager } from "../support/manager.js";
import { createRepository, type TestRepository } from "../support/repository.js";

const tree = { ".gitignore": "made/\n*.log\n", "lock.json": "1\n", "a.txt": "a\n" };
/** Counts its runs in a file outside, and makes what tasks need. */
const counting = 'echo run >> "$COUNT"; mkdir -p made; cp lock.json made/';

async function withSetup(script: string, options: { inputs?: string[]; timeoutMs?: number } & ManagerOptions = {}) {
  const { inputs = ["lock.json"], timeoutMs = 60_000, ...rest } = options;
  const repository = await createRepository({ tree });
  const count = join(repository.path, "../count");
  await writeFile(count, "");
  const setup = { command: "sh", args: ["-ec", script], env: { COUNT: count }, inputs, timeoutMs };
  const manager = await openManager(repository, { limits: { worktrees: 1 }, ...rest, provision: { setup } });
  const runs = async () => (await readFile(count, "utf8")).split("\n").length - 1;
  return { repository, manager, runs };
}

const look = async ({ resolve }: TaskContext<undefined>) => readFile(resolve("made/lock.json"), "utf8");

async function expectNothingLeft(repository: TestRepository, manager: WorktreeManager): Promise<void> {
  await manager.close();
  expect(await linkedWorktrees(repository)).toEqual([]);
  expect((await coppiceRefs(repository)).filter((ref) => !ref.endsWith("/ledger"))).toEqual([]);
  await expectSound(repository);
}

test("it runs before a worktree's first effect only, and what it makes is there for all, and in no result", async () => {
  for (const ignored of ["clean", "keep"] as const) {
    const { repository, manager, runs } = await withSetup(counting, { ignored });
    const first = await manager.run({ id: "first", task: look });
    expect(first).toMatchObject({ kind: "unchanged", value: "1\n", timings: { setupMs: expect.any(Number) } });
    const second = await manager.run({
      id: "second",
      task: async (context) => {
        await writeFile(context.resolve("a.txt"), "b\n");
        return look(context);
      },
    });
    expect(second).toMatchObject({ kind: "landed", value: "1\n", changes: [{ path: "a.txt" }] });
    expect(second.timings.setupMs).toBeNull();
    // Also at the base that has moved.
    expect(await manager.run({ id: "third", task: look })).toMatchObject({ kind: "unchanged", value: "1\n" });
    expect(await runs()).toBe(1);
    await expectNothingLeft(repository, manager);
  }
});

test("every worktree is set up", async () => {
  const { manager, runs } = await withSetup(counting, { limits: { worktrees: 2 } });
  const leases = [await manager.acquire("one"), await manager.acquire("two")];
  expect(await runs()).toBe(2);
  for (const lease of leases) await lease.release();
});

test("it runs again when a file that it depends on is another at the base, and when what it made is gone", async () => {
  const { repository, manager, runs } = await withSetup(counting);
  await manager.run({ id: "first", task: look });
  await repository.commit("other", { "a.txt": "other\n" });
  await manager.run({ id: "second", task: look });
  expect(await runs()).toBe(1);
  await repository.commit("newer", { "lock.json": "2\n" });
  expect(await manager.run({ id: "third", task: look })).toMatchObject({ value: "2\n" });
  expect(await runs()).toBe(2);
  await manager.run({ id: "spoil", task: ({ resolve }) => rm(resolve("made"), { recursive: true }) });
  expect(await manager.run({ id: "fourth", task: look })).toMatchObject({ value: "2\n" });
  expect(await runs()).toBe(3);
  await expectNothingLeft(repository, manager);
});

test("a lease that is reset to another base by hand is set up for it", async () => {
  const { repository, manager, runs } = await withSetup(counting);
  const oldOid = await repository.oid("HEAD");
  await repository.commit("newer", { "lock.json": "2\n" });
  const lease = await manager.acquire("driven");
  expect(await readFile(join(lease.path, "made/lock.json"), "utf8")).toBe("2\n");
  await lease.reset(oldOid);
  expect(await readFile(join(lease.path, "made/lock.json"), "utf8")).toBe("1\n");
  expect(await runs()).toBe(2);
  await lease.release();
  await expectNothingLeft(repository, manager);
});

test("what it makes stays out of a snapshot also when the task stops ignoring it", async () => {
  const { repository, manager } = await withSetup(counting);
  const outcome = await manager.run({
    id: "unignore",
    task: ({ resolve }) => writeFile(resolve(".gitignore"), "*.log\n"),
  });
  expect(outcome).toMatchObject({ kind: "landed", changes: [{ path: ".gitignore" }] });
  await expectNothingLeft(repository, manager);
});

test("its output is told of while it runs, between its start and its end, before the effect has a worktree", async () => {
  const { manager } = await withSetup("echo making; echo careful >&2");
  const told: string[] = [];
  manager.on("setup:started", ({ effectId, worktree }) => told.push(`started ${effectId} ${worktree}`));
  manager.on("setup:output", ({ stream, text }) => told.push(`${stream} ${text.trim()}`));
  manager.on("setup:ended", ({ ok }) => told.push(`ended ${ok}`));
  manager.on("effect:acquired", () => told.push("acquired"));
  await manager.run({ id: "one", task: () => null });
  expect([told[0], ...told.slice(1, 3).sort(), ...told.slice(3)]).toEqual([
    "started one w01",
    "stderr careful",
    "stdout making",
    "ended true",
    "acquired",
  ]);
});

test.each([
  ["changes a tracked file", "echo spoilt >> a.txt", "a.txt"],
  ["makes a file that is not ignored", "echo new > new.txt", "new.txt"],
  ["removes a file", "rm a.txt", "a.txt"],
  ["leaves a pipe", "mkfifo pipe", "pipe"],
])("one that %s is an error that names it, and nothing of it lands", async (_what, script, path) => {
  const { repository, manager } = await withSetup(script);
  let ran = false;
  const outcome = await manager.run({
    id: "one",
    task: () => {
      ran = true;
    },
  });
  expect(outcome).toMatchObject({ kind: "failed", kept: null, error: { code: "ERR_PROVISION", details: { path } } });
  expect(ran).toBe(false);
  expect(await repository.status()).toBe("");
  await expectNothingLeft(repository, manager);
});

test("one that makes a commit is an error", async () => {
  const commit = "git -c user.name=x -c user.email=x@y commit -q --allow-empty -m own";
  const { repository, manager } = await withSetup(commit);
  const outcome = await manager.run({ id: "one", task: () => null });
  expect(outcome).toMatchObject({
    error: { code: "ERR_PROVISION", message: expect.stringContaining("has made a commit") },
  });
  await expectNothingLeft(repository, manager);
});

test("one that fails is an error with the end of its output, and the next effect tries again", async () => {
  const script = 'echo run >> "$COUNT"; echo line 1; echo cannot fetch >&2; exit 3';
  const { repository, manager, runs } = await withSetup(script);
  for (const id of ["one", "two"]) {
    const outcome = await manager.run({ id, task: () => null });
    expect(outcome).toMatchObject({
      kind: "failed",
      kept: null,
      error: {
        code: "ERR_PROVISION",
        message: expect.stringMatching(
          /^the setup command "sh -ec .*" failed: .*exit code 3.*ends with:\ncannot fetch$/s,
        ),
      },
    });
  }
  expect(await runs()).toBe(2);
  await expectNothingLeft(repository, manager);
});

test("one that hangs ends at its limit, with all that it started", async () => {
  const { repository, manager } = await withSetup("echo waiting; sleep 1000 & sleep 1000", {
    timeoutMs: 50,
    limits: { worktrees: 1, graceMs: 50 },
  });
  const outcome = await manager.run({ id: "one", task: () => null });
  expect(outcome).toMatchObject({
    kind: "failed",
    error: {
      code: "ERR_PROVISION",
      message: expect.stringContaining("took longer than 50 ms (provision.setup.timeoutMs)"),
    },
  });
  await expectNothingLeft(repository, manager);
});

test("an abort ends it, and the effect is aborted", async () => {
  const { repository, manager } = await withSetup("echo waiting; sleep 1000", {
    limits: { worktrees: 1, graceMs: 50 },
  });
  manager.on("setup:output", () => manager.abort());
  expect(await manager.run({ id: "one", task: () => null })).toMatchObject({ kind: "aborted", kept: null });
  await expectNothingLeft(repository, manager);
});

test("a program that is missing is an error that names it", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, { provision: { setup: { command: "no-such-program" } } });
  expect(await manager.run({ id: "one", task: () => null })).toMatchObject({
    error: { code: "ERR_PROVISION", message: expect.stringContaining('"no-such-program" was not found') },
  });
  await expectNothingLeft(repository, manager);
});

test("inputs that lead outside are refused when the manager opens", async () => {
  const repository = await createRepository({ tree });
  for (const glob of ["../lock.json", "/etc/passwd", ".git/config"]) {
    const setup = { command: "true", inputs: [glob] };
    await expect(openManager(repository, { provision: { setup } })).rejects.toMatchObject({ code: "ERR_PROVISION" });
  }
});

test("it stands beside links and copies, and survives with them", async () => {
  const repository = await createRepository({ tree: { ...tree, ".gitignore": "made/\n*.log\n.env\nlinked\n" } });
  await repository.write({ ".env": "SECRET=1\n", linked: "shared\n" });
  const setup = { command: "sh", args: ["-ec", "mkdir -p made; cat .env linked > made/both; echo log > setup.log"] };
  const manager = await openManager(repository, {
    limits: { worktrees: 1 },
    provision: { setup, copy: [".env"], link: ["linked"] },
  });
  const both = ({ resolve }: TaskContext<undefined>) =>
    Promise.all(["made/both", ".env", "setup.log"].map((path) => readFile(resolve(path), "utf8")));
  for (const id of ["one", "two"]) {
    const outcome = await manager.run({
      id,
      task: async (context) => {
        const seen = await both(context);
        await appendFile(context.resolve(".env"), "MORE=1\n");
        return seen;
      },
    });
    expect(outcome).toMatchObject({ kind: "unchanged", value: ["SECRET=1\nshared\n", "SECRET=1\n", "log\n"] });
  }
  await expectNothingLeft(repository, manager);
});
