import { closeSync, fstatSync, openSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import type { RunRequest } from "../../src/runner/runner.js";
import { createRunner, isAbandoned, type Runner } from "../../src/runner/runner.js";
import { type CommandTask, type CommandTaskOptions, type CommandValue, commandTask } from "../../src/task.js";
import { gitProgram } from "../support/git.js";
import { createRepository, temporaryFolder } from "../support/repository.js";
import { TaskGate } from "../support/task-gate.js";
import { isAlive } from "./alive.js";
import { failureOf, fixture, openRunner, record } from "./request.js";

let runner: Runner;
beforeAll(() => {
  runner = createRunner({ threads: 1, processes: 3 });
});
afterAll(() => runner.close());
afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

const program = fileURLToPath(new URL("../fixtures/tasks/command.mjs", import.meta.url));
const node = (args: string[], options?: CommandTaskOptions): CommandTask =>
  commandTask(process.execPath, [program, ...args], options);

async function resultOf(task: CommandTask, changes: Partial<RunRequest> = {}): Promise<CommandValue> {
  return (await runner.run((await record(task, changes)).request)) as unknown as CommandValue;
}

test("gives its exit code and its output", async () => {
  const recorded = await record(node(["echo"], { stdin: "ä\n" }));
  expect(await runner.run(recorded.request)).toEqual({ exitCode: 0, stdout: "ä\n", stderr: "" });
  expect(recorded.output).toEqual({ stdout: "ä\n", stderr: "" });
  expect(recorded.started).toBe(1);
});

test("has an empty standard input when none is given", async () => {
  expect(await resultOf(node(["echo"]))).toEqual({ exitCode: 0, stdout: "", stderr: "" });
});

test("may end without reading its input", async () => {
  expect(await resultOf(node(["where"], { stdin: "x".repeat(1_000_000) }))).toMatchObject({ exitCode: 0 });
});

test("passes arguments as they are: no shell reads them", async () => {
  const args = ["$HOME", "*", "a b", "'\"", "; exit 1", ""];
  const { stdout } = await resultOf(
    commandTask(process.execPath, ["-p", "JSON.stringify(process.argv.slice(1))", ...args]),
  );
  expect(JSON.parse(stdout)).toEqual(args);
});

test("works in its worktree", async () => {
  const path = await temporaryFolder("worktree");
  expect((await resultOf(node(["where"]), { path })).stdout).toBe(`${path}\n`);
});

test("fails with its exit code, its output and its last words", async () => {
  const error = await failureOf(resultOf(node(["fails", "3"])));
  expect(error.code).toBe("ERR_COMMAND_FAILED");
  expect(error.message).toMatch(/fails 3 ended with exit code 3: what went wrong$/);
  expect(error.details).toEqual({ exitCode: 3, signal: null, stdout: "some output\n", stderr: "what went wrong\n" });
});

test("fails with the signal that ended it", async () => {
  const error = await failureOf(
    resultOf(commandTask(process.execPath, ["-e", "process.kill(process.pid, 'SIGKILL')"])),
  );
  expect(error).toMatchObject({ code: "ERR_COMMAND_FAILED", details: { exitCode: null, signal: "SIGKILL" } });
});

test("keeps the end of its output, at whole characters, while all of it streams by", async () => {
  // 200,000 bytes in pieces that split the characters of 3 and 4 bytes.
  const recorded = await record(node(["writes", "…🌳.", "25000", "777"]), { outputBytes: 102 });
  const { stdout } = (await runner.run(recorded.request)) as unknown as CommandValue;
  expect(recorded.output.stdout).toBe("…🌳.".repeat(25_000));
  expect(stdout).toBe(`🌳.${"…🌳.".repeat(12)}`);
  expect(Buffer.byteLength(stdout)).toBe(101);
});

test("may keep no output at all", async () => {
  expect((await resultOf(node(["writes", "abc", "10", "7"]), { outputBytes: 0 })).stdout).toBe("");
});

test.each([["no-such-program"], ["./no/such/program"]])("is missing: %s", async (command) => {
  const recorded = await record(commandTask(command));
  const error = await failureOf(runner.run(recorded.request));
  expect(error).toMatchObject({ code: "ERR_COMMAND_MISSING", details: { path: command } });
  expect(error.message).toContain(command);
  expect(recorded.started).toBe(0);
});

test("is not executable", async () => {
  const path = await temporaryFolder("worktree");
  await writeFile(join(path, "script"), "#!/bin/sh\n", { mode: 0o644 });
  const error = await failureOf(resultOf(commandTask("./script"), { path }));
  expect(error.code).toBe("ERR_COMMAND_MISSING");
  expect(error.message).toContain("EACCES");
});

test("is not called missing when its worktree is", async () => {
  const error = await failureOf(resultOf(node(["where"]), { path: "/no/such/worktree" }));
  expect(error.code).toBe("ERR_NATIVE");
  expect(error.message).toContain("/no/such/worktree");
});

test("prefers a tool of its worktree's node_modules", async () => {
  const path = await temporaryFolder("worktree");
  await mkdir(join(path, "node_modules/.bin"), { recursive: true });
  await writeFile(join(path, "node_modules/.bin/node"), "#!/bin/sh\necho the local one\n");
  await chmod(join(path, "node_modules/.bin/node"), 0o755);
  expect((await resultOf(commandTask("node"), { path })).stdout).toBe("the local one\n");
  expect((await resultOf(commandTask("node", ["-p", "1"]))).stdout).toBe("1\n");
});

test("gets the environment of its effect, and its own", async () => {
  const names = ["COPPICE_EFFECT_ID", "COPPICE_RUN_ID", "COPPICE_WORKTREE", "PWD", "OWN", "REMOVED"];
  vi.stubEnv("REMOVED", "set by the caller");
  const path = await temporaryFolder("worktree");
  const task = node(["environment", ...names], { env: { OWN: "1", REMOVED: undefined } });
  expect(JSON.parse((await resultOf(task, { path, effectId: "one", runId: "two" })).stdout)).toEqual({
    COPPICE_EFFECT_ID: "one",
    COPPICE_RUN_ID: "two",
    COPPICE_WORKTREE: path,
    PWD: path,
    OWN: "1",
    REMOVED: null,
  });
});

test("runs git in its own worktree whatever the caller's environment says", async () => {
  const mine = await createRepository({ tree: { a: "mine\n" } });
  const other = await createRepository({ tree: { b: "other\n" } });
  const worktree = await mine.addWorktree("worktree");
  vi.stubEnv("GIT_DIR", join(other.path, ".git"));
  vi.stubEnv("GIT_WORK_TREE", other.path);
  vi.stubEnv("GIT_INDEX_FILE", join(other.path, ".git/index"));
  vi.stubEnv("GIT_OBJECT_DIRECTORY", join(other.path, ".git/objects"));
  vi.stubEnv("GIT_PREFIX", "b/");
  const git = (...args: string[]) => resultOf(commandTask(gitProgram, args), { path: worktree });
  expect((await git("rev-parse", "--show-toplevel")).stdout).toBe(`${worktree}\n`);
  expect((await git("ls-files")).stdout).toBe("a\n");
});

test("runs git that collects nothing, with the configuration that the caller gave", async () => {
  const { path } = await createRepository();
  vi.stubEnv("GIT_CONFIG_COUNT", "1");
  vi.stubEnv("GIT_CONFIG_KEY_0", "coppice.test");
  vi.stubEnv("GIT_CONFIG_VALUE_0", "kept");
  const value = async (key: string) =>
    (await resultOf(commandTask(gitProgram, ["config", "--get", key]), { path })).stdout.trim();
  expect([await value("gc.auto"), await value("maintenance.auto"), await value("coppice.test")]).toEqual([
    "0",
    "false",
    "kept",
  ]);
});

test("inherits open descriptors", async () => {
  const descriptor = openSync(program, "r");
  try {
    const value = await resultOf(node(["descriptor", "3"]), { inheritDescriptors: [descriptor] });
    expect(Number(value.stdout)).toBe(fstatSync(descriptor).ino);
  } finally {
    closeSync(descriptor);
  }
});

test("is asked to end, and what it wrote is told", async () => {
  const gate = await TaskGate.create();
  const abort = new AbortController();
  const recorded = await record(node(["polite", gate.path, "here"]), { signal: abort.signal });
  const failure = failureOf(runner.run(recorded.request));
  await gate.reached("here");
  abort.abort();
  // It exits with 0 then: what counts is that it was asked to end.
  expect((await failure).code).toBe("ERR_ABORTED");
  expect(recorded.output.stdout).toBe("goodbye\n");
});

test("is killed after its grace, and says what it wrote", async () => {
  const gate = await TaskGate.create();
  const abort = new AbortController();
  const task = node(["stubborn", gate.path, "here"]);
  const failure = failureOf(resultOf(task, { signal: abort.signal, graceMs: 10 }));
  await gate.reached("here");
  abort.abort();
  const error = await failure;
  expect(error).toMatchObject({ code: "ERR_ABORTED", details: { exitCode: null, signal: "SIGKILL" } });
  expect(isAbandoned(error)).toBe(false);
});

test("runs out of time, counted from its start and not from its place in the line", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const gate = await TaskGate.create();
  const one = openRunner({ processes: 1 });
  const first = await record(node(["polite", gate.path, "first"]));
  const second = await record(node(["polite", gate.path, "second"]), { timeoutMs: 1_000 });
  const value = one.run(first.request);
  const failure = failureOf(one.run(second.request));
  await gate.reached("first");
  vi.advanceTimersByTime(10_000);
  await gate.release("first");
  await value;
  await gate.reached("second");
  vi.advanceTimersByTime(1_000);
  expect(await failure).toMatchObject({ code: "ERR_TIMEOUT", details: {} });
  expect(second.output.stdout).toBe("goodbye\n");
});

test("takes all its children with it when it is killed", async () => {
  const gate = await TaskGate.create();
  const abort = new AbortController();
  const recorded = await record(node(["parent", gate.path, "stays"]), { signal: abort.signal, graceMs: 0 });
  const failure = failureOf(runner.run(recorded.request));
  await Promise.all([gate.reached("child"), gate.reached("parent")]);
  const child = Number(recorded.output.stdout);
  expect(await isAlive(child)).toBe(true);
  abort.abort();
  expect((await failure).code).toBe("ERR_ABORTED");
  expect(await isAlive(child)).toBe(false);
});

test("leaves no child behind when it ends by itself", async () => {
  const gate = await TaskGate.create();
  const value = resultOf(node(["parent", gate.path, "goes"]), { graceMs: 0 });
  await gate.reached("child");
  await gate.release("parent");
  const { stdout, exitCode } = await value;
  expect(exitCode).toBe(0);
  expect(await isAlive(Number(stdout))).toBe(false);
});

test("is not held by a process that left its group with its output open", async () => {
  const gate = await TaskGate.create();
  const value = resultOf(node(["parent", gate.path, "goes", "away"]));
  await gate.reached("child");
  await gate.release("parent");
  const child = Number((await value).stdout);
  expect(await isAlive(child)).toBe(true);
  await gate.release("child");
});

test("shares the limit of processes with module tasks", async () => {
  const gate = await TaskGate.create();
  const two = openRunner({ processes: 2 });
  const module = await record(fixture("waiting.task.mjs", "ignores", { gate: gate.path }, "process"), {
    effectId: "module",
  });
  const first = await record(node(["polite", gate.path, "first"]));
  const second = await record(node(["polite", gate.path, "second"]));
  const values = [module, first, second].map(({ request }) => two.run(request));
  await Promise.all([gate.reached("module"), gate.reached("first")]);
  expect([module.started, first.started, second.started]).toEqual([1, 1, 0]);
  await gate.release("first");
  await gate.reached("second");
  expect(gate.names).toEqual(["module", "second"]);
  await Promise.all([gate.release("module"), gate.release("second")]);
  await Promise.all(values);
});

test("is not started when the abort comes while the file of its conflicts is written", async () => {
  const abort = new AbortController();
  const recorded = await record(commandTask("true"), { signal: abort.signal, graceMs: 0 });
  const conflict = { path: "a.txt", kind: "content" as const, base: null, ours: null, theirs: null, content: null };
  Object.defineProperty(recorded.request, "conflicts", {
    get() {
      // Read when the file is made, after the last look at the signal before that.
      abort.abort();
      return [conflict];
    },
  });
  expect((await failureOf(runner.run(recorded.request))).code).toBe("ERR_ABORTED");
  expect(recorded.started).toBe(0);
});
