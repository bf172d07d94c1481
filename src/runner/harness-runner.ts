// Harness tasks: a coding agent's program as one child process, over the command runner. Each invocation has a context of its
// own: an environment without the variables of the session that Coppice itself may run in, and its own configuration folder
// when one is given. It is no sandbox: the program can do what its own permissions let it do.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rerunPrompt } from "../effect/rerun-prompt.js";
import { CoppiceError, isCoppiceError } from "../errors.js";
import type { Harness, Options } from "../options.js";
import { Semaphore } from "../semaphore.js";
import { type CommandTask, type CommandValue, commandTask, type HarnessTask } from "../task.js";
import { runCommand } from "./command-runner.js";
import type { Deadline } from "./deadline.js";
import { sessionVariables } from "./harness-context.js";
import { harnessNamed } from "./harnesses.js";
import { JsonLines } from "./json-lines.js";
import type { RunRequest } from "./runner.js";

export class HarnessRunner {
  /** Of its own: harnesses that wait for a model must not keep commands from running. */
  readonly #permits: Semaphore;
  readonly #own: Options["harnesses"];

  constructor(limit: number, own: Options["harnesses"]) {
    this.#permits = new Semaphore(limit);
    this.#own = own;
  }

  /** Throws ERR_HARNESS_MISSING, ERR_OPTION for what this harness cannot do, and what a command throws. */
  async run(request: RunRequest, asked: HarnessTask, deadline: Deadline): Promise<CommandValue> {
    const { conflicts = [] } = request;
    const task = { ...asked, prompt: rerunPrompt(asked.prompt, { ...request, conflicts }) };
    const harness = harnessNamed(task.harness, this.#own);
    const heard = harness.output === "json-lines" ? linesAsProgress(request) : { request, end: () => {} };
    const promptFile = harness.prompt === "file" ? await writePrompt(task.prompt) : null;
    try {
      const command = harnessCommand(harness, task, { workspace: request.path, promptFile: promptFile?.path ?? null });
      return await runCommand(heard.request, command, deadline, this.#permits, async () => {});
    } catch (error) {
      throw isCoppiceError(error, "ERR_COMMAND_MISSING") ? missing(harness, task, error) : error;
    } finally {
      heard.end();
      await promptFile?.remove();
    }
  }
}

/** The command line and the environment of one invocation. Throws ERR_OPTION. */
export function harnessCommand(
  harness: Harness,
  task: HarnessTask,
  { workspace, promptFile }: { workspace: string; promptFile: string | null },
): CommandTask {
  const { command, promptFlag, workspaceFlag } = harness;
  const prompt = { argument: task.prompt, stdin: null, file: promptFile }[harness.prompt];
  const args = [
    ...harness.args,
    ...(workspaceFlag === null ? [] : [workspaceFlag, workspace]),
    ...(task.model === null ? [] : [required(harness.modelFlag, task, "model"), task.model]),
    ...task.args,
    ...(promptFlag === null ? [] : [promptFlag]),
    ...(prompt === null ? [] : [prompt]),
  ];
  const { configDirectory } = task;
  const env = {
    ...Object.fromEntries(sessionVariables(process.env).map((name) => [name, undefined])),
    ...harness.env,
    ...(configDirectory === null
      ? {}
      : { [required(harness.configVariable, task, "configDirectory")]: configDirectory }),
    ...task.env,
  };
  return commandTask(command, args, { env, ...(harness.prompt === "stdin" ? { stdin: task.prompt } : {}) });
}

function required(flag: string | null, { harness }: HarnessTask, option: string): string {
  if (flag !== null) return flag;
  throw new CoppiceError("ERR_OPTION", `the harness "${harness}" cannot be given the option "${option}"`);
}

/** The same request, where the lines of JSON on standard output are progress. */
function linesAsProgress(request: RunRequest): { request: RunRequest; end(): void } {
  const lines = new JsonLines(request.valueBytes, {
    onValue: (value) => request.onProgress(value),
    onText: (text) => request.onOutput("stdout", text),
  });
  const onOutput: RunRequest["onOutput"] = (stream, text) => {
    if (stream === "stdout") lines.write(text);
    else request.onOutput(stream, text);
  };
  return { request: { ...request, onOutput }, end: () => lines.end() };
}

/** Outside the worktree, so that it is no part of what the harness changed. */
async function writePrompt(prompt: string): Promise<{ path: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "coppice-prompt-"));
  const path = join(folder, "prompt.md");
  await writeFile(path, prompt, { mode: 0o600 });
  return { path, remove: () => rm(folder, { recursive: true, force: true }) };
}

function missing({ command, install }: Harness, { harness }: HarnessTask, cause: CoppiceError): CoppiceError {
  const how = install === null ? "install it" : `install it (${install})`;
  const message = `the harness "${harness}" needs the program ${JSON.stringify(command)}, which was not found: ${how}, or say where it is: harnesses: { ${JSON.stringify(harness)}: { command: "/full/path" } }`;
  return new CoppiceError("ERR_HARNESS_MISSING", message, { cause, details: { ...cause.details, path: command } });
}
