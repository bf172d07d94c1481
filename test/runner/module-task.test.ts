// What holds for a module task wherever it runs: in a worker thread and in a pooled process.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { createRunner, type Runner } from "../../src/runner/runner.js";
import type { Json } from "../../src/task.js";
import { TaskGate } from "../support/task-gate.js";
import { failureOf, fixture, openRunner, record } from "./request.js";

describe.each(["thread", "process"] as const)("a module task in a %s", (runIn) => {
  // One for most of these tests: to start a thread or a process takes longer than the rest of a test.
  let runner: Runner;
  beforeAll(() => {
    runner = createRunner({ threads: 2, processes: 2 });
  });
  afterAll(() => runner.close());

  const plain = (name: string, input?: Json) => fixture("plain.task.mjs", name, input, runIn);
  const waiting = (name: string, input?: Json) => fixture("waiting.task.mjs", name, input, runIn);

  test("gives back its input", async () => {
    const input = { text: "ä\u2028", numbers: [1, -2.5, null], nested: { yes: true } };
    const recorded = await record(plain("default", input));
    expect(await runner.run(recorded.request)).toEqual(input);
    expect(recorded.started).toBe(1);
  });

  test("knows its effect, its run and its folder", async () => {
    const { request } = await record(plain("about"), { effectId: "one", runId: "two", attempt: 3 });
    const { path } = request;
    expect(await runner.run(request)).toEqual({
      effectId: "one",
      runId: "two",
      attempt: 3,
      path,
      input: null,
      resolved: join(path, "src", "a.ts"),
    });
  });

  test("writes into its worktree", async () => {
    const { request } = await record(plain("edit", { file: "a.txt", text: "edited\n" }));
    expect(await runner.run(request)).toBeUndefined();
    expect(await readFile(join(request.path, "a.txt"), "utf8")).toBe("edited\n");
  });

  test("may not resolve a path outside of it", async () => {
    const error = await failureOf(runner.run((await record(plain("leavesWorktree"))).request));
    expect(error).toMatchObject({ code: "ERR_TASK_FAILED", cause: { name: "RangeError" } });
  });

  test("reports progress in order, and all of it before its value", async () => {
    const recorded = await record(plain("counts", 500));
    expect(await runner.run(recorded.request)).toBe(500);
    expect(recorded.progress).toEqual(Array.from({ length: 500 }, (_, step) => ({ step })));
  });

  test("prints into its own effect's output", async () => {
    const recorded = await record(plain("prints"));
    await runner.run(recorded.request);
    expect(recorded.output).toEqual({ stdout: "to stdout: ä\n", stderr: "to stderr\n" });
  });

  test("gives its own error as the cause, with name and stack", async () => {
    const error = await failureOf(runner.run((await record(plain("fails"))).request));
    expect(error).toMatchObject({
      code: "ERR_TASK_FAILED",
      message: 'the task of effect "effect" threw RangeError: three is too many',
      cause: { name: "RangeError", message: "three is too many" },
    });
    expect((error.cause as Error).stack).toContain("plain.task.mjs");
  });

  test.each([["text"], [null], [{ reason: "none" }]])("may throw what is no error: %j", async (thrown) => {
    const error = await failureOf(runner.run((await record(plain("failsWith", thrown))).request));
    expect(error.code).toBe("ERR_TASK_FAILED");
    expect((error.cause as Error).message).toContain(String(thrown === null ? null : Object.values(thrown).join("")));
  });

  test.each([
    ["function", "value is not JSON: [Function"],
    ["undefined in an array", "value[1] is not JSON: undefined"],
    ["a hole", "value[1] is not JSON: undefined"],
    ["NaN", "value.deep[0] is not JSON: NaN"],
    ["BigInt", "value is not JSON: 1n"],
    ["cycle", "value.self is not JSON: it contains itself"],
    ["Date", "value is not JSON: 1970-01-01T00:00:00.000Z"],
    ["Map", "value is not JSON: Map(0)"],
    ["large", "value takes 100002 bytes as JSON, more than the 10000 of limits.valueBytes"],
  ])("may not give %s as its value", async (kind, message) => {
    const error = await failureOf(runner.run((await record(plain("value", kind))).request));
    expect(error.code).toBe("ERR_TASK_VALUE");
    expect(error.message).toContain(message);
  });

  test("may give undefined, alone or as a property", async () => {
    expect(await runner.run((await record(plain("value", "undefined"))).request)).toBeUndefined();
    expect(await runner.run((await record(plain("value", "an undefined property"))).request)).toEqual({ a: 1 });
  });

  test("may not report progress that is not JSON", async () => {
    const error = await failureOf(runner.run((await record(plain("badProgress"))).request));
    expect(error).toMatchObject({ code: "ERR_TASK_FAILED", cause: { name: "CoppiceError" } });
    expect(error.message).toContain("progress value.at is not JSON");
  });

  test("does not start with an input that is not JSON or too large", async () => {
    const wrong = await record(plain("default", { when: new Date(0) } as unknown as Json));
    expect(await failureOf(runner.run(wrong.request))).toMatchObject({ code: "ERR_TASK_VALUE" });
    const large = await record(plain("default", "x".repeat(10_000)));
    expect((await failureOf(runner.run(large.request))).message).toContain("input takes 10002 bytes");
    expect([wrong.started, large.started]).toEqual([0, 0]);
  });

  test.each([
    ["common.task.cjs", "default", "default x"],
    ["common.task.cjs", "named", "named x"],
    ["assigned.task.cjs", "default", "assigned x"],
  ])("may be CommonJS: %s %s", async (file, name, value) => {
    expect(await runner.run((await record(fixture(file, name, "x", runIn))).request)).toBe(value);
  });

  test("may be TypeScript", async () => {
    const { request } = await record(fixture("typed.task.ts", "default", { factor: 6 }, runIn));
    expect(await runner.run(request)).toEqual({ product: 42 });
  });

  test("names the exports when the one asked for is missing", async () => {
    const missing = await failureOf(
      runner.run((await record(fixture("gate.mjs", "default", undefined, runIn))).request),
    );
    expect(missing.code).toBe("ERR_TASK_MODULE");
    expect(missing.message).toMatch(/gate\.mjs does not export a task as "default": it exports waitAt$/);
    const noFunction = await failureOf(runner.run((await record(plain("notAFunction"))).request));
    expect(noFunction.code).toBe("ERR_TASK_MODULE");
  });

  test.each([
    ["is missing", "missing.task.mjs", "missing.task.mjs"],
    ["throws", "throws-at-import.task.mjs", "not today"],
  ])("whose module %s", async (_what, file, message) => {
    const error = await failureOf(runner.run((await record(fixture(file, "default", undefined, runIn))).request));
    expect(error.code).toBe("ERR_TASK_MODULE");
    expect(error.message).toContain(message);
    expect(error.details.path).toContain(file);
  });

  test("needs a file: URL", async () => {
    const task = { ...plain("default"), module: "/tasks/x.js" };
    const error = await failureOf(runner.run((await record(task)).request));
    expect(error).toMatchObject({ code: "ERR_TASK_MODULE", details: { path: "/tasks/x.js" } });
  });

  test("gets the environment of its effect, and leaves none of its own", async () => {
    const runner = openRunner({ threads: 1, processes: 1 });
    await runner.run((await record(plain("setsEnvironment", { LEFT: "behind", COPPICE_EFFECT_ID: "forged" }))).request);
    const names = ["LEFT", "COPPICE_EFFECT_ID", "COPPICE_RUN_ID", "COPPICE_WORKTREE", "GIT_CONFIG_KEY_0"];
    const { request } = await record(plain("environment", names), { effectId: "second" });
    expect(await runner.run(request)).toEqual({
      LEFT: null,
      COPPICE_EFFECT_ID: "second",
      COPPICE_RUN_ID: "run",
      COPPICE_WORKTREE: request.path,
      GIT_CONFIG_KEY_0: "gc.auto",
    });
  });

  test("is asked to end, and may clean up", async () => {
    const abort = new AbortController();
    const recorded = await record(waiting("cleansUp"), {
      signal: abort.signal,
      onProgress: (value) => {
        recorded.progress.push(value);
        if (value === "here") abort.abort("enough");
      },
    });
    const error = await failureOf(runner.run(recorded.request));
    expect(error).toMatchObject({ code: "ERR_ABORTED", message: 'effect "effect" was aborted', cause: "enough" });
    expect(recorded.progress).toEqual(["here", { code: "ERR_ABORTED", message: 'effect "effect" was aborted' }]);
  });

  test("is made to end after its grace, even if it never turns its event loop", async () => {
    const abort = new AbortController();
    const { request } = await record(waiting("spins"), {
      signal: abort.signal,
      graceMs: 0,
      onProgress: () => abort.abort(),
    });
    const error = await failureOf(runner.run(request));
    expect(error).toMatchObject({ code: "ERR_ABORTED", details: {} });
    expect(error.details.abandoned).toBeUndefined();
  });

  test("ends alone: the others do not notice", async () => {
    const gate = await TaskGate.create();
    const runner = openRunner({ threads: 3, processes: 3 });
    const abort = new AbortController();
    const ended = await record(waiting("ignores", { gate: gate.path }), {
      effectId: "ended",
      signal: abort.signal,
      graceMs: 0,
    });
    const others = await Promise.all(
      ["a", "b"].map((effectId) => record(waiting("ignores", { gate: gate.path }), { effectId })),
    );
    const failure = failureOf(runner.run(ended.request));
    const values = others.map(({ request }) => runner.run(request));
    await Promise.all(["a", "b", "ended"].map((name) => gate.reached(name)));
    abort.abort();
    expect((await failure).code).toBe("ERR_ABORTED");
    await Promise.all(["a", "b"].map((name) => gate.release(name)));
    expect(await Promise.all(values)).toEqual(["never asked", "never asked"]);
  });

  test("runs out of time, counted from its start and not from its place in the line", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const gate = await TaskGate.create();
    const runner = openRunner({ threads: 1, processes: 1 });
    const first = await record(waiting("ignores", { gate: gate.path }), { effectId: "first" });
    const second = await record(waiting("default", { gate: gate.path }), { effectId: "second", timeoutMs: 1_000 });
    const value = runner.run(first.request);
    const failure = failureOf(runner.run(second.request));
    await gate.reached("first");
    vi.advanceTimersByTime(10_000);
    await gate.release("first");
    expect(await value).toBe("never asked");
    await gate.reached("second");
    vi.advanceTimersByTime(1_000);
    const error = await failure;
    expect(error.code).toBe("ERR_TIMEOUT");
    expect(error.message).toContain("longer than 1000 ms, counted from its start");
  });

  test("is not started when it is aborted while it waits for its turn", async () => {
    const gate = await TaskGate.create();
    const runner = openRunner({ threads: 1, processes: 1 });
    const first = await record(waiting("ignores", { gate: gate.path }), { effectId: "first" });
    const abort = new AbortController();
    const second = await record(plain("default"), { effectId: "second", signal: abort.signal });
    const third = await record(plain("default", 3), { effectId: "third" });
    const value = runner.run(first.request);
    await gate.reached("first");
    const failure = failureOf(runner.run(second.request));
    const last = runner.run(third.request);
    abort.abort();
    expect((await failure).code).toBe("ERR_ABORTED");
    await gate.release("first");
    expect(await Promise.all([value, last])).toEqual(["never asked", 3]);
    expect(second.started).toBe(0);
  });

  test("is not started when it is aborted while its thread or process starts", async () => {
    const abort = new AbortController();
    const recorded = await record(plain("default"), { signal: abort.signal });
    const runner = openRunner();
    const failure = failureOf(runner.run(recorded.request));
    // The runner goes as far as it can without a turn of the event loop.
    for (let step = 0; step < 50; step++) await null;
    abort.abort();
    expect((await failure).code).toBe("ERR_ABORTED");
    expect(recorded.started).toBe(0);
  });

  test("is not started when its signal has fired before", async () => {
    const recorded = await record(plain("default"), { signal: AbortSignal.abort() });
    expect((await failureOf(runner.run(recorded.request))).code).toBe("ERR_ABORTED");
    expect(recorded.started).toBe(0);
  });

  test.each([
    ["exits", "exits", 3],
    ["throws outside of its own calls", "crashes", undefined],
  ])("is lost when it %s, and the next one runs", async (_how, name, input) => {
    const runner = openRunner({ threads: 1, processes: 1 });
    const recorded = await record(waiting(name, input));
    const lost = failureOf(runner.run(recorded.request));
    const next = runner.run((await record(plain("default", "next"))).request);
    expect((await lost).code).toBe("ERR_TASK_LOST");
    expect(recorded.progress).toEqual(["here"]);
    expect(await next).toBe("next");
  });

  test("takes its thread or process with it when it leaves something running", async () => {
    const runner = openRunner({ threads: 1, processes: 1 });
    const identity = (value: Json | undefined) => {
      const { threadId, pid } = value as { threadId: number; pid: number };
      return runIn === "thread" ? threadId : pid;
    };
    const gate = await TaskGate.create();
    const once = async (name: string) => {
      const { request } = await record(waiting(name, { gate: gate.path }), { effectId: name });
      const value = runner.run(request);
      if (name === "default") await gate.release("default");
      return identity(await value);
    };
    const first = await once("default");
    expect(await once("default")).toBe(first);
    expect(await once("leavesTimer")).toBe(first);
    expect(await once("default")).not.toBe(first);
  });

  test("sees the module as it was when its thread or process first loaded it", async () => {
    const { request } = await record(plain("default"));
    const url = pathToFileURL(join(request.path, "edited.task.mjs"));
    const task = { ...plain("default"), module: url.href };
    const runner = openRunner({ threads: 1, processes: 1 });
    await writeFile(url, "export default () => 'old';\n");
    expect(await runner.run({ ...request, task })).toBe("old");
    await writeFile(url, "export default () => 'new';\n");
    expect(await runner.run({ ...request, task })).toBe("old");
  });
});
