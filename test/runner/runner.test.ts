// Opening and closing; what the kinds of task do is in the tests of each.
import { expect, test } from "vitest";
import { createRunner, isAbandoned } from "../../src/runner/runner.js";
import { commandTask, type Json, type Task } from "../../src/task.js";
import { TaskGate } from "../support/task-gate.js";
import { failureOf, fixture, gateProgram, record } from "./request.js";

const limits = { threads: 1, processes: 3 };

test("a closed runner refuses, and can be closed again", async () => {
  const runner = createRunner(limits);
  await runner.close();
  const recorded = await record(() => null);
  expect((await failureOf(runner.run(recorded.request))).code).toBe("ERR_CLOSED");
  expect(recorded.started).toBe(0);
  await runner.close();
});

test("to close aborts what runs and what waits, and returns when all of it has ended", async () => {
  const gate = await TaskGate.create();
  const runner = createRunner(limits);
  const waits = (runIn: "thread" | "process", input: Json = { gate: gate.path }) =>
    fixture("waiting.task.mjs", "default", input, runIn);
  const tasks: Record<string, Task> = {
    thread: waits("thread"),
    process: waits("process"),
    command: commandTask(process.execPath, [gateProgram, gate.path, "command"]),
    function: ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  };
  const ended: string[] = [];
  const recorded = await Promise.all(Object.entries(tasks).map(([effectId, task]) => record(task, { effectId })));
  const failures = recorded.map(async ({ request }) => {
    const error = await failureOf(runner.run(request));
    ended.push(request.effectId);
    return error;
  });
  await Promise.all(["thread", "process", "command"].map((name) => gate.reached(name)));
  const inLine = await record(waits("thread"), { effectId: "in line" });
  const refused = failureOf(runner.run(inLine.request));
  await runner.close();
  expect(ended.sort()).toEqual(Object.keys(tasks).sort());
  expect((await Promise.all(failures)).map(({ code }) => code)).toEqual(Array(4).fill("ERR_ABORTED"));
  expect((await refused).code).toBe("ERR_ABORTED");
  expect(inLine.started).toBe(0);
});

test("only an error that says so is abandoned", () => {
  expect([undefined, null, new Error("x"), { details: { abandoned: true } }].map(isAbandoned)).toEqual(
    Array(4).fill(false),
  );
});
