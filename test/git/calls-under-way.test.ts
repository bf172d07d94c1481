// Calls that do not come back: told of once per doubling, given up by close and after an abort. A native call hangs for real, in the
// opening of a named pipe; what depends on the clock has one that the test moves.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { CallsUnderWay, type SlowCall } from "../../src/git/calls-under-way.js";
import { openGit } from "../../src/git/git.js";
import { WorktreeManager } from "../../src/index.js";
import { addGate } from "../support/gate.js";
import { expectSound, Gate, openManager } from "../support/manager.js";
import { createRepository } from "../support/repository.js";

const tree = { "a.txt": "a\n" };

afterEach(() => {
  vi.useRealTimers();
});

function watched(afterMs: number) {
  vi.useFakeTimers();
  const calls = new CallsUnderWay();
  const told: SlowCall[] = [];
  calls.onSlow(afterMs, (slow) => told.push(slow));
  return { calls, told };
}

test("a call is told of once per doubling, and never again when it has ended", async () => {
  const { calls, told } = watched(10);
  const reply = new Gate<string>();
  const followed = calls.follow(1, "snapshot", "/w/w01", reply.opened);
  await vi.advanceTimersByTimeAsync(9);
  expect(told).toEqual([]);
  await vi.advanceTimersByTimeAsync(91);
  expect(told).toEqual([10, 20, 40, 80].map((elapsedMs) => ({ operation: "snapshot", path: "/w/w01", elapsedMs })));
  reply.open("done");
  expect(await followed).toBe("done");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told.length).toBe(4);
  expect(vi.getTimerCount()).toBe(0);
});

test("a call that begins while another is long under way is told of in its own time", async () => {
  const { calls, told } = watched(10);
  const never = new Promise<void>(() => {});
  void calls.follow(1, "snapshot", "/w/w01", never);
  await vi.advanceTimersByTimeAsync(85);
  void calls.follow(2, "reset", "/w/w02", never);
  await vi.advanceTimersByTimeAsync(15);
  expect(told.filter(({ operation }) => operation === "reset")).toMatchObject([{ path: "/w/w02" }]);
});

test("ordinary calls are not told of, and leave no timer", async () => {
  const { calls, told } = watched(10);
  for (let call = 1; call <= 100; call++) {
    await calls.follow(call, "resolve", "/r", Promise.resolve());
    await vi.advanceTimersByTimeAsync(1);
  }
  await vi.advanceTimersByTimeAsync(20);
  expect(told).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test("with 0 there is no timer at all", async () => {
  const { calls, told } = watched(0);
  void calls.follow(1, "resolve", "/r", new Promise(() => {}));
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told).toEqual([]);
});

test("a native call that hangs is told of while it hangs, and goes on", async () => {
  const repository = await createRepository({ tree });
  const gate = await addGate(repository.path);
  const git = await openGit({ path: repository.path });
  const told: SlowCall[] = [];
  const thrice = new Gate();
  git.onSlow(1, (slow) => {
    if (told.push(slow) === 3) thrice.open();
  });
  const reading = git.resolve({ name: gate.ref }).catch((error) => error.code);
  await thrice.opened;
  for (const [index, slow] of told.slice(0, 3).entries()) {
    expect(slow).toMatchObject({ operation: "resolve", path: repository.path });
    expect(slow.elapsedMs).toBeGreaterThanOrEqual(2 ** index);
  }
  await gate.open();
  expect(await reading).toBe("ERR_NATIVE");
  await git.close();
});

test("close gives up what does not stop, and names it", async () => {
  const repository = await createRepository({ tree });
  const gate = await addGate(repository.path);
  const git = await openGit({ path: repository.path, stopTimeoutMs: 20 });
  const reading = git.resolve({ name: gate.ref });
  const answer = reading.catch((error) => error);
  await gate.reached();
  await expect(git.close()).rejects.toMatchObject({
    code: "ERR_TIMEOUT",
    message: expect.stringContaining(`resolve in ${repository.path} has not stopped within 20 ms of being asked to`),
  });
  expect(await answer).toMatchObject({ code: "ERR_TIMEOUT", details: { operation: "resolve" } });
  await expect(git.describe()).rejects.toMatchObject({ code: "ERR_CLOSED" });
  await gate.open();
});

test("after an abort nothing is waited for without end: effects settle, close says what hangs, the work is recovered", async () => {
  const repository = await createRepository({ tree });
  const gate = await addGate(repository.path);
  const manager = await WorktreeManager.open(repository.path, { runId: "run-1", limits: { stopTimeoutMs: 100 } });
  const atWork = new Gate();
  const more = new Gate();
  const worked = manager.run({
    id: "works",
    task: async ({ resolve, signal }) => {
      await writeFile(resolve("a.txt"), "half\n");
      atWork.open();
      await more.opened;
      signal.throwIfAborted();
    },
  });
  await atWork.opened;
  const hung = manager.run({ id: "hangs", task: () => null }, { base: gate.ref });
  await gate.reached();
  manager.abort();
  more.open();
  // Recorded, when that is faster than what hangs is given up.
  expect(await worked).toMatchObject({ kind: expect.stringMatching(/^(aborted|failed)$/) });
  expect(await hung).toMatchObject({ kind: "failed", error: { code: "ERR_CLOSED" } });
  await expect(manager.close()).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
  await gate.open();
  await rm(join(repository.path, ".git", gate.ref));
  // What hung ends now, and with it the session's claims.
  const git = await openGit({ path: repository.path });
  while ((await git.listClaims()).claims.some(({ held }) => held));
  await git.close();
  await (await openManager(repository, { runId: "run-1" })).close();
  expect(await repository.git("show", "refs/coppice/run-1/effects/works:a.txt")).toBe("half");
  await expectSound(repository);
});

test("a lock that somebody holds is told of, and the effect lands when it is free", async () => {
  const repository = await createRepository({ tree });
  const lock = join(repository.path, ".git/index.lock");
  await writeFile(lock, "");
  const manager = await openManager(repository, { limits: { slowOperationMs: 1 } });
  const waits: number[] = [];
  manager.on("operation:slow", ({ operation, elapsedMs }) => {
    if (operation === "beginLanding" && waits.push(elapsedMs) === 2) void rm(lock);
  });
  const outcome = await manager.run({ id: "edit", task: ({ resolve }) => writeFile(resolve("a.txt"), "b\n") });
  expect(outcome.kind).toBe("landed");
  expect(waits.length).toBeGreaterThanOrEqual(2);
  await manager.close();
  await expectSound(repository);
});
