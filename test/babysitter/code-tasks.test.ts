import { expect, test } from "vitest";
import { type EffectAction, isCodeTask, markParallelBatch } from "../../src/babysitter.js";
import { action } from "./memory-sdk.js";

const marked = (kind: string, worktree: unknown): EffectAction =>
  action("e", kind, {}, { taskDef: { kind, metadata: { worktree } } });

test.each([
  ["node", true],
  ["shell", true],
  ["agent", true],
  ["skill", true],
  ["subprocess", true],
  ["breakpoint", false],
  ["sleep", false],
  ["mcp", false],
  ["orchestrator_task", false],
  ["my-own", false],
])("a %s is a code task by itself: %s", (kind, isCode) => {
  expect(isCodeTask(action("e", kind))).toBe(isCode);
});

test("the mark of a task decides, the option before it, and nothing makes a breakpoint a code task", () => {
  expect(isCodeTask(marked("node", false))).toBe(false);
  expect(isCodeTask(marked("node", { isolate: false }))).toBe(false);
  expect(isCodeTask(marked("orchestrator_task", true))).toBe(true);
  expect(isCodeTask(marked("my-own", {}))).toBe(true);
  expect(isCodeTask(marked("my-own", true), { isolate: () => false })).toBe(false);
  expect(isCodeTask(marked("node", false), { isolate: () => undefined })).toBe(false);
  expect(isCodeTask(marked("breakpoint", true), { isolate: () => true })).toBe(false);
});

test("a lease in the journal stays binding, group or none", () => {
  expect(isCodeTask(marked("node", false), { leased: new Set(["e"]), isolate: () => false })).toBe(true);
});

// A batch as 0.0.187 gives it, and one as 6.0.0 does.
const batches = {
  "0.0.187": {
    actions: [action("a", "node", {}, { schedulerHints: { pendingCount: 2, parallelGroupId: "0123456789abcdef" } })],
    summaries: [],
  },
  "6.0.0": {
    actions: [
      action(
        "a",
        "agent",
        { prompt: "x" },
        {
          schedulerHints: {
            parallelGroupId: "g",
            maxConcurrency: 2,
            executionStrategy: "concurrent",
            background: false,
          },
        },
      ),
      action("b", "breakpoint"),
    ],
    summaries: [],
  },
};

test.each(Object.entries(batches))("marking is pure, and the same at every replay: %s", (_version, batch) => {
  const before = structuredClone(batch);
  const once = markParallelBatch(batch);
  expect(batch).toEqual(before);
  expect(once.actions[0]?.taskDef.metadata).toEqual({ worktree: { isolate: true } });
  expect(markParallelBatch(once)).toEqual(once);
  expect(markParallelBatch(batch.actions)).toEqual(once.actions);
  expect(once.actions.slice(1)).toEqual(batch.actions.slice(1));
});

test.each([
  [{ invocationKey: "k", kind: "node", taskDef: {} }, /lacks effectId/],
  [{ effectId: "e", kind: "node", taskDef: {} }, /lacks invocationKey: effect e/],
  [{ effectId: "e", invocationKey: "k", kind: "node" }, /lacks taskDef/],
  [null, /lacks effectId, invocationKey, kind, taskDef/],
])("an action that is none is named: %j", (bad, says) => {
  expect(() => markParallelBatch([bad as unknown as EffectAction])).toThrow(
    expect.objectContaining({ code: "ERR_ACTION", message: expect.stringMatching(says) }),
  );
});
