// The digest of a request: a redelivered effect must be the same task with the same input, or it is another effect.

import { createHash } from "node:crypto";
import type { Task } from "../task.js";

/** Hexadecimal SHA-256 over what the task is; a function stands for its source text. */
export function requestDigest(task: Task): string {
  return createHash("sha256")
    .update(JSON.stringify(describeTask(task), sortKeys))
    .digest("hex");
}

function describeTask(task: Task): unknown {
  if (typeof task === "function") return ["function", task.toString()];
  if (task.kind === "command") return ["command", task.command, task.args, task.env, task.stdin];
  if (task.kind === "harness") {
    const { harness, prompt, model, args, env, configDirectory, json } = task;
    // Only where it is so: ledgers have digests from before there was the choice.
    return ["harness", harness, prompt, model, args, env, configDirectory, ...(json ? ["json"] : [])];
  }
  return ["module", task.module, task.export, task.input ?? null, task.runIn];
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
