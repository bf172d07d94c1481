// A plan: a JSON file, or a JavaScript module whose default export is the plan.
//   { "options": { "limits": { "worktrees": 4 } },
//     "effects": [{ "id": "docs", "command": "npx", "args": ["prettier", "--write", "docs"] },
//                 { "id": "tests", "harness": "claude-code", "prompt": "add tests for src/a.ts" },
//                 { "id": "rename", "module": "./rename.task.js", "input": { "from": "a", "to": "b" } }] }
// Relative modules are looked up beside the plan. The manager checks its options itself.

import { readFile } from "node:fs/promises";
import { dirname, extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import {
  type ConflictPolicy,
  commandTask,
  type EffectRequest,
  harnessTask,
  type Json,
  type Labels,
  type ManagerOptions,
  moduleTask,
} from "../index.js";
import { usageError } from "./failure.js";

const common = {
  id: z.string(),
  message: z.string().optional(),
  timeoutMs: z.number().optional(),
  // The manager looks at these.
  onConflict: z.custom<ConflictPolicy>().optional(),
  labels: z.custom<Labels>().optional(),
};
const moduleEffect = z.strictObject({
  ...common,
  module: z.string().min(1),
  export: z.string().optional(),
  input: z.json().optional(),
  runIn: z.enum(["thread", "process"]).optional(),
});
const commandEffect = z.strictObject({
  ...common,
  command: z.string().min(1),
  args: z.array(z.string()).optional(),
  env: z.record(z.string(), z.string()).optional(),
  stdin: z.string().optional(),
});
const harnessEffect = z.strictObject({
  ...common,
  harness: z.string().min(1),
  prompt: z.string().min(1),
  model: z.string().min(1).optional(),
  args: z.array(z.string()).optional(),
  env: z.record(z.string(), z.string()).optional(),
  configDirectory: z.string().min(1).optional(),
});
const plan = z.strictObject({
  options: z.record(z.string(), z.unknown()).optional(),
  effects: z.array(z.looseObject({})).min(1, "a plan needs at least one effect"),
});

export interface Plan {
  options: ManagerOptions;
  requests: EffectRequest[];
}

/** Throws ERR_OPTION that names the file and every key that is wrong. */
export async function readPlan(path: string): Promise<Plan> {
  const file = resolve(path);
  const { options = {}, effects } = check(plan, await load(file, path), path, "");
  return {
    options: withDate(options) as ManagerOptions,
    requests: effects.map((effect, index) => toRequest(effect, index, { path, folder: dirname(file) })),
  };
}

async function load(file: string, path: string): Promise<unknown> {
  try {
    if (extname(file) === ".json") return JSON.parse(await readFile(file, "utf8"));
    return ((await import(pathToFileURL(file).href)) as { default?: unknown }).default;
  } catch (error) {
    throw usageError(`the plan ${path} cannot be read: ${(error as Error).message}`);
  }
}

function toRequest(
  effect: Record<string, unknown>,
  index: number,
  from: { path: string; folder: string },
): EffectRequest {
  const where = `effects[${index}]${typeof effect.id === "string" ? ` (${effect.id})` : ""}: `;
  if (["module", "command", "harness"].filter((kind) => kind in effect).length !== 1) {
    throw usageError(`${from.path}: ${where}an effect needs either "module", "command" or "harness"`);
  }
  const checked = <T extends z.ZodType>(shape: T) => check(shape, effect, from.path, where);
  const { id, message, timeoutMs, onConflict, labels, task } =
    "module" in effect
      ? moduleRequest(checked(moduleEffect), from.folder)
      : "command" in effect
        ? commandRequest(checked(commandEffect))
        : harnessRequest(checked(harnessEffect));
  const given = Object.entries({ message, timeoutMs, onConflict, labels }).filter(([, value]) => value !== undefined);
  return { id, task, ...Object.fromEntries(given) };
}

function moduleRequest(effect: z.output<typeof moduleEffect>, folder: string) {
  const { module, export: name, input, runIn } = effect;
  const url = module.startsWith("file:") ? module : pathToFileURL(resolve(folder, module)).href;
  const options = { ...(name === undefined ? {} : { export: name }), ...(runIn === undefined ? {} : { runIn }) };
  return { ...effect, task: moduleTask(url, input as Json | undefined, options) };
}

function commandRequest(effect: z.output<typeof commandEffect>) {
  const { command, args = [], env, stdin } = effect;
  const options = { ...(env === undefined ? {} : { env }), ...(stdin === undefined ? {} : { stdin }) };
  return { ...effect, task: commandTask(command, args, options) };
}

function harnessRequest(effect: z.output<typeof harnessEffect>) {
  const { harness, prompt, model, args, env, configDirectory } = effect;
  const all = { prompt, model, args, env, configDirectory };
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return { ...effect, task: harnessTask(harness, { prompt, ...given }) };
}

/** JSON has no dates: `options.commit.date` may be a string. */
function withDate(options: Record<string, unknown>): Record<string, unknown> {
  const commit = options.commit as { date?: unknown } | undefined;
  if (typeof commit?.date !== "string") return options;
  return { ...options, commit: { ...commit, date: new Date(commit.date) } };
}

function check<T extends z.ZodType>(shape: T, raw: unknown, path: string, where: string): z.output<T> {
  const result = shape.safeParse(raw);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    if (issue.code === "unrecognized_keys") return `unknown key ${issue.keys.map((key) => `"${key}"`).join(", ")}`;
    return `${issue.path.length === 0 ? "" : `"${issue.path.map(String).join(".")}": `}${issue.message}`;
  });
  throw usageError(`${path}: ${where}${problems.join("; ")}`);
}
