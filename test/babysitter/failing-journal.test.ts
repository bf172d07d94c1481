// What the orchestrator's side may do wrong at any moment: its journal or our ledger cannot be read or written, another process works
// on the same run. Each is an error of the call, never of the process, and no effect is posted as something that it is not.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { type Commit, driveRun, type Sdk, wrapCommit, wrapResolve } from "../../src/babysitter.js";
import { CoppiceError, type TaskContext } from "../../src/index.js";
import { startDying } from "../support/dying.js";
import { Gate, openManager } from "../support/manager.js";
import { action, memorySdk, shell } from "./memory-sdk.js";
import { createProject, setUp } from "./set-up.js";

/** What Node would end the process for. */
function unhandledRejections(): unknown[] {
  const seen: unknown[] = [];
  const listener = (reason: unknown) => void seen.push(reason);
  process.on("unhandledRejection", listener);
  onTestFinished(() => void process.off("unhandledRejection", listener));
  return seen;
}

test.each(["WORKTREE_BATCH", "WORKTREE_LEASED"])(
  "a journal that does not take %s fails the call, and nothing else",
  async (refused) => {
    const { sdk, dispatch } = await setUp();
    const unhandled = unhandledRejections();
    const appendEvent: Sdk["appendEvent"] = async (options) => {
      if (options.eventType === refused) throw new Error("no space");
      return sdk.appendEvent(options);
    };
    const actions = [shell("e1", "echo 1 > 1.txt"), shell("e2", "echo 2 > 2.txt"), shell("e3", "sleep 0.1")];
    await expect(dispatch(actions, { sdk: { ...sdk, appendEvent } })).rejects.toThrow("no space");
    await new Promise(setImmediate);
    expect(unhandled).toEqual([]);
    await dispatch(actions);
    expect(Object.values(sdk.results()).map(({ status }) => status)).toEqual(["ok", "ok", "ok"]);
  },
);

test("in the order of settling nothing is posted any more once the call has failed", async () => {
  const { sdk, dispatch } = await setUp();
  let inside = 0;
  const commitEffectResult: Sdk["commitEffectResult"] = async (options) => {
    inside++;
    await new Promise(setImmediate);
    inside--;
    if (options.effectId === "e1") throw new Error("died");
    return sdk.commitEffectResult(options);
  };
  const actions = ["e1", "e2", "e3", "e4"].map((id) => shell(id, "true"));
  await expect(dispatch(actions, { order: "settled", sdk: { ...sdk, commitEffectResult } })).rejects.toThrow("died");
  expect(inside).toBe(0);
  expect(Object.keys(sdk.results()).sort()).toEqual(["e2", "e3", "e4"]);
});

test("a ledger that cannot be read says nothing about an effect", async () => {
  const { sdk, dispatch, manager } = await setUp();
  const dies: Sdk = { ...sdk, commitEffectResult: () => Promise.reject(new Error("died")) };
  await expect(dispatch([shell("e1", "echo 1 > 1.txt")], { sdk: dies })).rejects.toThrow("died");
  vi.spyOn(manager, "recorded").mockRejectedValueOnce(new CoppiceError("ERR_NATIVE", "input/output error"));
  await expect(dispatch([shell("e1", "echo 1 > 1.txt")])).rejects.toMatchObject({ code: "ERR_NATIVE" });
  expect(sdk.results()).toEqual({});
  await dispatch([shell("e1", "echo 1 > 1.txt")]);
  expect(sdk.results().e1).toMatchObject({ status: "ok", metadata: { worktree: { kind: "landed" } } });
});

test("an effect that another process works on is not posted, and its siblings are", async () => {
  const { sdk, dispatch, repository } = await setUp();
  const other = await openManager(repository, { runId: "run-1" });
  const [begun, held] = [new Gate(), new Gate()];
  onTestFinished(() => held.open());
  const elsewhere = other.run({
    id: "e1",
    task: async () => {
      begun.open();
      await held.opened;
    },
  });
  await begun.opened;
  const actions = [shell("e1", "true"), shell("e2", "echo 2 > 2.txt")];
  expect(await dispatch(actions)).toMatchObject({ posted: 1, outcomes: [{ kind: "failed" }, { kind: "landed" }] });
  expect(sdk.events.filter(({ data }) => data.effectId === "e1" && "kind" in data)).toEqual([]);
  held.open();
  await elsewhere;
  await dispatch(actions);
  expect(sdk.results()).toMatchObject({ e1: { status: "ok" }, e2: { status: "ok" } });
});

test("a failure that the ledger could not take is no result: the effect is run again", async () => {
  const { sdk, dispatch, repository } = await setUp({ limits: { lockTimeoutMs: 100 } });
  await dispatch([shell("e0", "true")]);
  const lock = join(repository.path, ".git/refs/coppice/run-1/ledger.lock");
  await mkdir(dirname(lock), { recursive: true });
  await writeFile(lock, "");
  const actions = [shell("e1", "echo 1 > 1.txt")];
  expect(await dispatch(actions)).toMatchObject({ posted: 0, outcomes: [{ kind: "failed" }] });
  await rm(lock);
  expect(Object.keys(sdk.results())).toEqual(["e0"]);
  await dispatch(actions);
  expect(sdk.results().e1).toMatchObject({ status: "ok", metadata: { worktree: { kind: "landed" } } });
});

// About the fifth flush is the one that sets the conflicted work aside: before it the ledger says "conflicted", and the work is kept.
test.each([4, 5, 6])(
  "killed before flush %i, where a conflicted effect is to run again: it runs again, and is not posted as a conflict",
  async (nth) => {
    const project = await createProject();
    const { repository } = project;
    const effects = ["one", "two"].map((id) => ({ id, script: `echo ${id} >> a.txt` }));
    const options = { runId: "run-1", onConflict: "rerun" as const };
    const dieAt = { method: "flush", nth };
    expect(await startDying(repository, { act: "run", effects, options, dieAt }).gone).toBe("SIGKILL");
    const { sdk, dispatch, read } = await setUp({ onConflict: "rerun" }, project);
    await dispatch(effects.map(({ id, script }) => shell(id, script)));
    expect(sdk.results()).toMatchObject({ one: { status: "ok" }, two: { status: "ok" } });
    expect(await read("a.txt")).toBe("a\none\ntwo\n");
  },
);

test("an effect that was aborted, and then fails, is said to have failed", async () => {
  const { sdk, dispatch } = await setUp();
  const abort = new AbortController();
  const task = () => async () => abort.abort(new CoppiceError("ERR_ABORTED", "enough"));
  await dispatch([shell("e1", "-")], { signal: abort.signal, executors: { shell: task } });
  expect(sdk.results()).toEqual({});
  await dispatch([shell("e1", "exit 3")]);
  const kept = sdk.events.filter(({ type }) => type === "WORKTREE_KEPT").map(({ data }) => data.kind);
  expect(kept).toEqual(["aborted", "failed"]);
});

test("a drive that is aborted while its effects are verified ends, and leaves them pending with their work", async () => {
  const { repository, runDir } = await createProject();
  const sdk = memorySdk(() => ({ status: "waiting", nextActions: [shell("e1", "echo 1 > a.txt")] }));
  const abort = new AbortController();
  const verify = ({ signal }: TaskContext<undefined>) =>
    new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve());
      abort.abort();
    });
  const managerOptions = { limits: { graceMs: 10 }, verify: { task: verify } };
  const driven = await driveRun({ runDir, repository: repository.path, sdk, managerOptions, signal: abort.signal });
  expect(driven).toMatchObject({
    status: "waiting",
    outcomes: [{ kind: "aborted", kept: { ref: expect.any(String) } }],
  });
  expect(sdk.results()).toEqual({});
});

test("an effect whose batch is in the journal gets a worktree, also when a death came before its lease was", async () => {
  const { sdk, dispatch, repository } = await setUp();
  const baseOid = await repository.oid("HEAD");
  sdk.events.push({ type: "WORKTREE_BATCH", data: { effectId: "e1", effectIds: ["e1", "e2"], baseOid } });
  const { others } = await dispatch([shell("e1", "true"), shell("e2", "true")], { isolate: () => false });
  expect(others).toEqual([]);
});

test("a driver's own dispatch leaves pending what was aborted, and what another process works on", async () => {
  const { manager, runDir, repository } = await setUp();
  const resolve = wrapResolve(async () => ({ status: "ok" }), { runDir, manager });
  const other = await openManager(repository, { runId: "run-1" });
  const [begun, held] = [new Gate(), new Gate()];
  onTestFinished(() => held.open());
  const elsewhere = other.run({
    id: "e1",
    task: async () => {
      begun.open();
      await held.opened;
    },
  });
  await begun.opened;
  expect(await resolve(shell("e1", "-"))).toMatchObject({ status: "pending", error: { code: "ERR_EFFECT_CLAIMED" } });
  held.open();
  await elsewhere;
  expect((await resolve(shell("e1", "-"))).status).toBe("ok");
  manager.abort();
  expect(await resolve(shell("e2", "-"))).toMatchObject({ status: "pending", error: { code: "ERR_ABORTED" } });
});

test("a driver's own dispatch: the words of an error that is a plain object stay, and a journal is read again that once failed", async () => {
  const { manager, runDir, sdk } = await setUp();
  const resolve = wrapResolve(async () => ({ status: "error", error: { name: "E", message: "no luck" } }), {
    runDir,
    manager,
  });
  expect(await resolve(shell("e1", "-"))).toMatchObject({ error: { message: expect.stringContaining("no luck") } });
  let reads = 0;
  const loadJournal: Sdk["loadJournal"] = async (path) => {
    if (reads++ === 0) throw new Error("busy");
    return sdk.loadJournal(path);
  };
  const committed: string[] = [];
  const commit = wrapCommit(async ({ action }: Commit) => void committed.push(action.effectId), {
    runDir,
    sdk: { ...sdk, loadJournal },
  });
  const done = { action: shell("e1", "-"), result: { status: "ok" } };
  await expect(commit(done)).rejects.toThrow("busy");
  await commit(done);
  expect(committed).toEqual(["e1"]);
});

test("a program that prints null gives null", async () => {
  const { dispatch, sdk } = await setUp();
  await dispatch([shell("e1", "echo null")]);
  expect(sdk.results().e1).toMatchObject({ status: "ok", value: null });
});

test("an answer without a value is posted as null", async () => {
  const { manager, runDir } = await setUp();
  const sdk = memorySdk((posted) =>
    posted.has("ask")
      ? { status: "completed", output: posted.get("ask")?.value }
      : { status: "waiting", nextActions: [action("ask", "breakpoint")] },
  );
  const run = await driveRun({ runDir, manager, sdk, onAction: () => ({ status: "ok" }) });
  expect(run).toMatchObject({ status: "completed", output: null });
});
