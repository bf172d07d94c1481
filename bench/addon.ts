// Builds and loads bench/native, for the bench alone: plain libgit2 calls, and the floor of making a worktree. It links
// what the product's own build has compiled, so it needs that build and a compiler, and lies beside it in build/.
import { execFile } from "node:child_process";
import { mkdir, readFile, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";

const projectFolder = join(import.meta.dirname, "..");
const sources = ["plain_libgit2.cc", "floor.cc"].map((name) => join(projectFolder, "bench/native", name));
const libraries = ["coppice_git.a", "git2_shim.a", "git2.a"].map((name) =>
  join(projectFolder, "build/Release/obj.target", name),
);
const addon = join(projectFolder, "build/bench/bench.node");

export type Handle = { readonly handle: unique symbol };

export interface BenchAddon {
  open(path: string): Handle;
  addWorktree(handle: Handle, name: string, path: string): Promise<string>;
  /** `add --all` and `commit` on HEAD. */
  snapshot(handle: Handle, message: string): Promise<string>;
  reset(handle: Handle, commitOid: string): Promise<string>;
  merge(handle: Handle, oursOid: string, theirsOid: string): Promise<string>;
  mergeAndCommit(handle: Handle, oursOid: string, theirsOid: string): Promise<string>;
  updateRef(handle: Handle, refName: string, commitOid: string): Promise<string>;
  /** Synchronous. False: something could not be written. */
  writeAll(root: string, folders: readonly string[], files: readonly FileToWrite[]): boolean;
}

export interface FileToWrite {
  path: string;
  mode: number;
  /** Then the content is its target. */
  link: boolean;
  content: Buffer;
}

export function loadBenchAddon(): BenchAddon {
  return createRequire(import.meta.url)(addon) as BenchAddon;
}

/** @returns null, or why it is not there */
export async function buildBenchAddon(say: (text: string) => void): Promise<string | null> {
  const age = async (path: string) => (await stat(path).catch(() => null))?.mtimeMs ?? null;
  const inputs = await Promise.all([...sources, ...libraries].map(age));
  if (inputs.includes(null)) return "the native build is not there, type: npm run build:native";
  const built = await age(addon);
  if (built !== null && built > Math.max(...inputs.map(Number))) return null;
  say("compiling bench/native");
  await mkdir(join(addon, ".."), { recursive: true });
  try {
    await promisify(execFile)(process.env.CXX ?? "c++", await compilerArguments(), { cwd: projectFolder });
    return null;
  } catch (error) {
    const said = (error as Error).message.split("\n");
    return `could not be compiled: ${said.find((line) => /error|undefined reference/.test(line)) ?? said[0]}`;
  }
}

async function compilerArguments(): Promise<string[]> {
  const settings = await readFile(join(projectFolder, "build/config.gypi"), "utf8");
  const headers = /"nodedir": "([^"]+)"/.exec(settings)?.[1] ?? "/usr";
  const includes = [
    `${headers}/include/node`,
    "native",
    "node_modules/node-addon-api",
    "node_modules/nodegit/vendor/libgit2/include",
  ];
  return [
    ...["-shared", "-fPIC", "-std=c++17", "-O2", "-fexceptions", "-fvisibility=hidden"],
    ...["-DNAPI_VERSION=8", "-DNAPI_DISABLE_CPP_EXCEPTIONS", "-DNODE_ADDON_API_DISABLE_DEPRECATED"],
    ...includes.map((folder) => `-I${folder}`),
    ...[...sources, ...libraries],
    // As in binding.gyp: node exports symbols of the same names.
    ...["-Wl,--gc-sections", "-Wl,--exclude-libs,ALL", "-Wl,-Bsymbolic", "-Wl,-z,nodelete"],
    ...["-o", addon],
  ];
}
