// Command tasks: one child process without a shell, in the worktree, in a process group of its own that is ended as a
// whole. On node:child_process, not execa: execa 9, the last for Node 20, kills the child alone, and keeps the beginning of
// too long an output instead of its end (docs/decisions/runners.md).

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { access } from "node:fs/promises";
import { CoppiceError, type ErrorDetails } from "../errors.js";
import type { Semaphore } from "../semaphore.js";
import type { CommandTask, CommandValue } from "../task.js";
import { withConflictsFile } from "./conflicts-file.js";
import type { Deadline } from "./deadline.js";
import { abandonedError, endedWithin } from "./ending.js";
import { OutputTail } from "./output-tail.js";
import { ProcessGroup } from "./process-group.js";
import type { RunRequest } from "./runner.js";
import { effectVariables, pathWithTools, taskEnvironment } from "./task-environment.js";

/** How long the output of a command that has ended is read on when a process outside its group holds it open. */
const drainMs = 500;

interface Exit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * @param permits to run a process, of whatever kind
 * @param makeRoom called when the command may start: pooled processes that rest count too
 */
export async function runCommand(
  request: RunRequest,
  task: CommandTask,
  deadline: Deadline,
  permits: Semaphore,
  makeRoom: () => Promise<void>,
): Promise<CommandValue> {
  const release = await permits.acquire(deadline.soft);
  try {
    await makeRoom();
    deadline.soft.throwIfAborted();
    return await withConflictsFile(request, (variables) => runPermitted(request, task, deadline, variables));
  } finally {
    release();
  }
}

async function runPermitted(
  request: RunRequest,
  task: CommandTask,
  deadline: Deadline,
  variables: Readonly<Record<string, string>>,
): Promise<CommandValue> {
  // The file of the conflicts has taken its time.
  deadline.soft.throwIfAborted();
  const child = await start(request, task, variables);
  const closed = once(child, "close");
  const output = readOutput(child, request);
  deadline.start();
  request.onStart();
  const { exit, gone } = await endOf(child, deadline);
  // Nobody of the group holds the pipes any more; a process that left the group may, for as long as it likes.
  if (!(await endedWithin(closed, drainMs))) for (const stream of child.stdio) stream?.destroy();
  const ends = { stdout: output.stdout.text(), stderr: output.stderr.text() };
  if (!gone) throw abandonedError(request.effectId, "command", ends);
  if (exit.exitCode !== 0) throw failed(task, { ...exit, ...ends });
  return { exitCode: 0, ...ends };
}

/** Resolves when the program runs. */
async function start(
  request: RunRequest,
  task: CommandTask,
  variables: Readonly<Record<string, string>>,
): Promise<ChildProcess> {
  const { path, inheritDescriptors } = request;
  const environment = taskEnvironment(task.env);
  const own = { ...pathWithTools(environment, path), ...effectVariables(request), ...variables, PWD: path };
  try {
    const child = spawn(task.command, task.args, {
      cwd: path,
      env: { ...environment, ...own },
      detached: true,
      windowsHide: true,
      stdio: [task.stdin === null ? "ignore" : "pipe", "pipe", "pipe", ...inheritDescriptors],
    });
    // A command may end without reading its input; its exit code tells more than the broken pipe.
    child.stdin?.on("error", () => {});
    await once(child, "spawn");
    child.stdin?.end(task.stdin);
    return child;
  } catch (error) {
    throw await notStarted(request, task, error as NodeJS.ErrnoException);
  }
}

async function notStarted(request: RunRequest, task: CommandTask, error: NodeJS.ErrnoException): Promise<CoppiceError> {
  const command = JSON.stringify(task.command);
  const details = {
    operation: "spawn",
    path: task.command,
    ...(error.errno === undefined ? {} : { number: error.errno }),
  };
  // The system gives the same ENOENT for a missing folder and a missing program.
  const hasFolder = await access(request.path).then(
    () => true,
    () => false,
  );
  if (!hasFolder)
    return new CoppiceError("ERR_NATIVE", `the worktree ${request.path} is not there`, { cause: error, details });
  if (error.code === "ENOENT" || error.code === "EACCES") {
    const where = "in the worktree's node_modules/.bin and on PATH";
    const message = `${command} was not found, or is not executable (${error.code}); looked ${where}: install it, or give its full path`;
    return new CoppiceError("ERR_COMMAND_MISSING", message, { cause: error, details });
  }
  return new CoppiceError("ERR_NATIVE", `${command} could not be started: ${error.message}`, { cause: error, details });
}

function readOutput(child: ChildProcess, request: RunRequest): Record<"stdout" | "stderr", OutputTail> {
  const read = (name: "stdout" | "stderr") => {
    const tail = new OutputTail(request.outputBytes);
    const emit = (text: string) => {
      if (text !== "") request.onOutput(name, text);
    };
    child[name]?.on("data", (chunk: Buffer) => emit(tail.write(chunk)));
    child[name]?.on("close", () => emit(tail.end()));
    return tail;
  };
  return { stdout: read("stdout"), stderr: read("stderr") };
}

/** The whole group is over: what the command left behind ends with it, asked first. `gone` false: somebody stayed. */
async function endOf(child: ChildProcess, deadline: Deadline): Promise<{ exit: Exit; gone: boolean }> {
  const group = new ProcessGroup(child.pid ?? 0);
  const exited = new Promise<Exit>((resolve) => {
    child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
  });
  const unkillable = new Promise<Exit>((resolve) => {
    const kill = async () => {
      if (!(await group.kill())) resolve({ exitCode: null, signal: null });
    };
    if (deadline.hard.aborted) void kill();
    else deadline.hard.addEventListener("abort", () => void kill());
  });
  const ask = () => group.signal("SIGTERM");
  if (deadline.soft.aborted) ask();
  else deadline.soft.addEventListener("abort", ask);
  const exit = await Promise.race([exited, unkillable]);
  const graceMs = deadline.graceLeftMs;
  deadline.end();
  return { exit, gone: await group.end(graceMs) };
}

function failed(task: CommandTask, details: ErrorDetails & Exit): CoppiceError {
  const how = details.signal === null ? `exit code ${details.exitCode}` : `signal ${details.signal}`;
  const lastLine = details.stderr?.trimEnd().split("\n").at(-1)?.slice(0, 200) ?? "";
  const command = [task.command, ...task.args].join(" ").slice(0, 200);
  const message = `${command} ended with ${how}${lastLine === "" ? "" : `: ${lastLine}`}`;
  return new CoppiceError("ERR_COMMAND_FAILED", message, { details });
}
