// The project's own files as the tidy tests read them: their text, and what each imports.
import { execFile } from "node:child_process";
import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { promisify } from "node:util";
import { gitProgram } from "../support/git.js";

export const projectFolder = join(import.meta.dirname, "../..");

/** Paths from the project's top of what git has or would add, below a folder, with one of the endings. */
export async function projectFiles(folder: string, ...endings: string[]): Promise<string[]> {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", folder];
  const { stdout } = await promisify(execFile)(gitProgram, args, { cwd: projectFolder, maxBuffer: 16 << 20 });
  const paths = stdout.split("\0").filter((path) => path !== "" && endings.some((ending) => path.endsWith(ending)));
  const present = await Promise.all(paths.map((path) => readText(path).catch(() => null)));
  return paths.filter((_path, index) => present[index] !== null).sort();
}

export function readText(path: string): Promise<string> {
  return readFile(join(projectFolder, path), "utf8");
}

/**
 * What a module names: packages as they are, files of the project by their path, sources instead of outputs.
 * @param types false: without what is imported for its types alone, and so is gone when the code runs
 */
export async function importsOf(path: string, { types = true } = {}): Promise<string[]> {
  const text = codeOf(await readText(path));
  const code = types ? text : text.replace(/^\s*(import|export) type\b[^;]*;/gm, "");
  const named = [
    ...code.matchAll(/^\s*(?:import|export)\b[^;]*?\bfrom\s*["']([^"']+)["']/gm),
    ...code.matchAll(/^\s*import\s*["']([^"']+)["']/gm),
    ...code.matchAll(/\bimport\(\s*["']([^"']+)["']/g),
    ...code.matchAll(/\brequire\(\s*["']([^"']+)["']/g),
  ].map(([, name]) => resolveName(path, name as string));
  // A file that a thread or a process starts with is named by its URL, once as source and once as output. A folder, or an
  // example within a message, is no file.
  const started = [...code.matchAll(/new URL\(([^;()]*),\s*import\.meta\.url\)/g)]
    .flatMap(([, names]) => [...(names as string).matchAll(/["'](\.[^"']+)["']/g)])
    .map(([, name]) => resolveName(path, name as string))
    .filter((file) => statSync(join(projectFolder, file), { throwIfNoEntry: false })?.isFile() === true);
  return [...new Set([...named, ...started])];
}

/** Without comments: they show examples of imports. Whole lines of them are enough, for no import follows code on its line. */
export function codeOf(text: string): string {
  return text.replace(/^\s*(\/\/|\*|\/\*).*$/gm, "");
}

function resolveName(from: string, name: string): string {
  if (!name.startsWith(".")) return name;
  const path = normalize(join(dirname(from), name));
  const written = path.replace(/^dist\//, "src/");
  return /^(src|test|bench|faults)\//.test(written) ? written.replace(/\.js$/, ".ts") : written;
}
