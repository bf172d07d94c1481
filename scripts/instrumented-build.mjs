// A second build of the native side, with a compiler's instrumentation, in a folder of its own below build/: for the sanitizers
// (scripts/sanitized.mjs) and the fuzzer (scripts/fuzz.mjs). Objects of different flags never meet. Linux.
import { spawn } from "node:child_process";
import { cpSync, lstatSync, mkdirSync, symlinkSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { nodeHeaders } from "./bootstrap/native.mjs";
import { requireBuildTools } from "./bootstrap/requirements.mjs";
import { SetupError, timed } from "./bootstrap/step.mjs";
import { projectFolder } from "./native-sources.mjs";

/**
 * Configure and make `targets` in build/sanitized/<name>; make alone decides what is compiled again.
 * @param flags given to the compilers and the linker; `cOnly` to C (libgit2) alone, after them
 * @param tools `{ CC, CXX }` when it is not the machine's own compiler
 * @param variables of binding.gyp, as `name=value`
 * @returns the folder, which holds build/Release
 */
export async function instrumentedBuild(name, { flags, cOnly = "", targets, tools = {}, variables = [] }) {
  await requireBuildTools();
  const folder = mirror(name);
  await timed(`compiling with ${flags.split(" ")[0]} (${join("build/sanitized", name)})`, async () => {
    const headers = nodeHeaders();
    const configure = ["configure", "--release", ...(headers === null ? [] : [`--nodedir=${headers}`])];
    const gyp = join(projectFolder, "node_modules/node-gyp/bin/node-gyp.js");
    const definitions = variables.length === 0 ? [] : ["--", ...variables.map((variable) => `-D${variable}`)];
    await shown(process.execPath, [gyp, ...configure, "--silent", ...definitions], {}, folder);
    // Configuring makes the edited sources of libgit2 beside the project's own build.
    cpSync(join(projectFolder, "build/libgit2-edited"), join(folder, "build/libgit2-edited"), {
      recursive: true,
      preserveTimestamps: true,
    });
    // Instrumented code brings warnings of its own about code that is right.
    const compile = `${flags} -g1 -O1 -fno-omit-frame-pointer -Wno-error`;
    const environment = { ...tools, CFLAGS: `${compile} ${cOnly}`, CXXFLAGS: compile, LDFLAGS: flags };
    const args = ["-C", "build", "BUILDTYPE=Release", `-j${os.availableParallelism()}`, "--quiet", ...targets];
    await shown(process.env.MAKE ?? "make", args, environment, folder);
  });
  return folder;
}

/** A folder that looks like the project to node-gyp, so that its build/ is another one. */
function mirror(name) {
  const folder = join(projectFolder, "build/sanitized", name);
  mkdirSync(folder, { recursive: true });
  for (const entry of ["binding.gyp", "package.json", "native", "scripts", "node_modules"]) {
    if (lstatSync(join(folder, entry), { throwIfNoEntry: false }) === undefined)
      symlinkSync(join("../../..", entry), join(folder, entry));
  }
  return folder;
}

/** Run a program with its output shown; a SetupError when it fails. */
export async function shown(program, args, environment = {}, cwd = projectFolder) {
  const end = await ending(program, args, environment, cwd);
  if (end !== 0) throw new SetupError(`${program} ended with ${end}.`, "What it said is above.");
}

/** Its exit code, or the name of the signal that ended it. */
export function ending(program, args, environment = {}, cwd = projectFolder) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...environment }, stdio: "inherit" });
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(signal ?? code));
  });
}
