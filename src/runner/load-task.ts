// From a module's URL and the name of an export to the function to call; in a worker thread or a pooled process.
// ESM, CommonJS, and TypeScript through Node's own type stripping or the consumer's tsx. A module is loaded once for
// each thread or process: one that is edited between two effects is seen by threads that start later only.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { CoppiceError } from "../errors.js";
import type { Json, TaskFunction } from "../task.js";

type Exports = Readonly<Record<string, unknown>>;
type LoadedTask = TaskFunction<Json | undefined, unknown>;

/** Throws ERR_TASK_MODULE: it cannot be loaded, or does not export such a function. */
export async function loadTask(url: string, name: string): Promise<LoadedTask> {
  const exports = await importModule(url);
  const found = pick(exports, name);
  if (typeof found === "function") return found as LoadedTask;
  const functions = Object.keys(exports).filter((key) => typeof pick(exports, key) === "function");
  const offer = functions.length === 0 ? "it exports no function" : `it exports ${functions.join(", ")}`;
  throw moduleError(url, `${url} does not export a task as "${name}": ${offer}`);
}

/** CommonJS puts what it exports below `default`, one that was compiled from ESM below `default.default`. */
function pick(exports: Exports, name: string): unknown {
  const inner = exports.default as Exports | null | undefined;
  const isObject = typeof inner === "object" && inner !== null;
  if (name !== "default") return exports[name] ?? (isObject ? inner[name] : undefined);
  return isObject ? inner.default : inner;
}

async function importModule(url: string): Promise<Exports> {
  try {
    return await import(url);
  } catch (error) {
    if (!isTypeScript(url) || !mayBeForTsx(error))
      throw moduleError(url, `${url} cannot be loaded: ${String(error)}`, error);
    await registerTsx(url, error);
  }
  try {
    // Under another name, because Node remembers that the first import failed.
    return await import(`${url}?tsx`);
  } catch (error) {
    throw moduleError(url, `${url} cannot be loaded: ${String(error)}`, error);
  }
}

function isTypeScript(url: string): boolean {
  return /\.[cm]?tsx?$/.test(new URL(url).pathname);
}

/** Node could not read TypeScript, its syntax, or a `.js` that stands for a `.ts`: all found before any of it ran. */
function mayBeForTsx(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return /^(ERR_UNKNOWN_FILE_EXTENSION|(ERR_)?MODULE_NOT_FOUND|ERR_\w*TYPE(SCRIPT|_STRIPPING)\w*)$/.test(String(code));
}

let registered: Promise<void> | undefined;

/** In this thread or process alone, once, and only when a module needs it: it costs some 200 ms. */
function registerTsx(url: string, why: unknown): Promise<void> {
  registered ??= startTsx(url).catch((error: unknown) => {
    registered = undefined;
    const remedy =
      "run `npm install --save-dev tsx` where the module lies, or use Node >= 22.18, or name the compiled .js";
    const message = `${url} is TypeScript, which Node ${process.versions.node} cannot load (${String(why)}): ${remedy}`;
    throw moduleError(url, message, error);
  });
  return registered;
}

/**
 * Both of tsx's halves, since a TypeScript module may be CommonJS. By file names from its package.json: `require` of
 * its API fails in tsx 4.23, a bare `import` would look from this package, not from the module's, and `--import tsx`
 * sets only the CommonJS half in the worker threads of Node 20.
 */
async function startTsx(url: string): Promise<void> {
  const require = createRequire(url);
  const { exports }: TsxManifest = require("tsx/package.json");
  const folder = pathToFileURL(require.resolve("tsx/package.json"));
  await import(new URL(exports["./cjs"], folder).href);
  const api: { register(): unknown } = await import(new URL(exports["./esm/api"].import.default, folder).href);
  api.register();
}

interface TsxManifest {
  exports: { "./cjs": string; "./esm/api": { import: { default: string } } };
}

function moduleError(path: string, message: string, cause?: unknown): CoppiceError {
  return new CoppiceError("ERR_TASK_MODULE", message, { cause, details: { path } });
}
