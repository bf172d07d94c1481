// What a task module imports as "coppice/task": it loads neither the addon nor the manager, so it is cheap in a worker
// thread. Here are the kinds of task and the context that a running task gets.

import type { Conflict } from "./effect/effect.js";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** What a task gets while it runs for an effect. */
export interface TaskContext<Input = unknown> {
  readonly effectId: string;
  readonly runId: string;
  /** 1 for the first try of this effect in this run. */
  readonly attempt: number;
  /**
   * Why the task runs again (policy "rerun"): on these paths what it did contradicted what had landed. Empty the first time. The
   * worktree is at the target as it is now; the oids are git's, and what the last attempt did is in `theirs`.
   */
  readonly conflicts: readonly Conflict[];
  /** Of the task of option `verify`: the effects whose merged tree it looks at, in their order. Empty for an effect's own task. */
  readonly verifies: readonly string[];
  /** The worktree's folder, absolute. In a thread, relative `fs` paths do NOT start here: use `resolve`. */
  readonly path: string;
  /** An absolute path inside the worktree; throws a RangeError when the segments lead out of it. */
  resolve(...segments: string[]): string;
  readonly input: Input;
  /** Fires on abort and on timeout; after the grace period the task is terminated. */
  readonly signal: AbortSignal;
  /** Raises a `task:progress` event with this JSON value. */
  progress(value: Json): void;
}

export type TaskFunction<Input = unknown, Value = unknown> = (context: TaskContext<Input>) => Value | Promise<Value>;

/** A task that a module exports; `moduleTask<typeof import("./x.task.js").default>` takes its types from it. */
export type DefinedTask<Input, Value> = TaskFunction<Input, Value> & { readonly [defined]: true };
const defined = Symbol.for("coppice.task");

/** Marks a function as a task, and gives it its types. */
export function defineTask<Input = undefined, Value = void>(
  run: TaskFunction<Input, Value>,
): DefinedTask<Input, Value> {
  return Object.assign(run, { [defined]: true as const });
}

/** Whether a module's export was made with `defineTask`. */
export function isDefinedTask(value: unknown): value is DefinedTask<unknown, unknown> {
  return typeof value === "function" && (value as { [defined]?: true })[defined] === true;
}

declare const valueType: unique symbol;
/** Carries the type of a task's value without existing at run time. */
interface Valued<Value> {
  readonly [valueType]?: Value;
}

/** A module whose export runs in a worker thread, or in a pooled child process whose working directory is the worktree. */
export interface ModuleTask<Value = unknown> extends Valued<Value> {
  readonly kind: "module";
  /** `file:` URL. */
  readonly module: string;
  readonly export: string;
  readonly input: Json | undefined;
  readonly runIn: "thread" | "process";
}

/** An executable that runs as a child process with the worktree as its working directory. No shell reads the arguments. */
export interface CommandTask extends Valued<CommandValue> {
  readonly kind: "command";
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the environment of this process; `undefined` removes a variable. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text for its standard input. */
  readonly stdin: string | null;
}

/** What a command task gives: the end of its output (`limits.outputBytes` each). */
export interface CommandValue {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** What a harness task gives. */
export interface HarnessValue extends CommandValue {
  /** Of a task that was to answer with JSON: what its output holds. */
  json?: Json;
}

/** A coding agent's command line program, told in words what to do, with the worktree as its working directory. */
export interface HarnessTask extends Valued<HarnessValue> {
  readonly kind: "harness";
  /** A name of the table (docs/harnesses.md), or of the manager's option `harnesses`. */
  readonly harness: string;
  readonly prompt: string;
  /** Null: the harness's own default. */
  readonly model: string | null;
  /** Arguments of your own, after those of the table. */
  readonly args: readonly string[];
  /** Added to the environment of this invocation; `undefined` removes a variable. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A folder with the configuration of this invocation; null: the user's own. */
  readonly configDirectory: string | null;
  /** Milliseconds from its start; null: the request's, or the manager's. */
  readonly timeoutMs: number | null;
  /** It is to answer with JSON: the task fails when its output holds none. */
  readonly json: boolean;
}

export type Task<Value = unknown> = ModuleTask<Value> | CommandTask | HarnessTask | TaskFunction<undefined, Value>;

type InputOf<T> = T extends TaskFunction<infer Input, infer _> ? Input : never;
type ValueOf<T> = T extends (...args: never[]) => infer Value ? Awaited<Value> : never;

export interface ModuleTaskOptions {
  /** Name of the export; "default" when absent. */
  export?: string;
  /** "process" for tasks that rely on the working directory; "thread" when absent. */
  runIn?: "thread" | "process";
}

/** A task that is a module: `moduleTask<typeof import("./rename.task.js").default>(new URL("./rename.task.js", import.meta.url), input)`. */
export function moduleTask<T extends TaskFunction<never, unknown> = TaskFunction<Json | undefined, unknown>>(
  module: URL | string,
  ...rest: undefined extends InputOf<T>
    ? [input?: InputOf<T>, options?: ModuleTaskOptions]
    : [input: InputOf<T>, options?: ModuleTaskOptions]
): ModuleTask<ValueOf<T>> {
  const [input, options = {}] = rest;
  return {
    kind: "module",
    module: typeof module === "string" ? module : module.href,
    export: options.export ?? "default",
    input: input as Json | undefined,
    runIn: options.runIn ?? "thread",
  };
}

export interface CommandTaskOptions {
  env?: Readonly<Record<string, string | undefined>>;
  stdin?: string;
}

/** A task that is a command: `commandTask("npx", ["prettier", "--write", "docs"])`. */
export function commandTask(
  command: string,
  args: readonly string[] = [],
  options: CommandTaskOptions = {},
): CommandTask {
  return { kind: "command", command, args: [...args], env: { ...options.env }, stdin: options.stdin ?? null };
}

export interface HarnessTaskOptions {
  prompt: string;
  model?: string;
  timeoutMs?: number;
  env?: Readonly<Record<string, string | undefined>>;
  args?: readonly string[];
  configDirectory?: string;
  json?: boolean;
}

/** A task that is a prompt for a harness: `harnessTask("claude-code", { prompt: "add tests for src/a.ts" })`. */
export function harnessTask(harness: string, options: HarnessTaskOptions): HarnessTask {
  const { prompt, model, timeoutMs, env, args = [], configDirectory, json = false } = options;
  return {
    kind: "harness",
    harness,
    prompt,
    model: model ?? null,
    args: [...args],
    env: { ...env },
    configDirectory: configDirectory ?? null,
    timeoutMs: timeoutMs ?? null,
    json,
  };
}
