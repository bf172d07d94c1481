// Whether a value is JSON: what a task gives must be the same when the ledger returns it after a restart. JSON.stringify
// alone would drop functions, write NaN as null and a class instance as its fields, all without a word.
// Absent properties and properties that are `undefined` are the same; -0 becomes 0; symbols as keys do not count.

import { inspect } from "node:util";
import { CoppiceError } from "../errors.js";
import type { Json } from "../task.js";

/**
 * The value as JSON text, null for `undefined`. Throws ERR_TASK_VALUE that says which part is not JSON.
 * @param limitBytes of the text as UTF-8
 * @param what the value is called in messages, e.g. `value`
 */
export function toJsonText(value: unknown, limitBytes: number, what: string): string | null {
  if (value === undefined) return null;
  const text = stringify(value, what);
  const bytes = Buffer.byteLength(text);
  if (bytes <= limitBytes) return text;
  throw valueError(`${what} takes ${bytes} bytes as JSON, more than the ${limitBytes} of limits.valueBytes`);
}

export function fromJsonText(text: string | null): Json | undefined {
  return text === null ? undefined : (JSON.parse(text) as Json);
}

function stringify(value: unknown, what: string): string {
  try {
    requireJson(value, what, new Set());
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof CoppiceError) throw error;
    // A getter or a proxy that throws, or more nesting than the stack holds.
    throw new CoppiceError("ERR_TASK_VALUE", `${what} cannot be written as JSON: ${String(error)}`, { cause: error });
  }
}

/** @param above the objects on the way here: only a cycle is wrong, the same object in two places is not */
function requireJson(value: unknown, path: string, above: Set<object>): void {
  if (value === null || typeof value === "boolean" || typeof value === "string") return;
  if (typeof value === "number" && Number.isFinite(value)) return;
  if (typeof value !== "object") throw notJson(path, value);
  if (above.has(value)) throw valueError(`${path} is not JSON: it contains itself`);
  above.add(value);
  // By index, because forEach and map pass over holes, which JSON would fill with null.
  if (Array.isArray(value)) for (let i = 0; i < value.length; i++) requireJson(value[i], `${path}[${i}]`, above);
  else requireJsonObject(value, path, above);
  above.delete(value);
}

function requireJsonObject(value: object, path: string, above: Set<object>): void {
  if (!isPlain(value)) throw notJson(path, value);
  for (const [key, part] of Object.entries(value)) {
    if (part !== undefined) requireJson(part, `${path}${property(key)}`, above);
  }
}

/** Made by `{}` or `Object.create(null)`, in this realm or another (a vm context, a test runner's). */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function property(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function notJson(path: string, value: unknown): CoppiceError {
  const shown = inspect(value, { depth: 0, maxStringLength: 80, breakLength: Number.POSITIVE_INFINITY });
  return valueError(`${path} is not JSON: ${shown}`);
}

function valueError(message: string): CoppiceError {
  return new CoppiceError("ERR_TASK_VALUE", message);
}
