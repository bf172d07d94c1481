// The types of the public surface: the compiler is the judge (`npm run typecheck`, a part of npm test). Nothing here opens a
// repository; the functions are written to be compiled, not called.
import { expectTypeOf, test } from "vitest";
import {
  type CommandValue,
  type Conflict,
  type ConflictQuestion,
  type ConflictVersion,
  commandTask,
  defineTask,
  type Events,
  type Lease,
  moduleTask,
  type Outcome,
  type TaskContext,
  WorktreeManager,
} from "../../src/index.js";

const renameTask = defineTask(async ({ input }: TaskContext<{ from: string; to: string }>) => ({
  files: input.from.length,
}));
const countTask = defineTask(() => 7);
type Rename = typeof renameTask;
type Count = typeof countTask;
const url = new URL("file:///x.task.js");

type Check = (manager: WorktreeManager) => Promise<void> | void;
/** Compiled, never called. */
function compiles(...checks: Check[]): void {
  expectTypeOf(checks).toEqualTypeOf<Check[]>();
}

test("all and allSettled give a tuple, each place with the value of its task", () => {
  compiles(async (manager) => {
    const requests = [
      { id: "rename", task: moduleTask<Rename>(url, { from: "a", to: "b" }) },
      { id: "docs", task: commandTask("npx", ["prettier"]) },
      { id: "inline", task: async ({ path }: TaskContext<undefined>) => path.length > 0 },
    ] as const;
    expectTypeOf(await manager.parallel.all(requests)).toEqualTypeOf<[{ files: number }, CommandValue, boolean]>();
    expectTypeOf(await manager.parallel.allSettled(requests)).toEqualTypeOf<
      [Outcome<{ files: number }>, Outcome<CommandValue>, Outcome<boolean>]
    >();
  });
});

test("requests written in the call are a tuple without `as const`", () => {
  compiles(async (manager) => {
    const values = await manager.parallel.all([
      { id: "count", task: moduleTask<Count>(url) },
      { id: "ls", task: commandTask("ls") },
    ]);
    expectTypeOf(values).toEqualTypeOf<[number, CommandValue]>();
  });
});

test("map, mapSettled, run and stream carry the value's type", () => {
  compiles(async (manager) => {
    const request = (file: string) => ({ id: file, task: moduleTask<Rename>(url, { from: file, to: "b" }) });
    expectTypeOf(await manager.parallel.map(["a"], request)).toEqualTypeOf<{ files: number }[]>();
    expectTypeOf(await manager.parallel.mapSettled(["a"], request)).toEqualTypeOf<Outcome<{ files: number }>[]>();
    expectTypeOf(await manager.run(request("a"))).toEqualTypeOf<Outcome<{ files: number }>>();
    for await (const outcome of manager.stream([request("a")])) {
      expectTypeOf(outcome).toEqualTypeOf<Outcome<{ files: number }>>();
      // @ts-expect-error a value is there only once the kind is known
      outcome.value;
      if (outcome.kind === "landed") expectTypeOf(outcome.value).toEqualTypeOf<{ files: number }>();
    }
  });
});

test("an input must be what the module's task takes", () => {
  compiles(() => {
    moduleTask<Rename>(url, { from: "a", to: "b" });
    // @ts-expect-error a property is missing
    moduleTask<Rename>(url, { from: "a" });
    // @ts-expect-error a property has another type
    moduleTask<Rename>(url, { from: "a", to: 1 });
    // @ts-expect-error the input is missing
    moduleTask<Rename>(url);
    moduleTask<Count>(url);
    // @ts-expect-error this task takes no input
    moduleTask<Count>(url, { from: "a" });
    // @ts-expect-error there is no such place to run
    moduleTask<Count>(url, undefined, { runIn: "cloud" });
    // Without a type the input is any JSON.
    moduleTask(url, { anything: [1, null] });
    // @ts-expect-error a function is not JSON
    moduleTask(url, { anything: () => 1 });
  });
});

test("a function task has a typed context", () => {
  compiles(async (manager) => {
    await manager.run({
      id: "inline",
      task: (context) => {
        expectTypeOf(context.path).toEqualTypeOf<string>();
        expectTypeOf(context.resolve).toEqualTypeOf<(...segments: string[]) => string>();
        expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
        // @ts-expect-error there is no such field
        context.paht;
      },
    });
  });
});

test("a misspelled request or option does not compile", () => {
  compiles(async (manager) => {
    // @ts-expect-error id is missing
    await manager.run({ task: commandTask("ls") });
    // @ts-expect-error there is no such order
    await manager.parallel.all([], { order: "random" });
    // @ts-expect-error there is no such event
    manager.on("effect:gone", () => {});
  });
});

test("events and leases are typed", () => {
  compiles(async (manager) => {
    manager.on("effect:settled", (event) => {
      expectTypeOf(event).toEqualTypeOf<Events["effect:settled"]>();
      expectTypeOf(event.outcome).toEqualTypeOf<Outcome>();
    });
    const lease = await manager.acquire("effect-7");
    expectTypeOf(lease).toEqualTypeOf<Lease>();
    expectTypeOf(await lease.land()).toEqualTypeOf<Outcome>();
    expectTypeOf((await lease.diff()).patch).toEqualTypeOf<string | null>();
  });
});

test("conflict policies are typed, resolvers by what they are asked", () => {
  compiles(async (manager) => {
    const task = commandTask("ls");
    await manager.run({ id: "a", task, onConflict: "theirs" });
    await manager.run({ id: "b", task, onConflict: { rerun: 3 } });
    await manager.run({
      id: "c",
      task,
      onConflict: [
        { paths: ["*.lock"], policy: "theirs" },
        { paths: ["**"], policy: ({ ours }) => (ours === null ? null : { content: ours.bytes }) },
      ],
    });
    await manager.run({
      id: "d",
      task,
      onConflict: (question) => {
        expectTypeOf(question).toEqualTypeOf<ConflictQuestion>();
        expectTypeOf(question.base).toEqualTypeOf<ConflictVersion | null>();
        return "union";
      },
    });
    // @ts-expect-error there is no such policy
    await manager.run({ id: "e", task, onConflict: "mine" });
    // @ts-expect-error an answer has a content, or says that the path is removed
    await manager.run({ id: "f", task, onConflict: () => ({ text: "" }) });
    await manager.run({
      id: "g",
      task: ({ conflicts, verifies }) => {
        expectTypeOf(conflicts).toEqualTypeOf<readonly Conflict[]>();
        expectTypeOf(verifies).toEqualTypeOf<readonly string[]>();
      },
    });
    await WorktreeManager.open("/repo", { onConflict: "rerun", verify: { task, timeoutMs: 1 } });
    // @ts-expect-error a task is made with commandTask, moduleTask, or is a function
    await WorktreeManager.open("/repo", { verify: { task: "npm test" } });
  });
});
