// Builds and loads bench/native: plain libgit2 calls, for the bench alone. It links the libgit2 that the product's own build
// has compiled, so it needs that build and a compiler, and lies beside it in build/.
import { execFile } from "node:child_process";
import { mkdir, readFile, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";

const projectFolder = join(import.meta.dirname, "..");
const source = join(projectFolder, "bench/native/plain_libgit2.cc");
const library = join(projectFolder, "build/Release/obj.target/git2.a");
const addon = join(projectFolder, "build/bench/plain_libgit2.node");

export type Handle = { readonly handle: unique symbol };

export interface PlainLibgit2 {
  open(path: string): Handle;
  addWorktree(handle: Handle, name: string, path: string): Promise<string>;
  /** `add --all` and `commit` on HEAD. */
  snapshot(handle: Handle, message: string): Promise<string>;
  reset(handle: Handle, commitOid: string): Promise<string>;
  merge(handle: Handle, oursOid: string, theirsOid: string): Promise<string>;
  mergeAndCommit(handle: Handle, oursOid: string, theirsOid: string): Promise<string>;
  updateRef(handle: Handle, refName: string, commitOid: string): Promise<string>;
}

export function loadPlainLibgit2(): PlainLibgit2 {
  return createRequire(import.meta.url)(addon) as PlainLibgit2;
}

/** @returns null, or why it is not there */
export async function buildPlainLibgit2(say: (text: string) => void): Promise<string | null> {
  const age = async (path: string) => (await stat(path).catch(() => null))?.mtimeMs ?? null;
  const [sourceAge, libraryAge, addonAge] = await Promise.all([source, library, addon].map(age));
  if (!sourceAge || !libraryAge) return "the native build is not there: npm run build:native";
  if (addonAge && addonAge > Math.max(sourceAge, libraryAge)) return null;
  say("compiling the peer that calls libgit2");
  await mkdir(join(addon, ".."), { recursive: true });
  try {
    await promisify(execFile)(process.env.CXX ?? "c++", await compilerArguments(), { cwd: projectFolder });
    return null;
  } catch (error) {
    return `could not be compiled: ${(error as Error).message.trim().split("\n").slice(0, 2).join(" ")}`;
  }
}

async function compilerArguments(): Promise<string[]> {
  const settings = await readFile(join(projectFolder, "build/config.gypi"), "utf8");
  const headers = /"nodedir": "([^"]+)"/.exec(settings)?.[1] ?? "/usr";
  const includes = [
    `${headers}/include/node`,
    "node_modules/node-addon-api",
    "node_modules/nodegit/vendor/libgit2/include",
  ];
  return [
    ...["-shared", "-fPIC", "-std=c++17", "-O2", "-fexceptions", "-fvisibility=hidden"],
    ...["-DNAPI_VERSION=8", "-DNAPI_DISABLE_CPP_EXCEPTIONS", "-DNODE_ADDON_API_DISABLE_DEPRECATED"],
    ...includes.map((folder) => `-I${folder}`),
    ...[source, library],
    // As in binding.gyp: node exports symbols of the same names.
    ...["-Wl,--gc-sections", "-Wl,--exclude-libs,ALL", "-Wl,-Bsymbolic", "-Wl,-z,nodelete"],
    ...["-o", addon],
  ];
}
