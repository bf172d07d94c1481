// What a driver with a dispatch of its own is told, and what is committed for it.
import { rm, writeFile } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { type Commit, wrapCommit, wrapResolve } from "../../src/babysitter.js";
import { CoppiceError } from "../../src/index.js";
import { Gate } from "../support/manager.js";
import { action, shell } from "./memory-sdk.js";
import { setUp } from "./set-up.js";

test("only what has ended is committed", async () => {
  const { runDir, sdk } = await setUp();
  const committed: string[] = [];
  const commit = wrapCommit(async ({ action }: Commit) => void committed.push(action.effectId), { runDir, sdk });
  for (const status of ["pending", "emitted", "ok", "error"])
    await commit({ action: shell(status, "-"), result: { status } });
  expect(committed).toEqual(["ok", "error"]);
  await expect(commit({ action: shell("e", "-"), result: {} as never })).rejects.toMatchObject({
    code: "ERR_ACTION",
    message: expect.stringContaining("result.status"),
  });
});

const done = async () => ({ status: "ok" }) as const;
test("a status that only the driver knows is no end, and none at all is an error", async () => {
  const { runDir, manager } = await setUp();
  const give = (result: unknown) => wrapResolve(async () => result as never, { runDir, manager });
  const emitted = { status: "emitted", value: 1 };
  expect(await give(emitted)(shell("e1", "-"))).toEqual(emitted);
  expect(await manager.recorded("e1")).toMatchObject({ kind: "aborted" });
  for (const [id, nothing] of Object.entries({ e2: undefined, e3: {} }))
    expect(await give(nothing)(shell(id, "-"))).toMatchObject({
      status: "error",
      error: { message: expect.stringContaining(`no status was given for effect ${id}`) },
    });
});

const pending = (code: string) => ({ status: "pending", error: { code } });

test("a manager that is closed is no end of an effect", async () => {
  const { runDir, manager } = await setUp();
  const resolve = wrapResolve(done, { runDir, manager });
  await manager.close();
  expect(await resolve(shell("e1", "-"))).toMatchObject(pending("ERR_CLOSED"));
});

test("nor is an effect that is under way already, and its next answer is what has landed", async () => {
  const { runDir, manager } = await setUp();
  const [begun, held] = [new Gate(), new Gate()];
  onTestFinished(() => held.open());
  const resolve = wrapResolve(
    async () => {
      begun.open();
      await held.opened;
      return { status: "ok", value: "first" };
    },
    { runDir, manager },
  );
  const first = resolve(shell("e1", "-"));
  await begun.opened;
  expect(await resolve(shell("e1", "-"))).toMatchObject(pending("ERR_EFFECT_DUPLICATE"));
  held.open();
  expect(await first).toMatchObject({ status: "ok", value: "first" });
  expect(await resolve(shell("e1", "-"))).toMatchObject({ status: "ok", value: "first" });
});

test.each(["describe", "recorded"] as const)("nor is a repository of which %s fails", async (method) => {
  const { runDir, manager } = await setUp();
  vi.spyOn(manager, method).mockRejectedValueOnce(new CoppiceError("ERR_NATIVE", "input/output error"));
  const resolve = wrapResolve(done, { runDir, manager });
  expect(await resolve(shell("e1", "-"))).toMatchObject(pending("ERR_NATIVE"));
  expect(await resolve(shell("e1", "-"))).toMatchObject({ status: "ok" });
});

test("nor is a ledger that cannot be read again once the effect has failed", async () => {
  const { runDir, manager } = await setUp();
  const fails = async () => {
    vi.spyOn(manager, "recorded").mockRejectedValueOnce(new CoppiceError("ERR_NATIVE", "input/output error"));
    return { status: "error", error: new Error("no") } as const;
  };
  const resolve = wrapResolve(fails, { runDir, manager });
  expect(await resolve(shell("e1", "-"))).toMatchObject(pending("ERR_NATIVE"));
  expect(await resolve(shell("e1", "-"))).toMatchObject({ status: "error", error: { name: "ERR_TASK_FAILED" } });
});

test("nor is a run directory that is not there, or an isolate that throws", async () => {
  const { runDir, manager } = await setUp();
  const isolate = () => {
    throw new Error("no answer");
  };
  const resolve = wrapResolve(done, { runDir, manager, isolate });
  expect(await resolve(shell("e1", "-"))).toMatchObject({ status: "pending", error: { message: "no answer" } });
  await rm(runDir, { recursive: true });
  expect(await wrapResolve(done, { runDir, manager })(shell("e1", "-"))).toMatchObject(pending("ENOENT"));
});

test("what a driver's function throws for an action that is no code task is its own", async () => {
  const { runDir, manager } = await setUp();
  const throws = () => Promise.reject(new Error("nobody is there"));
  await expect(wrapResolve(throws, { runDir, manager })(action("ask", "breakpoint"))).rejects.toThrow(
    "nobody is there",
  );
});

test.each([
  { exitCode: 0, stdout: "[1]\n", stderr: "" },
  { success: false, exitCode: 1, stdout: "null", stderr: "", error: "Shell command exited with code 1" },
])("a driver's value is its own, also from the ledger: %j", async (value) => {
  const { runDir, manager } = await setUp();
  const resolve = wrapResolve(async () => ({ status: "ok", value, stdout: "said" }), { runDir, manager });
  expect(await resolve(shell("e1", "-"))).toMatchObject({ status: "ok", value, stdout: "said" });
  expect(await resolve(shell("e1", "-"))).toEqual({ status: "ok", value, metadata: expect.anything() });
});

test("what has not landed has no value", async () => {
  const { runDir, manager, repository } = await setUp();
  const resolve = wrapResolve(
    async ({ taskDef }) => {
      const { path } = (taskDef.metadata as { worktree: { path: string } }).worktree;
      await writeFile(join(path, "a.txt"), "mine\n");
      await repository.commit("Yours", { "a.txt": "yours\n" });
      return { status: "ok", value: "done", stdout: "said" };
    },
    { runDir, manager },
  );
  expect(await resolve(shell("e1", "-"))).toEqual({
    status: "error",
    error: expect.objectContaining({ name: "WorktreeConflictError" }),
    stdout: "said",
    metadata: { worktree: expect.objectContaining({ kind: "conflicted" }) },
  });
});

test("a program of the user's tree is the worktree's own, and one elsewhere stays where it is", async () => {
  const { runDir, manager, repository } = await setUp();
  const seen: unknown[] = [];
  const resolve = wrapResolve(
    async ({ taskDef }) => {
      const { path } = (taskDef.metadata as { worktree: { path: string } }).worktree;
      const { cwd, entry } = taskDef.node as { cwd: string; entry: string };
      seen.push([relative(path, cwd), isAbsolute(entry) ? relative(path, entry) : entry]);
      return { status: "ok", value: entry };
    },
    { runDir, manager },
  );
  const inside = join(repository.path, "tools/edit.mjs");
  await resolve(action("e1", "node", { entry: inside }));
  await resolve(action("e2", "node", { entry: inside, cwd: "sub" }));
  await resolve(action("e3", "node", { entry: "tools/edit.mjs" }));
  expect(seen).toEqual([
    ["", "tools/edit.mjs"],
    ["sub", "tools/edit.mjs"],
    ["", "tools/edit.mjs"],
  ]);
  expect(await resolve(action("e4", "node", { entry: "/opt/edit.mjs" }))).toMatchObject({ value: "/opt/edit.mjs" });
});
