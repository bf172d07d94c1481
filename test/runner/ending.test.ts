import { afterEach, expect, test, vi } from "vitest";
import { CoppiceError } from "../../src/errors.js";
import { abandonedError, endedWithin } from "../../src/runner/ending.js";
import { isAbandoned } from "../../src/runner/runner.js";

afterEach(() => vi.useRealTimers());

test("waits for an end, good or bad, but not for ever", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  expect(await endedWithin(Promise.resolve())).toBe(true);
  expect(await endedWithin(Promise.reject(new Error("bad")))).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
  const late = endedWithin(new Promise(() => {}), 100);
  vi.advanceTimersByTime(100);
  expect(await late).toBe(false);
});

test("what is abandoned is so after the ledger too", () => {
  const error = abandonedError("one", "thread", { stdout: "so far" });
  expect(isAbandoned(error)).toBe(true);
  expect(isAbandoned(CoppiceError.fromJSON(JSON.parse(JSON.stringify(error))))).toBe(true);
  expect(error.details.stdout).toBe("so far");
});
