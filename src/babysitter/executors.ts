// What runs for an action of each kind: a task of Coppice. Every executor can be replaced; a function task may call whatever the
// caller has, the SDK's own `invokeHarness` for example.

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import {
  CoppiceError,
  commandTask,
  harnessTask,
  type Json,
  jsonInText,
  moduleTask,
  rerunPrompt,
  type Task,
  type TaskContext,
} from "../index.js";
import { harnessOf, modelOf, promptOf, wantsJson } from "./agents.js";
import { lacks } from "./code-tasks.js";
import { cwdOf, timeoutOf } from "./hints.js";
import { reroot, rerootProgram } from "./reroot.js";
import type { EffectAction } from "./sdk.js";
import { textVariables } from "./text-env.js";

export interface ExecutorContext {
  readonly runDir: string;
  /** The user's working tree; null: bare. */
  readonly root: string | null;
  /** What a task of any kind is told through its environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** Gives the task for an action. The same action must give the same task after a restart: its ledger entry has a digest of it. */
export type Executor = (action: EffectAction, context: ExecutorContext) => Task | Promise<Task>;
export type Executors = Readonly<Record<string, Executor>>;

export const defaultExecutors: Executors = {
  node: nodeExecutor,
  shell: shellExecutor,
  agent: harnessExecutor(),
  skill: harnessExecutor(),
};

/** Throws ERR_ACTION for a kind that nothing runs. */
export function executorFor(action: EffectAction, own: Executors): Executor {
  const executor = Object.hasOwn(own, action.kind) ? own[action.kind] : undefined;
  const found = executor ?? (Object.hasOwn(defaultExecutors, action.kind) ? defaultExecutors[action.kind] : undefined);
  if (found !== undefined) return found;
  throw new CoppiceError(
    "ERR_ACTION",
    `effect ${action.effectId} is a code task of kind ${JSON.stringify(action.kind)}, and there is no executor for it: executors: { ${JSON.stringify(action.kind)}: (action) => task }`,
  );
}

interface NodePart {
  entry?: unknown;
  args?: unknown;
  env?: unknown;
  cwd?: unknown;
}

/** `taskDef.node`: a program for node; an entry that ends with .task.js or .task.mjs is a module task, its input the arguments. */
function nodeExecutor(action: EffectAction, { root, env }: ExecutorContext): Task {
  const { entry, args = [], env: own, cwd } = part<NodePart>(action, "node");
  if (typeof entry !== "string" || entry === "") throw lacks(action, "node.entry");
  const words = Array.isArray(args) ? args.map(String) : [];
  const folder = reroot(cwd, root);
  const program = rerootProgram(entry, folder, root);
  if (!/\.task\.m?js$/.test(entry))
    return inFolder(folder, process.execPath, [program, ...words], { ...env, ...textVariables(own) });
  // From the user's tree: a module is loaded once for each thread, and worktrees come and go.
  return moduleTask(pathToFileURL(resolve(root ?? "/", folder, program)), words as Json);
}

interface ShellPart {
  command?: unknown;
  args?: unknown;
  env?: unknown;
}

/**
 * `taskDef.shell`: text for `sh -c`, and arguments that no shell reads, behind it. Each of `command`, `args` and `cwd` that it lacks is
 * taken from `metadata`, as the SDK's own runner does; it passes over arguments that are no text (a `false`, a `null`) too.
 */
function shellExecutor(action: EffectAction, { root, env }: ExecutorContext): Task {
  const { shell, metadata } = action.taskDef as { shell?: ShellPart | null; metadata?: ShellPart | null };
  const command = [shell?.command, metadata?.command].find((text) => typeof text === "string");
  if (command === undefined || command === "") throw lacks(action, "shell.command");
  const args: unknown[] = [shell?.args, metadata?.args].find(Array.isArray) ?? [];
  const words = args.filter(isWord).map(String);
  const script = words.length === 0 ? [command] : [`${command} "$@"`, "sh", ...words];
  return inFolder(reroot(cwdOf(action), root), "sh", ["-c", ...script], { ...env, ...textVariables(shell?.env) });
}

const isWord = (value: unknown) => typeof value === "string" || typeof value === "number";

/** Agents and skills: a prompt for the harness that the action, or this function, names. */
export function harnessExecutor(options: { harness?: string; model?: string } = {}): Executor {
  return (action, { env }) => {
    const model = modelOf(action, options.model);
    const asked = { prompt: promptOf(action), env, json: wantsJson(action) };
    return harnessTask(harnessOf(action, options.harness), { ...asked, ...(model === undefined ? {} : { model }) });
  };
}

/** The SDK's `invokeHarness`, or a function like it. `timeout` is in milliseconds. */
export type InvokeHarness = (
  name: string,
  options: { prompt: string; workspace: string; model?: string; timeout?: number; env?: Record<string, string> },
) => Promise<unknown>;

/**
 * Agents and skills through the SDK's own `invokeHarness`, each in its worktree. One that resolves with `success: false`, as the SDK's
 * does for a program that ended badly or took too long, has failed; so has one that was to answer with JSON, and whose `output` holds
 * none. An abort cannot end what it has started.
 */
export function invokeHarnessExecutor(invokeHarness: InvokeHarness, options: { harness?: string } = {}): Executor {
  return (action, { env }) => {
    const model = modelOf(action, undefined);
    const name = harnessOf(action, options.harness);
    const timeout = timeoutOf(action);
    const asked = {
      prompt: promptOf(action),
      env: { ...env },
      ...(model === undefined ? {} : { model }),
      ...(timeout === null ? {} : { timeout }),
    };
    return async (context: TaskContext<undefined>) => {
      const prompt = rerunPrompt(asked.prompt, context);
      const result = requireSuccess(name, await invokeHarness(name, { ...asked, prompt, workspace: context.path }));
      return wantsJson(action) ? jsonInText(outputOf(result), `the harness "${name}"`) : result;
    };
  };
}

function requireSuccess(name: string, result: unknown): unknown {
  const { success, exitCode } = (result ?? {}) as { success?: unknown; exitCode?: unknown };
  if (success !== false) return result;
  const stdout = outputOf(result);
  const lastLine = stdout.trimEnd().split("\n").at(-1)?.slice(0, 200) ?? "";
  throw new CoppiceError("ERR_COMMAND_FAILED", `the harness "${name}" did not succeed: ${lastLine}`, {
    details: { stdout, ...(typeof exitCode === "number" ? { exitCode } : {}) },
  });
}

function outputOf(result: unknown): string {
  const { output } = (result ?? {}) as { output?: unknown };
  return typeof output === "string" ? output : "";
}

/** "./" keeps the shell from looking elsewhere (CDPATH, "-"); and a symbolic link of the worktree may lead out of it. */
const enter =
  'set -- "$(pwd -P)" "$@"; cd -P -- "./$0" || exit 126; case "$(pwd -P)/" in "$1"/*) shift; exec "$@" ;; esac; ' +
  'echo "cwd $0 leads outside the worktree" >&2; exit 126';

/** A command task begins at the worktree's root; a folder below it is entered by a shell that reads nothing of the arguments. */
function inFolder(folder: string, command: string, args: readonly string[], env: Record<string, string>): Task {
  if (folder === ".") return commandTask(command, args, { env });
  return commandTask("sh", ["-c", enter, folder, command, ...args], { env });
}

function part<T extends object>(action: EffectAction, name: string): T {
  const value = action.taskDef[name];
  if (typeof value === "object" && value !== null) return value as T;
  throw lacks(action, name);
}
