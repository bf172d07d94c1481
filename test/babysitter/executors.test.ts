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
