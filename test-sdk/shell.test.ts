// A shell task means here what it means to the SDK's own runner: the words that its program gets, and where it runs.
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, test } from "vitest";
import { defaultExecutors, type EffectAction, wrapResolve } from "../src/babysitter.js";
import type { CommandValue } from "../src/index.js";
import { openManager } from "../test/support/manager.js";
import { runProgram } from "../test/support/program.js";
import { createRepository } from "../test/support/repository.js";

const { resolveEffect } = createRequire(import.meta.url)("@a5c-ai/babysitter-sdk/dist/cli/commands/harnessPhase2") as {
  resolveEffect(action: object, harness: string, options: object, shell: null): Promise<{ value?: unknown }>;
};

/** Prints each word that it gets on a line of its own, between brackets, after the folder that it is in. */
const show = `basename "$PWD"; printf '[%s]\\n'`;
const shellTask = (part: object | undefined, metadata?: object): EffectAction => ({
  effectId: "e1",
  invocationKey: "key",
  kind: "shell",
  taskDef: {
    kind: "shell",
    ...(part === undefined ? {} : { shell: part }),
    ...(metadata ? { metadata } : {}),
  } as never,
});

const actions = {
  "a command": shellTask({ command: "printf '%s' \"a b\" | tr a-z A-Z" }),
  arguments: shellTask({ command: show, args: ["run", "a b", "it's", '"', "$HOME", "*", "-c", ""] }),
  "what is no argument": shellTask({ command: show, args: ["a", false, null, { no: 1 }, "b"] }),
  "no arguments": shellTask({ command: "echo 1", args: [] }),
  "everything in its metadata": shellTask(undefined, { command: show, args: ["x y"], cwd: "sub" }),
  "a part before its metadata": shellTask({ command: show, cwd: "sub" }, { command: "false", args: ["z"], cwd: "no" }),
};

async function setUp() {
  const repository = await createRepository({ tree: { "sub/a.txt": "a\n", "b.txt": "b\n" } });
  const runDir = join(repository.path, ".a5c/runs/run-1");
  await mkdir(runDir, { recursive: true });
  await writeFile(join(runDir, "run.json"), "{}");
  return { repository, runDir, manager: await openManager(repository, { runId: "run-1" }) };
}

/** The runner as it is with a session that has a shell, and without, where a program gets the words. */
async function theirs(action: EffectAction, workspace: string, inShell: boolean): Promise<string> {
  const { cwd } = { ...(action.taskDef.metadata as object), ...(action.taskDef.shell as object) } as { cwd?: string };
  const executeBash = async (script: string) => {
    const { exitCode, stdout } = await runProgram("bash", ["-c", script], { cwd: join(workspace, cwd ?? "") });
    return { exitCode, output: stdout };
  };
  const { value } = await resolveEffect(
    action as never,
    "pi",
    { workspace },
    inShell ? ({ executeBash } as never) : null,
  );
  return value as string;
}

test.each(Object.entries(actions))("%s", async (_, action) => {
  const { repository, runDir, manager } = await setUp();
  const task = await defaultExecutors.shell?.(action, { runDir, root: repository.path, env: {} });
  const outcome = await manager.run({ id: "e1", task: task as never });
  const { stdout } = (outcome as unknown as { value: CommandValue }).value;
  const expected = await theirs(action, repository.path, true);
  // The folder of a worktree has a name of its own.
  const within = (text: string) => text.replace(/^[^[\]\n]*\n(?=\[)/, (line) => (line === "sub\n" ? line : "root\n"));
  expect(within(stdout)).toBe(within(expected));
});

test("a program gets the same words from the runner without a shell", async () => {
  const { repository, runDir, manager } = await setUp();
  const action = shellTask({ command: "printf", args: ["[%s]", "a b", "it's", "$HOME", "*"] });
  const task = await defaultExecutors.shell?.(action, { runDir, root: repository.path, env: {} });
  const outcome = await manager.run({ id: "e1", task: task as never });
  expect(outcome).toMatchObject({ value: { stdout: await theirs(action, repository.path, false) } });
});

test("the SDK's own runner, wrapped, works where the metadata of a shell task says, in the worktree", async () => {
  const { repository, runDir, manager } = await setUp();
  const resolve = wrapResolve(
    async (action) => (await resolveEffect(action as never, "pi", {}, null)) as { status: "ok"; value: unknown },
    { runDir, manager },
  );
  const action = shellTask(undefined, { command: "touch", args: ["new.txt"], cwd: "sub" });
  expect(await resolve(action)).toMatchObject({ status: "ok", metadata: { worktree: { kind: "landed", paths: 1 } } });
  expect(await repository.git("ls-files", "sub")).toBe("sub/a.txt\nsub/new.txt");
});
