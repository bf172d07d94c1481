import { expect, test } from "vitest";
import { openContext } from "../../src/runner/task-context.js";

function open(path = "/work/tree") {
  const progress: string[] = [];
  const { signal } = new AbortController();
  const identity = { effectId: "e", runId: "r", attempt: 1, input: undefined };
  const onProgress = (text: string) => void progress.push(text);
  return { ...openContext({ ...identity, path, signal, valueBytes: 100, onProgress }), progress };
}

test.each([
  [[], "/work/tree"],
  [["src", "a.ts"], "/work/tree/src/a.ts"],
  [["src", "..", "b"], "/work/tree/b"],
  [["."], "/work/tree"],
  [["..name"], "/work/tree/..name"],
  [["/work/tree/src"], "/work/tree/src"],
])("resolves %j inside the worktree", (segments, path) => {
  expect(open().context.resolve(...segments)).toBe(path);
});

test.each([[[".."]], [["src", "../../tree2"]], [["/etc/passwd"]], [["/work/treehouse"]], [["a", "/"]]])(
  "refuses %j, which leads out of it",
  (segments) => {
    expect(() => open().context.resolve(...segments)).toThrow(RangeError);
  },
);

test("resolves in a worktree at the root of a file system", () => {
  expect(open("/").context.resolve("a")).toBe("/a");
});

test("takes progress as it is at that moment, until the task has settled", () => {
  const { context, close, progress } = open();
  const { progress: report } = context;
  const state = { step: 1 };
  report(state);
  state.step = 2;
  close();
  report(state);
  expect(progress).toEqual(['{"step":1}']);
});
