// The runner in a process of its own: compiled as it is published, and as sources under tsx; how the process ends, and
// where relative paths lead.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commandTask } from "../../src/task.js";
import { temporaryFolder } from "../support/repository.js";
import { TaskGate } from "../support/task-gate.js";
import { fixture } from "./request.js";

const project = fileURLToPath(new URL("../..", import.meta.url));
const caller = join(project, "test/fixtures/programs/caller.mjs");
const tsx = pathToFileURL(join(project, "node_modules/tsx/dist/loader.mjs")).href;

/** The project's sources, compiled; inside the project, because they import its dependencies. */
let compiled: string;
beforeAll(async () => {
  await mkdir(join(project, "build"), { recursive: true });
  compiled = await mkdtemp(join(project, "build/compiled-for-test-"));
  const compiler = join(project, "node_modules/typescript/bin/tsc");
  const args = [compiler, "-p", join(project, "tsconfig.json"), "--outDir", compiled];
  expect(await programOf(args, project)).toEqual({ exitCode: 0, lines: [] });
});
afterAll(() => rm(compiled, { recursive: true, force: true }));

async function programOf(args: string[], cwd: string): Promise<{ exitCode: number; lines: string[] }> {
  const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const [exitCode] = (await once(child, "close")) as [number];
  return { exitCode, lines: output.split("\n").filter((line) => line !== "") };
}

/** What the runs give, and the exit code of a process that nothing ends but its own emptiness. */
async function call(how: "compiled" | "as sources", close: boolean, cwd: string, requests: object[]) {
  const runner = how === "compiled" ? join(compiled, "runner/runner.js") : join(project, "src/runner/runner.ts");
  // Only there: what is compiled must not profit from a loader that its threads and processes inherit.
  const node = how === "compiled" ? [] : ["--import", tsx];
  const args = [...node, caller, pathToFileURL(runner).href, close ? "close" : "leave", JSON.stringify(requests)];
  const { exitCode, lines } = await programOf(args, cwd);
  return { exitCode, values: lines.map((line) => JSON.parse(line) as unknown) };
}

test.each([
  ["compiled", true],
  ["compiled", false],
  ["as sources", false],
] as const)("%s, it runs every kind of task, and the process ends by itself (closed: %s)", async (how, close) => {
  const path = await temporaryFolder("worktree");
  const tasks = [
    ...(["thread", "process"] as const).flatMap((runIn) => [
      fixture("plain.task.mjs", "default", "module", runIn),
      fixture("assigned.task.cjs", "default", "x", runIn),
      fixture("typed.task.ts", "default", { factor: 2 }, runIn),
    ]),
    commandTask("echo", ["command"]),
  ];
  const requests = tasks.map((task) => ({ task, path }));
  expect(await call(how, close, path, requests)).toEqual({
    exitCode: 0,
    values: [
      ...["module", "assigned x", { product: 14 }],
      ...["module", "assigned x", { product: 14 }],
      { exitCode: 0, stdout: "command\n", stderr: "" },
    ],
  });
});

test.each(["thread", "process"] as const)("a %s is used again, also after TypeScript and output", async (runIn) => {
  const path = await temporaryFolder("worktree");
  const who = fixture("plain.task.mjs", "who", undefined, runIn);
  const others = [
    fixture("typed.task.ts", "default", { factor: 1 }, runIn),
    fixture("plain.task.mjs", "prints", undefined, runIn),
  ];
  const requests = [who, ...others, who].map((task) => ({ task, path }));
  const { values } = await call("compiled", true, path, requests);
  expect(values[0]).toEqual(values[3]);
});

test.each(["thread", "process"] as const)("TypeScript in a %s without tsx in reach says what to do", async (runIn) => {
  const path = await temporaryFolder("no-tsx");
  // Syntax that no Node strips.
  await writeFile(join(path, "typed.task.ts"), "enum Level { High }\nexport default (): number => Level.High;\n");
  const module = pathToFileURL(join(path, "typed.task.ts")).href;
  const task = { ...fixture("plain.task.mjs", "default", undefined, runIn), module };
  const { values } = await call("compiled", true, path, [{ task, path }]);
  expect(values).toEqual([expect.stringContaining("npm install --save-dev tsx")]);
});

test("a codemod with relative paths edits the caller's folder from a thread, the worktree from a process", async () => {
  const edited = async (runIn: "thread" | "process") => {
    const folder = await temporaryFolder("caller");
    const path = await temporaryFolder("worktree");
    const task = fixture("folder.task.mjs", "relativeCodemod", undefined, runIn);
    expect(await call("compiled", true, folder, [{ task, path }])).toEqual({ exitCode: 0, values: [null] });
    return { caller: existsSync(join(folder, "edited.txt")), worktree: existsSync(join(path, "edited.txt")) };
  };
  expect(await edited("thread")).toEqual({ caller: true, worktree: false });
  expect(await edited("process")).toEqual({ caller: false, worktree: true });
});

test("a pooled process does not outlive the caller that it works for", async () => {
  const gate = await TaskGate.create();
  const task = fixture("waiting.task.mjs", "ignores", { gate: gate.path }, "process");
  const requests = [{ task, path: await temporaryFolder("worktree"), graceMs: 0 }];
  const runner = pathToFileURL(join(compiled, "runner/runner.js")).href;
  const child = spawn(process.execPath, [caller, runner, "leave", JSON.stringify(requests)], { stdio: "ignore" });
  await gate.reached("effect");
  child.kill("SIGKILL");
  await gate.left("effect");
});
