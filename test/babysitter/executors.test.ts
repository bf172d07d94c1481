// What runs for an action of each kind: its words, its folder, its environment.
import { expect, test } from "vitest";
import { action, shell } from "./memory-sdk.js";
import { setUp } from "./set-up.js";

test("the arguments of a shell task are its program's words, read by no shell", async () => {
  const { dispatch, sdk } = await setUp();
  const args = ["a b", "it's", '"', "$HOME", "*", 5, false, null, { no: 1 }];
  await dispatch([action("e1", "shell", { command: "printf '[%s]'", args })]);
  expect(sdk.results().e1).toMatchObject({ status: "ok", stdout: "[a b][it's][\"][$HOME][*][5]" });
});

test("a shell task may have its command, arguments and folder in its metadata", async () => {
  const { dispatch, sdk, read } = await setUp();
  const metadata = { command: "touch", args: ["new file.txt"], cwd: "sub" };
  await dispatch([
    action("metadata", "shell", {}, { taskDef: { kind: "shell", metadata } }),
    action("none", "shell", {}, { taskDef: { kind: "shell", metadata: {} } }),
  ]);
  expect(sdk.results()).toMatchObject({ metadata: { status: "ok" }, none: { error: { name: "ERR_ACTION" } } });
  expect(await read("sub/new file.txt")).toBe("");
});

test("what a function gives is its value, unless it is all that a program gives", async () => {
  const { dispatch, sdk } = await setUp();
  const program = { exitCode: 0, stdout: "[1]\n", stderr: "" };
  const values: Record<string, object> = { more: { ...program, took: 5 }, program };
  await dispatch([shell("more", "-"), shell("program", "-")], {
    executors: {
      shell:
        ({ effectId }) =>
        () =>
          values[effectId],
    },
  });
  expect(sdk.results()).toMatchObject({ more: { value: values.more }, program: { value: [1], stdout: "[1]\n" } });
});

test.each(["shell", "node"])(
  "a %s task's environment has texts, numbers and booleans; what is null goes",
  async (kind) => {
    const { dispatch, sdk } = await setUp();
    const env = { PORT: 3000, MODE: "test", OFF: false, NONE: null };
    const names = Object.keys(env).join(" ");
    const part = {
      shell: { command: `for name in ${names}; do printenv $name || echo -; done` },
      node: { entry: "-e", args: [`for (const name of "${names}".split(" ")) console.log(process.env[name] ?? "-")`] },
    }[kind];
    await dispatch([action("e1", kind, { ...part, env }), shell("e2", "true")]);
    expect(sdk.results()).toMatchObject({ e1: { stdout: "3000\ntest\nfalse\n-\n" }, e2: { status: "ok" } });
  },
);

test("work lands whatever its title holds", async () => {
  const { dispatch, sdk, repository } = await setUp();
  const task = shell("e1", "echo 1 > new.txt");
  await dispatch([{ ...task, taskDef: { ...task.taskDef, title: "one\0two \ud800." } }]);
  expect(sdk.results().e1).toMatchObject({ status: "ok", metadata: { worktree: { kind: "landed" } } });
  expect(await repository.git("log", "-1", "--format=%s")).toBe("one\u{FFFD}two \u{FFFD}.");
});

test("what a command has said before it failed is posted with its error", async () => {
  const { dispatch, sdk } = await setUp();
  await dispatch([shell("e1", "echo half; echo why >&2; exit 3")]);
  expect(sdk.results().e1).toMatchObject({ status: "error", stdout: "half\n", stderr: "why\n" });
});
