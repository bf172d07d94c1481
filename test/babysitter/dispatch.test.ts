import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runLabels } from "../../src/babysitter/run-directory.js";
import {
  type DispatchOptions,
  dispatchEffects,
  driveRun,
  type EffectAction,
  harnessExecutor,
  invokeHarnessExecutor,
  wrapCommit,
  wrapResolve,
} from "../../src/babysitter.js";
import { harnessTask, type ManagerOptions } from "../../src/index.js";
import { openManager } from "../support/manager.js";
import { createRepository } from "../support/repository.js";
import { action, memorySdk, shell } from "./memory-sdk.js";

const standIn = fileURLToPath(new URL("../fixtures/harness/stand-in.mjs", import.meta.url));
const idle = memorySdk(() => ({ status: "completed", output: null }));

/** A repository with a run's directory in it, and the manager of that run. */
async function setUp(options: ManagerOptions = {}) {
  const repository = await createRepository({ tree: { "a.txt": "a\n", "sub/b.txt": "b\n" } });
  const runDir = join(repository.path, ".a5c/runs/run-1");
  await mkdir(runDir, { recursive: true });
  await writeFile(join(runDir, "run.json"), "{}");
  const manager = await openManager(repository, { runId: "run-1", ...options });
  const sdk = memorySdk(() => ({ status: "completed", output: null }));
  const dispatch = (nextActions: EffectAction[], more: Partial<DispatchOptions> = {}) =>
    dispatchEffects({ runDir, manager, sdk, nextActions, ...more });
  return {
    repository,
    runDir,
    manager,
    sdk,
    dispatch,
    read: (path: string) => readFile(join(repository.path, path), "utf8"),
  };
}

test("code tasks land and are posted in the order of the actions; the others are untouched", async () => {
  const { repository, sdk, dispatch, read } = await setUp();
  const actions = [
    shell("e1", "echo one > one.txt; echo '{\"n\":1}'"),
    action("wait", "breakpoint"),
    shell("e2", "echo two > two.txt"),
    shell("e3", "true"),
    action("later", "orchestrator_task"),
  ];
  const { posted, others, outcomes } = await dispatch(actions);
  expect(outcomes.map(({ kind }) => kind)).toEqual(["landed", "landed", "unchanged"]);
  expect(posted).toBe(3);
  expect(others.map(({ effectId }) => effectId)).toEqual(["wait", "later"]);
  expect(await read("one.txt")).toBe("one\n");
  expect(sdk.results().e1).toMatchObject({ status: "ok", value: { n: 1 }, metadata: { worktree: { kind: "landed" } } });
  const resolved = sdk.events.filter(({ type }) => type === "EFFECT_RESOLVED").map(({ data }) => data.effectId);
  expect(resolved).toEqual(["e1", "e2", "e3"]);
  expect(sdk.events[0]).toMatchObject({ type: "WORKTREE_BATCH", data: { effectIds: ["e1", "e2", "e3"] } });
  sdk.events.shift();
  for (const id of ["e1", "e2", "e3"]) {
    const types = sdk.events.filter(({ data }) => data.effectId === id).map(({ type }) => type);
    expect(types).toEqual(["WORKTREE_LEASED", "WORKTREE_LANDED", "EFFECT_RESOLVED"]);
  }
  // Neither swept up nor in the way.
  expect(await repository.git("status", "--porcelain")).toBe("");
  expect(await repository.git("ls-files", ".a5c")).toBe("");
});

test("a conflict, a failure and a refusal are posted as errors, with the work kept, while siblings land", async () => {
  const { sdk, dispatch, manager } = await setUp();
  await dispatch([
    shell("wins", "echo 1 > a.txt"),
    shell("loses", "echo 2 > a.txt"),
    shell("fails", "echo half > half.txt; exit 3"),
    action("escapes", "shell", { command: "true", cwd: "/tmp" }),
    action("unknown", "my-own", {}, { taskDef: { kind: "my-own", metadata: { worktree: true } } }),
    action("empty", "node", {}),
    shell("lands", "echo x > x.txt"),
  ]);
  const results = sdk.results();
  const errors = Object.entries(results).map(([id, { status, error }]) => [
    id,
    status,
    (error as Error | undefined)?.name,
  ]);
  expect(errors).toEqual([
    ["wins", "ok", undefined],
    ["loses", "error", "WorktreeConflictError"],
    ["fails", "error", "ERR_COMMAND_FAILED"],
    ["escapes", "error", "ERR_UNSAFE_PATH"],
    ["unknown", "error", "ERR_ACTION"],
    ["empty", "error", "ERR_ACTION"],
    ["lands", "ok", undefined],
  ]);
  expect(results.loses?.error).toMatchObject({ data: { conflicts: [{ path: "a.txt", kind: "content" }] } });
  expect((await manager.kept()).map(({ effectId }) => effectId).sort()).toEqual(["fails", "loses"]);
});

test("a value that is not JSON is an error, and the work is kept", async () => {
  const { sdk, dispatch, manager } = await setUp();
  const executors = {
    shell:
      () =>
      async ({ resolve }: { resolve(path: string): string }) => {
        await writeFile(resolve("new.txt"), "new\n");
        return 1n as never;
      },
  };
  await dispatch([shell("e1", "-")], { executors });
  expect(sdk.results().e1?.error).toMatchObject({ name: "ERR_TASK_VALUE" });
  expect((await manager.kept()).map(({ effectId }) => effectId)).toEqual(["e1"]);
});

test("malformed actions are refused before anything is done", async () => {
  const { sdk, dispatch, manager } = await setUp();
  const bad = { ...shell("e2", "true"), effectId: undefined } as unknown as EffectAction;
  await expect(dispatch([shell("e1", "echo 1 > one.txt"), bad])).rejects.toMatchObject({ code: "ERR_ACTION" });
  expect(sdk.events).toEqual([]);
  expect(await manager.recorded("e1")).toBeNull();
});

test("a manager of another run is refused", async () => {
  const { dispatch } = await setUp({ runId: "another" });
  await expect(dispatch([])).rejects.toMatchObject({ code: "ERR_OPTION", message: expect.stringContaining("run-1") });
});

test("a restart posts from the ledger what was merged but not posted, and runs nothing", async () => {
  const { sdk, dispatch, repository } = await setUp();
  const actions = [shell("e1", "echo 1 >> a.txt"), shell("e2", "echo 2 > two.txt")];
  const dies = { ...sdk, commitEffectResult: () => Promise.reject(new Error("died")) };
  await expect(dispatch(actions, { sdk: dies })).rejects.toThrow("died");
  const tip = await repository.oid("HEAD");
  const { posted, outcomes } = await dispatch(actions);
  expect(posted).toBe(2);
  expect(outcomes.map(({ replayed }) => replayed)).toEqual([true, true]);
  expect(await repository.oid("HEAD")).toBe(tip);
  expect(sdk.events.filter(({ type }) => type === "WORKTREE_LANDED")).toHaveLength(2);
  expect((await dispatch(actions)).posted).toBe(0);
});

test("a cwd in the repository is the same place of the worktree", async () => {
  const { dispatch, read, repository } = await setUp();
  await dispatch([
    action("relative", "shell", { command: "echo 1 >> b.txt", cwd: "sub" }),
    action("absolute", "shell", { command: "echo 2 > c.txt", cwd: join(repository.path, "sub") }),
  ]);
  expect([await read("sub/b.txt"), await read("sub/c.txt")]).toEqual(["b\n1\n", "2\n"]);
});

test("a group's own limit holds", async () => {
  const { dispatch } = await setUp();
  let running = 0;
  let most = 0;
  const executors = {
    shell: () => async () => {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
    },
  };
  const hint = { schedulerHints: { parallelGroupId: "g", executionStrategy: "sequential" } };
  await dispatch(
    ["a", "b", "c"].map((id) => shell(id, "-", hint)),
    { executors },
  );
  expect(most).toBe(1);
});

test("agents and skills are prompts for a harness; a run that one starts is in its parent's journal", async () => {
  const { dispatch, sdk, read, runDir } = await setUp({ harnesses: { "stand-in": { command: standIn } } });
  const executors = { agent: harnessExecutor({ harness: "stand-in" }) };
  const skill = action("skill", "skill", { name: "format", prompt: "write skill.txt s" });
  const withHarness = { ...skill, taskDef: { ...skill.taskDef, execution: { harness: "stand-in" } } };
  const child = join(runDir, "children/agent/child-1");
  await mkdir(join(child, "state"), { recursive: true });
  await writeFile(join(child, "state/output.json"), '{"done":true}');
  const childEvents = {
    ...sdk,
    loadJournal: async (dir: string) => (dir === child ? [{ type: "RUN_COMPLETED", data: {} }] : sdk.events),
  };
  await dispatch([action("agent", "agent", { prompt: "write agent.txt a" }), withHarness], {
    executors,
    sdk: childEvents,
  });
  expect([await read("agent.txt"), await read("skill.txt")]).toEqual(["a\n", "s\n"]);
  const run = { runId: "child-1", runDir: "children/agent/child-1", status: "completed", output: { done: true } };
  expect(sdk.results().agent?.metadata).toMatchObject({ childRuns: [run] });
  expect(sdk.events.find(({ type }) => type === "WORKTREE_CHILD_RUN")?.data).toEqual({
    effectId: "agent",
    childRuns: [run],
  });
  expect(JSON.parse(await readFile(join(runDir, "children/agent/parent.json"), "utf8"))).toMatchObject({
    effectId: "agent",
  });
  expect(await readdir(join(runDir, "children"))).toContain("skill");
});

test("Coppice's own events and ledger say which run an effect belongs to, and where its child runs are", async () => {
  const { dispatch, manager, runDir } = await setUp();
  const carried: unknown[] = [];
  manager.on("effect:acquired", ({ effectId, labels }) => carried.push([effectId, labels]));
  await dispatch([shell("e1", "echo 1 > one.txt"), shell("e2", "exit 1")], {
    request: ({ effectId }) => ({ labels: { own: effectId } }),
  });
  const labelsOf = (id: string) => ({
    "babysitter.runId": "run-1",
    "babysitter.runDir": runDir,
    "babysitter.childRunsDir": join(runDir, "children", id),
    own: id,
  });
  expect(carried.sort()).toEqual(["e1", "e2"].map((id) => [id, labelsOf(id)]));
  for (const id of ["e1", "e2"]) expect((await manager.recorded(id))?.labels).toEqual(labelsOf(id));
  expect(runLabels("/runs/a\nb", shell("e1", "-"))["babysitter.runDir"]).toBe("/runs/a\u{FFFD}b");
  const resolve = wrapResolve(async () => ({ status: "ok" }), { runDir, manager });
  await resolve(shell("e3", "-"));
  expect((await manager.recorded("e3"))?.labels).toMatchObject({ "babysitter.runDir": runDir });
});

test("the SDK's own invokeHarness may run agents, each in its worktree", async () => {
  const { dispatch, read, repository } = await setUp();
  const invokeHarness = async (name: string, { workspace, prompt }: { workspace: string; prompt: string }) => {
    expect(workspace).not.toBe(repository.path);
    await writeFile(join(workspace, "by.txt"), `${name}: ${prompt}\n`);
    return { success: true };
  };
  await dispatch([action("agent", "agent", { prompt: "hello" })], {
    executors: { agent: invokeHarnessExecutor(invokeHarness) },
  });
  expect(await read("by.txt")).toBe("claude-code: hello\n");
});

test("a driver's own dispatch: resolved in a worktree, committed once and one after the other", async () => {
  const { runDir, manager, sdk, repository, read } = await setUp();
  const resolve = wrapResolve(
    async ({ effectId, taskDef }) => {
      const path = (taskDef.metadata?.worktree as { path: string } | undefined)?.path ?? "";
      if (effectId === "fails") return { status: "error", error: new Error("no") };
      await writeFile(join(path, `${effectId}.txt`), "x\n");
      return { status: "ok", value: { effectId }, stdout: "said" };
    },
    { runDir, manager },
  );
  const commit = wrapCommit(
    async ({ action: { effectId }, result }: { action: EffectAction; result: Awaited<ReturnType<typeof resolve>> }) => {
      const { status, value, error } = result;
      if (status === "pending") throw new Error("pending");
      await sdk.commitEffectResult({ runDir, effectId, result: { status, value, error } });
    },
    { runDir, sdk },
  );
  const actions = [shell("e1", "-"), shell("fails", "-"), shell("e2", "-")];
  const commits = await Promise.all(actions.map(async (one) => ({ action: one, result: await resolve(one) })));
  await Promise.all([...commits, ...commits].map(commit));
  expect(sdk.results()).toMatchObject({ e1: { status: "ok", value: { effectId: "e1" } }, fails: { status: "error" } });
  expect(commits[0]?.result).toMatchObject({ stdout: "said", metadata: { worktree: { kind: "landed" } } });
  expect(await read("e2.txt")).toBe("x\n");
  expect(await repository.git("status", "--porcelain")).toBe("");
});

test("a driver's own dispatch: bad actions and values are errors, and the work is kept", async () => {
  const { runDir, manager } = await setUp();
  const give = (value: unknown) =>
    wrapResolve(
      async ({ taskDef }) => {
        const { path } = (taskDef.metadata as { worktree: { path: string } }).worktree;
        await writeFile(join(path, "new.txt"), "new\n");
        return { status: "ok", value };
      },
      { runDir, manager },
    );
  const named = (name: string) => ({ status: "error", error: expect.objectContaining({ name }) });
  expect(await give(1n)(shell("bigint", "-"))).toMatchObject(named("ERR_TASK_VALUE"));
  expect(await give(new Map())(shell("map", "-"))).toMatchObject(named("ERR_TASK_VALUE"));
  const escapes = action("escapes", "shell", { command: "true", cwd: "/tmp" });
  expect(await give(1)(escapes)).toMatchObject({
    status: "error",
    error: { message: expect.stringContaining("/tmp") },
  });
  expect(await give(1)({ ...shell("e", "-"), effectId: "" })).toMatchObject(named("ERR_ACTION"));
  expect(await give(1)(shell("a..b", "-"))).toMatchObject(named("ERR_EFFECT_ID"));
  expect((await manager.kept()).map(({ effectId }) => effectId).sort()).toEqual(["bigint", "map"]);
});

test("an action that its driver leaves pending is resolved anew", async () => {
  const { runDir, manager, read } = await setUp();
  const statuses = ["pending", "ok"] as const;
  let calls = 0;
  const resolve = wrapResolve(
    async ({ taskDef }) => {
      const { path } = (taskDef.metadata as { worktree: { path: string } }).worktree;
      await writeFile(join(path, "call.txt"), `${calls}\n`);
      return { status: statuses[calls++] ?? "error", value: calls };
    },
    { runDir, manager },
  );
  expect((await resolve(shell("e1", "-"))).status).toBe("pending");
  expect(await resolve(shell("e1", "-"))).toMatchObject({ status: "ok", value: 2 });
  expect(await read("call.txt")).toBe("1\n");
});

test("a run is driven to its end, waits where nothing here may answer, and is not run again", async () => {
  const { runDir, manager } = await setUp();
  let ends = 0;
  const sdk = memorySdk((posted) => {
    if (!posted.has("e1")) return { status: "waiting", nextActions: [shell("e1", "echo 1 > one.txt")] };
    if (!posted.has("ask")) return { status: "waiting", nextActions: [action("ask", "breakpoint")] };
    ends++;
    sdk.events.push({ type: "RUN_COMPLETED", data: {} });
    return { status: "completed", output: posted.get("ask")?.value };
  });
  const waits = await driveRun({ runDir, manager, sdk });
  expect([waits.status, waits.waiting.map(({ kind }) => kind)]).toEqual(["waiting", ["breakpoint"]]);
  const run = await driveRun({ runDir, manager, sdk, onAction: () => ({ status: "ok", value: { approved: true } }) });
  expect(run).toMatchObject({ status: "completed", output: { approved: true }, outcomes: [] });
  expect((await driveRun({ runDir, manager, sdk })).status).toBe("completed");
  expect(ends).toBe(1);
});

test("without the SDK the error says what to install", async () => {
  const { runDir, manager } = await setUp();
  await expect(dispatchEffects({ runDir, manager })).rejects.toMatchObject({ code: "ERR_SDK_MISSING" });
  expect(idle.events).toEqual([]);
});

test("an action that cannot be run is posted as an error that names what is wrong, and its siblings run", async () => {
  const { sdk, dispatch, read } = await setUp();
  const { posted } = await dispatch(
    [
      action("port", "shell", {
        command: "echo $PORT $DEBUG > port.txt",
        env: { PORT: 3000, DEBUG: true, NONE: null },
      }),
      action("nested", "shell", { command: "true", env: { DEEP: { er: 1 } } }),
      action("nameless", "agent", { prompt: "do it" }),
      shell("sibling", "echo sibling > sibling.txt"),
    ],
    { executors: { agent: () => harnessTask("", { prompt: "do it" }) } },
  );
  expect(posted).toBe(4);
  expect(await read("port.txt")).toBe("3000 true\n");
  expect(await read("sibling.txt")).toBe("sibling\n");
  for (const [effectId, what] of [
    ["nested", "task.env.DEEP"],
    ["nameless", "task.harness"],
  ] as const) {
    const error = { name: "ERR_ACTION", message: expect.stringContaining(what) };
    expect(sdk.results()[effectId]).toMatchObject({ status: "error", error });
  }
});

test("a driver's own function that runs again after a conflict is told why", async () => {
  const { repository, runDir, manager, read } = await setUp({ onConflict: "rerun" });
  const seen: unknown[] = [];
  const resolve = wrapResolve(
    async ({ taskDef }: EffectAction) => {
      const { worktree: told } = taskDef.metadata as { worktree: { path: string } };
      const { path, ...worktree } = told;
      seen.push(worktree);
      if (seen.length === 1) {
        await repository.write({ "a.txt": "theirs\n" });
        await repository.git("commit", "-qam", "theirs");
      }
      await writeFile(join(path, "a.txt"), `${(await readFile(join(path, "a.txt"), "utf8")).trim()} and mine\n`);
      return { status: "ok" as const };
    },
    { runDir, manager },
  );
  expect(await resolve(shell("e1", "-"))).toMatchObject({ status: "ok" });
  expect(seen).toEqual([
    { isolate: true, attempt: 1 },
    { isolate: true, attempt: 2, conflicts: [{ path: "a.txt", kind: "content" }] },
  ]);
  expect(await read("a.txt")).toBe("theirs and mine\n");
});
