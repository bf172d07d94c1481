import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Deadline } from "../../src/runner/deadline.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => vi.useRealTimers());

const never = new AbortController().signal;
const limits = { effectId: "one", timeoutMs: 100, graceMs: 10 };
const fired = ({ soft, hard }: Deadline) => [soft.aborted, hard.aborted];

test("counts the timeout from the start, and the grace from there", () => {
  const deadline = new Deadline(limits, never);
  vi.advanceTimersByTime(1_000);
  expect(fired(deadline)).toEqual([false, false]);
  deadline.start();
  vi.advanceTimersByTime(99);
  expect(fired(deadline)).toEqual([false, false]);
  expect(deadline.graceLeftMs).toBe(10);
  vi.advanceTimersByTime(1);
  expect(fired(deadline)).toEqual([true, false]);
  expect(deadline.error).toMatchObject({ code: "ERR_TIMEOUT" });
  vi.advanceTimersByTime(9);
  expect(fired(deadline)).toEqual([true, false]);
  expect(deadline.graceLeftMs).toBe(1);
  vi.advanceTimersByTime(1);
  expect(fired(deadline)).toEqual([true, true]);
  expect(deadline.graceLeftMs).toBe(0);
});

test("never runs out with a timeout of 0", () => {
  const deadline = new Deadline({ ...limits, timeoutMs: 0 }, never);
  deadline.start();
  expect(vi.getTimerCount()).toBe(0);
});

test.each(["the request's signal", "the runner's close"])("asks at once when %s fires", (which) => {
  const request = new AbortController();
  const closing = new AbortController();
  const deadline = new Deadline({ ...limits, signal: request.signal }, closing.signal);
  (which === "the request's signal" ? request : closing).abort("why");
  expect(fired(deadline)).toEqual([true, false]);
  expect(deadline.error).toMatchObject({ code: "ERR_ABORTED", cause: "why", message: 'effect "one" was aborted' });
  vi.advanceTimersByTime(10);
  expect(fired(deadline)).toEqual([true, true]);
});

test("asks at once when the signal has fired before", () => {
  const deadline = new Deadline({ ...limits, signal: AbortSignal.abort() }, never);
  expect(deadline.error?.code).toBe("ERR_ABORTED");
});

test("keeps its first reason", () => {
  const abort = new AbortController();
  const deadline = new Deadline({ ...limits, signal: abort.signal }, never);
  deadline.start();
  vi.advanceTimersByTime(100);
  abort.abort();
  expect(deadline.error?.code).toBe("ERR_TIMEOUT");
});

test("lets what the task does within the same turn count, even with no grace", () => {
  const abort = new AbortController();
  const deadline = new Deadline({ ...limits, signal: abort.signal, graceMs: 0 }, never);
  abort.abort();
  expect(fired(deadline)).toEqual([true, false]);
  vi.advanceTimersByTime(0);
  expect(fired(deadline)).toEqual([true, true]);
});

test("leaves neither timer nor listener when the task has settled", () => {
  const abort = new AbortController();
  const deadline = new Deadline({ ...limits, signal: abort.signal }, never);
  deadline.start();
  deadline.end();
  abort.abort();
  vi.advanceTimersByTime(1_000);
  expect(fired(deadline)).toEqual([false, false]);
  expect(vi.getTimerCount()).toBe(0);
});

test("lets a thousand effects share one signal without a warning", () => {
  const warnings = vi.spyOn(process, "emitWarning");
  const { signal } = new AbortController();
  for (let effect = 0; effect < 1_000; effect++) new Deadline({ ...limits, signal }, never);
  expect(warnings).not.toHaveBeenCalled();
  warnings.mockRestore();
});
