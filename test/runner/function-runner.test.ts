import { once } from "node:events";
import { expect, test } from "vitest";
import { isAbandoned } from "../../src/runner/runner.js";
import type { Task } from "../../src/task.js";
import { failureOf, openRunner, record } from "./request.js";

test("runs on the calling thread, with a context", async () => {
  const seen: unknown[] = [];
  const task: Task = ({ effectId, path, input, progress, resolve }) => {
    progress({ step: 1 });
    seen.push(effectId, path, input, resolve("a"));
    return { seen: seen.length };
  };
  const recorded = await record(task, { effectId: "one" });
  expect(await openRunner().run(recorded.request)).toEqual({ seen: 4 });
  const { path } = recorded.request;
  expect(seen).toEqual(["one", path, undefined, `${path}/a`]);
  expect([recorded.started, recorded.progress]).toEqual([1, [{ step: 1 }]]);
});

test.each([
  [
    "throws",
    () => {
      throw new TypeError("no");
    },
  ],
  ["rejects", () => Promise.reject(new TypeError("no"))],
])("gives its own error as the cause when it %s", async (_how, task) => {
  const error = await failureOf(openRunner().run((await record(task)).request));
  expect(error).toMatchObject({ code: "ERR_TASK_FAILED", cause: { name: "TypeError", message: "no" } });
});

test("may not give what is not JSON", async () => {
  const error = await failureOf(openRunner().run((await record(() => new Map())).request));
  expect(error.code).toBe("ERR_TASK_VALUE");
});

test("sees why it is asked to end, and ends in peace", async () => {
  const abort = new AbortController();
  const reasons: unknown[] = [];
  const task: Task = async ({ signal }) => {
    queueMicrotask(() => abort.abort());
    await once(signal, "abort");
    reasons.push((signal.reason as { code: string }).code);
    return "too late";
  };
  const error = await failureOf(openRunner().run((await record(task, { signal: abort.signal })).request));
  expect(reasons).toEqual(["ERR_ABORTED"]);
  expect(error.code).toBe("ERR_ABORTED");
  expect(isAbandoned(error)).toBe(false);
});

test.each(["value", "error"])("is abandoned after its grace, and its late %s is dropped", async (which) => {
  const abort = new AbortController();
  let settle: () => void = () => {};
  const task: Task = ({ progress }) =>
    new Promise((resolve, reject) => {
      queueMicrotask(() => abort.abort());
      settle = () => {
        progress("late");
        if (which === "value") resolve("late");
        else reject(new Error("late"));
      };
    });
  const recorded = await record(task, { signal: abort.signal, graceMs: 0 });
  const error = await failureOf(openRunner().run(recorded.request));
  expect(error).toMatchObject({ code: "ERR_ABORTED", details: { abandoned: true } });
  expect(isAbandoned(error)).toBe(true);
  settle();
  // An unhandled rejection would fail the run of the tests.
  await new Promise((resolve) => setImmediate(resolve));
  expect(recorded.progress).toEqual([]);
});

test("is abandoned when its time is out, too", async () => {
  const recorded = await record(() => new Promise(() => {}), { timeoutMs: 1, graceMs: 0 });
  const error = await failureOf(openRunner().run(recorded.request));
  expect(error).toMatchObject({ code: "ERR_TIMEOUT", details: { abandoned: true } });
});
