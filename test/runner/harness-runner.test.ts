import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import type { HarnessDefinition } from "../../src/options.js";
import { sessionVariables } from "../../src/runner/harness-context.js";
import { harnessCommand } from "../../src/runner/harness-runner.js";
import { harnessNamed, knownHarnesses } from "../../src/runner/harnesses.js";
import { createRunner, type Runner } from "../../src/runner/runner.js";
import { type CommandValue, type HarnessTaskOptions, harnessTask } from "../../src/task.js";
import { failureOf, record } from "./request.js";

afterEach(() => vi.unstubAllEnvs());

const standIn = fileURLToPath(new URL("../fixtures/harness/stand-in.mjs", import.meta.url));
const own: HarnessDefinition = { command: standIn, modelFlag: "--model", configVariable: "STAND_IN_CONFIG" };

function open(definition: HarnessDefinition = own, harnesses = 2): Runner {
  const runner = createRunner({ threads: 1, processes: 1, harnesses }, { "stand-in": definition });
  onTestFinished(() => runner.close());
  return runner;
}

async function run(runner: Runner, options: HarnessTaskOptions) {
  const recorded = await record(harnessTask("stand-in", options), { outputBytes: 10_000 });
  const value = (await runner.run(recorded.request)) as unknown as CommandValue;
  return { ...recorded, value, said: JSON.parse(value.stdout.split("\n")[0] ?? "") };
}

// The exact words of each command line: what a program is started with must not change by accident.
const vectors: Record<keyof typeof knownHarnesses, { command: string; args: string[]; stdin: string | null }> = {
  "claude-code": {
    command: "claude",
    args: ["--print", "--permission-mode", "acceptEdits", "--model", "m", "--own"],
    stdin: "do it",
  },
  codex: {
    command: "codex",
    args: ["exec", "--sandbox", "workspace-write", "--skip-git-repo-check", "-C", "/w", "--model", "m", "--own", "-"],
    stdin: "do it",
  },
  "gemini-cli": {
    command: "gemini",
    args: ["--approval-mode", "auto_edit", "--skip-trust", "--model", "m", "--own"],
    stdin: "do it",
  },
  cursor: {
    command: "cursor-agent",
    args: ["--print", "--force", "--trust", "--workspace", "/w", "--model", "m", "--own", "--", "do it"],
    stdin: null,
  },
  opencode: { command: "opencode", args: ["run", "--model", "m", "--own"], stdin: "do it" },
  pi: { command: "pi", args: ["--print", "--no-session", "--model", "m", "--own"], stdin: "do it" },
  "github-copilot": {
    command: "copilot",
    args: ["--allow-all-tools", "--no-ask-user", "--model", "m", "--own", "--prompt", "do it"],
    stdin: null,
  },
};
const configVariables = {
  "claude-code": "CLAUDE_CONFIG_DIR",
  codex: "CODEX_HOME",
  "gemini-cli": "GEMINI_CLI_HOME",
  cursor: "CURSOR_CONFIG_DIR",
  opencode: "OPENCODE_CONFIG_DIR",
  pi: "PI_CODING_AGENT_DIR",
  "github-copilot": "COPILOT_HOME",
};

test.each(Object.entries(vectors))("is started as its documentation says: %s", (name, expected) => {
  const task = harnessTask(name, { prompt: "do it", model: "m", args: ["--own"], configDirectory: "/c" });
  const { command, args, stdin, env } = harnessCommand(harnessNamed(name, {}), task, {
    workspace: "/w",
    promptFile: null,
  });
  expect({ command, args, stdin }).toEqual(expected);
  expect(env[configVariables[name as keyof typeof configVariables]]).toBe("/c");
});

test("the table has nothing that is not looked at here", () => {
  expect(Object.keys(knownHarnesses).sort()).toEqual(Object.keys(vectors).sort());
});

test("edits its worktree, streams what it says, and works with the model asked for", async () => {
  const { value, said, request, output } = await run(open(), { prompt: "write a/b.txt one\nsay done", model: "large" });
  expect(await readFile(join(request.path, "a/b.txt"), "utf8")).toBe("one\n");
  expect(said).toMatchObject({ cwd: request.path, model: "large", args: ["--model", "large"] });
  expect(value).toMatchObject({ exitCode: 0, stderr: "" });
  expect(output.stdout).toBe(value.stdout);
  expect(output.stdout).toMatch(/done\n$/);
});

test("lines of JSON are progress, in their order; what is none stays output, and the value has all of it", async () => {
  const prompt = ['say {"n":1}', "say words", 'say {"n":', 'say {"deep":[{"n":2}]}', "say [3]", 'say {"n":4}'].join(
    "\n",
  );
  const { value, progress, output } = await run(open({ ...own, output: "json-lines" }), { prompt });
  const [first, ...rest] = progress;
  expect(first).toMatchObject({ prompt });
  expect(rest).toEqual([{ n: 1 }, { deep: [{ n: 2 }] }, { n: 4 }]);
  expect(output.stdout).toBe('words\n{"n":\n[3]\n');
  expect(value.stdout.split("\n").slice(1).join("\n")).toBe(prompt.replaceAll("say ", "").concat("\n"));
  const asText = await run(open(), { prompt });
  expect([asText.progress, asText.output.stdout]).toEqual([[], asText.value.stdout]);
});

test("inherits nothing of the session it is started from, and keeps what the user has set", async () => {
  vi.stubEnv("CLAUDECODE", "1");
  vi.stubEnv("CLAUDE_CODE_ENTRYPOINT", "cli");
  vi.stubEnv("CODEX_SANDBOX", "seatbelt");
  vi.stubEnv("CODEX_API_KEY", "secret");
  vi.stubEnv("CLAUDE_CONFIG_DIR", "/home/me/.claude");
  const options = { prompt: "say", env: { STAND_IN: "yes" }, configDirectory: "/config" };
  const { said } = await run(open({ ...own, env: { STAND_IN_ALL: "1" } }), options);
  expect(said.environment).toEqual({
    CODEX_API_KEY: "secret",
    CLAUDE_CONFIG_DIR: "/home/me/.claude",
    STAND_IN: "yes",
    STAND_IN_ALL: "1",
    STAND_IN_CONFIG: "/config",
  });
});

test("names the session variables, and only those", () => {
  const kept = ["ANTHROPIC_API_KEY", "GEMINI_API_KEY", "CLAUDE_CODE_USE_BEDROCK", "CODEX_HOME", "PI_CODING_AGENT_DIR"];
  const dropped = [
    "CLAUDECODE",
    "CLAUDE_CODE_SSE_PORT",
    "CODEX_THREAD_ID",
    "GEMINI_CLI",
    "CURSOR_AGENT",
    "OPENCODE_PID",
  ];
  expect(sessionVariables(Object.fromEntries([...kept, ...dropped].map((name) => [name, "1"])))).toEqual(dropped);
});

test.each([
  { prompt: "argument", promptFlag: "--prompt" },
  { prompt: "stdin", promptFlag: null },
  { prompt: "file", promptFlag: "--prompt-file" },
] as const)("gets its prompt by $prompt, whatever is in it", async (style) => {
  const prompt = "say --help 'x' \"$HOME\" ä";
  const { said } = await run(open({ ...own, ...style }), { prompt });
  expect(said.prompt).toBe(prompt);
  if (style.prompt === "file") expect(existsSync(said.args[1])).toBe(false);
});

test("is missing: the error names the program and what to do", async () => {
  const missing = await record(harnessTask("codex", { prompt: "x" }));
  const runner = createRunner({ threads: 1, processes: 1 }, { codex: { command: "no-such-codex" } });
  onTestFinished(() => runner.close());
  const error = await failureOf(runner.run(missing.request));
  expect(error).toMatchObject({ code: "ERR_HARNESS_MISSING", details: { path: "no-such-codex" } });
  expect(error.message).toContain("npm install --global @openai/codex");
  const unknown = await failureOf(runner.run((await record(harnessTask("coder", { prompt: "x" }))).request));
  expect(unknown.code).toBe("ERR_HARNESS_MISSING");
  expect(unknown.message).toMatch(/"coder".*claude-code.*github-copilot/);
});

test("an entry of the table is changed where the option says so, and only there", () => {
  expect(harnessNamed("claude-code", { "claude-code": { command: "/opt/claude" } })).toEqual({
    ...knownHarnesses["claude-code"],
    command: "/opt/claude",
  });
  expect(() => harnessNamed("toString", {})).toThrow(expect.objectContaining({ code: "ERR_HARNESS_MISSING" }));
});

test("refuses what the program cannot do", async () => {
  const runner = open({ command: standIn });
  for (const [options, says] of [
    [{ model: "m" }, /"model"/],
    [{ configDirectory: "/c" }, /"configDirectory"/],
  ] as const) {
    const { request } = await record(harnessTask("stand-in", { prompt: "x", ...options }));
    const error = await failureOf(runner.run(request));
    expect(error.code).toBe("ERR_OPTION");
    expect(error.message).toMatch(says);
  }
});

test("fails with its exit code, and is made to end when its time is over", async () => {
  const runner = open();
  const { request } = await record(harnessTask("stand-in", { prompt: "say no\nfail 3" }));
  expect(await failureOf(runner.run(request))).toMatchObject({ code: "ERR_COMMAND_FAILED", details: { exitCode: 3 } });
  const waiting = await record(harnessTask("stand-in", { prompt: "wait" }), { timeoutMs: 50 });
  expect((await failureOf(runner.run(waiting.request))).code).toBe("ERR_TIMEOUT");
});

test("has a limit of its own: as many harnesses as allowed, whatever commands run", async () => {
  const runner = open(own, 1);
  const stop = new AbortController();
  const first = await record(harnessTask("stand-in", { prompt: "wait" }), { signal: stop.signal });
  const begun = new Promise<void>((resolve) => Object.assign(first.request, { onStart: resolve }));
  const second = await record(harnessTask("stand-in", { prompt: "say" }));
  const runs = [runner.run(first.request), runner.run(second.request)];
  await begun;
  const command = await record({ kind: "command", command: "true", args: [], env: {}, stdin: null });
  await runner.run(command.request);
  expect(second.started).toBe(0);
  stop.abort();
  expect((await failureOf(runs[0] as Promise<unknown>)).code).toBe("ERR_ABORTED");
  await runs[1];
  expect(second.started).toBe(1);
});
