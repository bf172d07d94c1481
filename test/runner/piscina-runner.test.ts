// What is true of threads alone.
import { expect, test } from "vitest";
import { TaskGate } from "../support/task-gate.js";
import { failureOf, fixture, openRunner, record } from "./request.js";

test("never more threads than the limit says", async () => {
  const gate = await TaskGate.create();
  const runner = openRunner({ threads: 2 });
  const names = ["a", "b", "c", "d", "e"];
  const recorded = await Promise.all(
    names.map((effectId) => record(fixture("waiting.task.mjs", "default", { gate: gate.path }), { effectId })),
  );
  const values = recorded.map(({ request }) => runner.run(request));
  const threads = new Set<number>();
  for (const name of names) {
    await gate.reached(name);
    // Both threads are taken until this one is let go.
    if (name !== "e") await gate.reached(names[names.indexOf(name) + 1] ?? "");
    expect(gate.names.length).toBeLessThanOrEqual(2);
    await gate.release(name);
    threads.add(((await values[names.indexOf(name)]) as { threadId: number }).threadId);
  }
  expect(threads.size).toBe(2);
});

test("the next ones run although every thread was terminated", async () => {
  const gate = await TaskGate.create();
  const runner = openRunner({ threads: 2 });
  const abort = new AbortController();
  const doomed = await Promise.all(
    ["a", "b"].map((effectId) =>
      record(fixture("waiting.task.mjs", "ignores", { gate: gate.path }), {
        effectId,
        signal: abort.signal,
        graceMs: 0,
      }),
    ),
  );
  const next = await Promise.all([1, 2, 3].map((input) => record(fixture("plain.task.mjs", "default", input))));
  const failures = doomed.map(({ request }) => failureOf(runner.run(request)));
  const values = next.map(({ request }) => runner.run(request));
  await Promise.all([gate.reached("a"), gate.reached("b")]);
  abort.abort();
  expect((await Promise.all(failures)).map(({ code }) => code)).toEqual(["ERR_ABORTED", "ERR_ABORTED"]);
  expect(await Promise.all(values)).toEqual([1, 2, 3]);
});

test("the working directory is the caller's, and cannot be changed: relative paths miss the worktree", async () => {
  const runner = openRunner();
  expect(await runner.run((await record(fixture("folder.task.mjs", "where"))).request)).toMatchObject({
    cwd: process.cwd(),
  });
  const error = await failureOf(runner.run((await record(fixture("folder.task.mjs", "changesFolder"))).request));
  expect(error.message).toContain("process.chdir() is not supported in workers");
});
