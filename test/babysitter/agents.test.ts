// Agents and skills: which harness runs them, what it is told, and what becomes of its answer.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { harnessOf, promptOf } from "../../src/babysitter/agents.js";
import { type EffectAction, harnessExecutor, invokeHarnessExecutor } from "../../src/babysitter.js";
import { defineHarness } from "../../src/index.js";
import { action, shell } from "./memory-sdk.js";
import { setUp } from "./set-up.js";

const outputSchema = { type: "object", required: ["steps"] };
const agent = (effectId: string, part: object, more: object = {}): EffectAction => {
  const plain = action(effectId, "agent", part);
  return { ...plain, taskDef: { ...plain.taskDef, ...more } };
};

/** Harnesses that change a file and say something: what they are told they read, and leave. */
const says = (...lines: string[]) =>
  defineHarness({
    command: "sh",
    args: ["-c", 'cat > /dev/null; echo work > "$1.txt"; shift; printf "%s\\n" "$@"', "sh", ...lines],
  });
const harnesses = {
  json: says("json", '{"steps":["a"]}'),
  fenced: says("fenced", "Done.", "```json", '{"steps":["b"]}', "```"),
  prose: says("prose", "I have planned it."),
};

test("an agent with an output schema is told of it, and its value is the JSON in its answer", async () => {
  const { dispatch, sdk, read } = await setUp({ harnesses });
  const named = (harness: string) => agent(harness, { prompt: "Plan it", outputSchema }, { execution: { harness } });
  await dispatch([named("json"), named("fenced")]);
  expect(sdk.results()).toMatchObject({
    json: { status: "ok", value: { steps: ["a"] }, stdout: '{"steps":["a"]}\n' },
    fenced: { status: "ok", value: { steps: ["b"] }, stdout: expect.stringContaining("Done.") },
  });
  expect([await read("json.txt"), await read("fenced.txt")]).toEqual(["work\n", "work\n"]);
});

test("an answer without JSON fails, and the work is kept, not landed", async () => {
  const { dispatch, sdk, manager, repository } = await setUp({ harnesses });
  const tip = await repository.oid("HEAD");
  const prose = agent("prose", { prompt: "Plan it", outputSchema }, { execution: { harness: "prose" } });
  await dispatch([prose]);
  expect(sdk.results().prose).toMatchObject({
    status: "error",
    error: { name: "ERR_TASK_VALUE", message: expect.stringMatching(/"prose" was to answer with JSON.*planned it/) },
    metadata: { worktree: { kind: "failed" } },
  });
  expect(await repository.oid("HEAD")).toBe(tip);
  const [kept] = await manager.kept();
  expect(await repository.git("show", `${kept?.snapshotOid}:prose.txt`)).toBe("work");
  // Without a schema prose is an answer like any other.
  await dispatch([agent("free", { prompt: "Plan it" }, { execution: { harness: "prose" } })]);
  expect(sdk.results().free).toMatchObject({ status: "ok", value: { stdout: "I have planned it.\n" } });
});

test("a restart posts the same JSON from the ledger", async () => {
  const { dispatch, sdk } = await setUp({ harnesses });
  const fenced = agent("fenced", { prompt: "Plan it", outputSchema }, { execution: { harness: "fenced" } });
  const dies = { ...sdk, commitEffectResult: () => Promise.reject(new Error("died")) };
  await expect(dispatch([fenced], { sdk: dies })).rejects.toThrow("died");
  expect((await dispatch([fenced])).outcomes).toMatchObject([{ replayed: true }]);
  expect(sdk.results().fenced).toMatchObject({ status: "ok", value: { steps: ["b"] } });
});

test("the same through the SDK's own invokeHarness", async () => {
  const { dispatch, sdk, manager } = await setUp();
  const answers: Record<string, string> = { good: 'So: {"steps": []}', bad: "no" };
  const invokeHarness = async (name: string, { workspace }: { workspace: string }) => {
    await writeFile(join(workspace, `${name}.txt`), "work\n");
    return { success: true, output: answers[name], exitCode: 0 };
  };
  const executors = { agent: invokeHarnessExecutor(invokeHarness) };
  const named = (harness: string) => agent(harness, { prompt: "Plan it", outputSchema }, { metadata: { harness } });
  await dispatch([named("good"), named("bad")], { executors });
  expect(sdk.results()).toMatchObject({
    good: { status: "ok", value: { steps: [] } },
    bad: {
      status: "error",
      error: { name: "ERR_TASK_FAILED", message: expect.stringContaining("was to answer with JSON") },
    },
  });
  expect((await manager.kept()).map(({ effectId }) => effectId)).toEqual(["bad"]);
});

test("what an agent is told: its prompt as it is, lines of it, parts of it, and its output schema", () => {
  const told = (part: object) => promptOf(agent("e", part));
  expect(told({ prompt: "Plan it" })).toBe("Plan it");
  expect(told({ prompt: ["Do a", 5, "Do b"] })).toBe("Do a\nDo b");
  expect(told({ prompt: [] })).toBe("title: e");
  expect(told({ prompt: "  " })).toBe("title: e");
  expect(told({ prompt: { role: "planner", instructions: ["a"] } })).toBe(
    'title: e\n\nrole: planner\n\ninstructions: [\n  "a"\n]',
  );
  for (const prompt of ["Plan it", ["Plan", "it"], { task: "Plan it" }]) {
    const text = told({ prompt, outputSchema });
    expect(text).toMatch(/Plan\sit\n\n.*JSON schema:\n\{/s);
    expect(text.endsWith(JSON.stringify(outputSchema, null, 2))).toBe(true);
  }
});

test("which harness: the execution's, the metadata's, the scheduler's, the caller's, and then the usual one", async () => {
  const schedulerHints = { preferredHarness: "pi" };
  const all = { execution: { harness: "codex" }, metadata: { harness: "cursor" } };
  expect(harnessOf({ ...agent("e", {}, all), schedulerHints }, "mine")).toBe("codex");
  expect(harnessOf({ ...agent("e", {}, { metadata: all.metadata }), schedulerHints }, "mine")).toBe("cursor");
  expect(harnessOf({ ...agent("e", {}), schedulerHints }, "mine")).toBe("pi");
  expect(harnessOf(agent("e", {}, { execution: { harness: "" } }), "mine")).toBe("mine");
  expect(harnessOf(agent("e", {}), undefined)).toBe("claude-code");
  // An empty name, which no task may have, refuses nothing else.
  const { dispatch, sdk } = await setUp({ harnesses });
  const empty = agent("prose", { prompt: "x", model: "" }, { execution: { harness: "", model: "" } });
  await dispatch([empty, shell("e1", "true")], { executors: { agent: harnessExecutor({ harness: "prose" }) } });
  expect(Object.values(sdk.results()).map(({ status }) => status)).toEqual(["ok", "ok"]);
});
