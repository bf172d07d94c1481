// What the compiler says about tasks. tsc checks these files with all others (`npm run typecheck`): an `@ts-expect-error`
// that finds no error is one. At run time they only show that nothing here throws.
import { expect, expectTypeOf, test } from "vitest";
import type { EffectRequest, ValueOfRequest } from "../../src/effect/effect.js";
import {
  type CommandTask,
  type CommandValue,
  commandTask,
  defineTask,
  type HarnessTask,
  type HarnessValue,
  harnessTask,
  type ModuleTask,
  moduleTask,
  type TaskContext,
} from "../../src/task.js";

const rename = defineTask(async ({ input }: TaskContext<{ from: string; to: string }>) => ({
  files: input.from.length,
}));
const count = defineTask(() => 3);
const url = new URL("file:///tasks/rename.task.js");

test("the input of a module task is the one that the module declares", () => {
  expectTypeOf(moduleTask<typeof rename>(url, { from: "a", to: "b" })).toEqualTypeOf<ModuleTask<{ files: number }>>();
  // @ts-expect-error: "to" is missing
  moduleTask<typeof rename>(url, { from: "a" });
  // @ts-expect-error: the wrong type
  moduleTask<typeof rename>(url, { from: "a", to: 1 });
  // @ts-expect-error: no input at all
  moduleTask<typeof rename>(url);
  expectTypeOf(moduleTask<typeof count>(url)).toEqualTypeOf<ModuleTask<number>>();
  // @ts-expect-error: it takes none
  moduleTask<typeof count>(url, { from: "a" });
});

test("without a type a module task takes any JSON and gives an unknown value", () => {
  expectTypeOf(moduleTask(url, { any: ["thing"] })).toEqualTypeOf<ModuleTask<unknown>>();
  // @ts-expect-error: not JSON
  moduleTask(url, new Map());
});

test("where it runs is one of two", () => {
  expect(moduleTask<typeof count>(url, undefined, { runIn: "process", export: "count" })).toEqual({
    kind: "module",
    module: url.href,
    export: "count",
    input: undefined,
    runIn: "process",
  });
  // @ts-expect-error: no such place
  moduleTask<typeof count>(url, undefined, { runIn: "cloud" });
});

test("a command has text for arguments, and a command's value", () => {
  expectTypeOf(commandTask("npx", ["prettier"])).toEqualTypeOf<CommandTask>();
  expectTypeOf<ValueOfRequest<{ id: string; task: CommandTask }>>().toEqualTypeOf<CommandValue>();
  // @ts-expect-error: a number
  commandTask("sleep", [1]);
});

test("a harness has a prompt, and a command's value, perhaps with JSON", () => {
  expectTypeOf(harnessTask("codex", { prompt: "x", model: "m", timeoutMs: 1 })).toEqualTypeOf<HarnessTask>();
  expectTypeOf<ValueOfRequest<{ id: string; task: HarnessTask }>>().toEqualTypeOf<HarnessValue>();
  expectTypeOf<HarnessValue>().toExtend<CommandValue>();
  // @ts-expect-error: no prompt
  harnessTask("codex", { model: "m" });
});

test("a request's value comes from its task, whatever its kind", () => {
  const inline = { id: "inline", task: async () => ({ lines: 3 }) };
  const module = { id: "module", task: moduleTask<typeof rename>(url, { from: "a", to: "b" }) };
  expectTypeOf<ValueOfRequest<typeof inline>>().toEqualTypeOf<{ lines: number }>();
  expectTypeOf<ValueOfRequest<typeof module>>().toEqualTypeOf<{ files: number }>();
  expectTypeOf(inline).toExtend<EffectRequest<{ lines: number }>>();
  expectTypeOf(module).toExtend<EffectRequest<{ files: number }>>();
});

test("progress is JSON, and the context cannot be changed", () => {
  defineTask(({ progress, resolve, signal }) => {
    progress({ done: 1 });
    // @ts-expect-error: not JSON
    progress(() => 1);
    expectTypeOf(resolve("a", "b")).toBeString();
    expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
  });
  defineTask((context) => {
    // @ts-expect-error: read-only
    context.path = "/elsewhere";
  });
});
