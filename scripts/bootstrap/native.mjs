// The native side: configure when the list of sources or the settings changed, make when a file changed, then look at
// the result, because an addon with a missing symbol links without complaint and fails only when it is loaded.
import { existsSync } from "node:fs";
import os from "node:os";
import { dirname, join } from "node:path";
import { allNativeSources, libgit2Folder, libgit2Version, ownNativeFiles, projectFolder } from "../native-sources.mjs";
import { requireBuildTools } from "./requirements.mjs";
import { digest, lastLines, readStamps, run, SetupError, say, timed, writeStamp } from "./step.mjs";

const wantedLibgit2 = "1.9.1";
const addon = join(projectFolder, "build/Release/coppice.node");
const testProgram = join(projectFolder, "build/Release/native_test");
const faultAddon = join(projectFolder, "build/Release/coppice_faults.so");
const nodeGyp = join(projectFolder, "node_modules/node-gyp/bin/node-gyp.js");

/** The addon: all that running needs. */
export function buildNative() {
  return build("native", "compiling the addon (libgit2 and the native side)", ["coppice"], addon);
}

/** The program that checks native/git without Node: only tests need it, and it is half of all compiling. */
export function buildNativeTests() {
  return build("nativeTests", "compiling the native tests", ["native_test"], testProgram);
}

/** What the fault harness loads instead of, and beside, the addon. */
export function buildNativeFaults() {
  return build("nativeFaults", "compiling what puts faults in", ["coppice_faults", "failing_calls"], faultAddon);
}

async function build(stamp, what, targets, product) {
  requireLibgit2();
  const headers = nodeHeaders();
  const sources = allNativeSources();
  const state = {
    // The makefiles name the project's folder: a copied build/ must be configured anew (its objects stay valid).
    configuration: digest(
      configurationFiles(),
      sources.join("\n"),
      projectFolder,
      process.versions.node,
      headers ?? "",
      process.env.COPPICE_LIBGIT2 ?? "",
    ),
    content: digest(ownNativeFiles()),
  };
  const stamps = readStamps();
  const makefile = join(projectFolder, "build/Makefile");
  const configured = stamps.configuration === state.configuration && existsSync(makefile);
  const built = stamps[stamp] === state.content && existsSync(product);
  // Another checkout of libgit2 is somebody's work in progress: make looks at its files, we do not.
  if (configured && built && !process.env.COPPICE_LIBGIT2) return;

  await requireBuildTools();
  if (!configured) {
    await timed("configuring the native build", () => configure(headers));
    writeStamp("configuration", state.configuration);
  }
  await timed(what, () => make(targets));
  if (product === addon) await checkAddon(addon);
  writeStamp(stamp, state.content);
}

function configurationFiles() {
  return ownNativeFiles().filter((file) => /\.gypi?$|\.mjs$/.test(file));
}

function requireLibgit2() {
  const version = libgit2Version();
  if (version === wantedLibgit2) return;
  const found = version ? `is ${version}` : "is not there";
  throw new SetupError(
    `libgit2 ${wantedLibgit2} is needed in ${process.env.COPPICE_LIBGIT2 ?? libgit2Folder()}; it ${found}.`,
    process.env.COPPICE_LIBGIT2
      ? "Let COPPICE_LIBGIT2 name a checkout of that version, or unset it to use the one that npm installs."
      : "Remove node_modules and start again: the npm package nodegit brings it.",
  );
}

/** The folder with Node's own headers, or null to let node-gyp download them. */
export function nodeHeaders() {
  const beside = dirname(dirname(process.execPath));
  const candidates = [process.env.npm_config_nodedir, beside];
  const holds = (folder, name) => existsSync(join(folder, "include/node", name));
  return candidates.find((folder) => folder && holds(folder, "node_api.h") && holds(folder, "common.gypi")) ?? null;
}

function gyp(command, headers) {
  const nodedir = headers ? [`--nodedir=${headers}`] : [];
  return run(process.execPath, [nodeGyp, command, "--release", ...nodedir]);
}

async function configure(headers) {
  const { exitCode, output } = await gyp("configure", headers);
  if (exitCode === 0) return;
  if (!headers && /ENOTFOUND|ECONN|ETIMEDOUT|EAI_AGAIN|network/i.test(output)) {
    throw new SetupError(
      "Node's headers are neither beside this Node nor can they be downloaded.",
      "Install them (Debian package libnode-dev; they come with Node's own archives and nvm), or let npm_config_nodedir name a folder with include/node.",
    );
  }
  throw new SetupError(
    "node-gyp could not configure the native build.",
    "What it said is above.",
    lastLines(output, 15),
  );
}

/** make itself, not through node-gyp, which always builds every target. */
async function make(targets) {
  let compiled = 0;
  const args = ["-C", "build", "BUILDTYPE=Release", `-j${os.availableParallelism()}`, ...targets];
  const { exitCode, output } = await run(process.env.MAKE ?? "make", args, {
    onLine: (line) => {
      if (!/^\s+(CC|CXX)\(target\)/.test(line)) return;
      compiled += 1;
      if (compiled % 40 === 0) say(`coppice:   ${compiled} files compiled`);
    },
  });
  if (exitCode === 0) return;
  throw new SetupError("The native build failed.", "The compiler's first complaints are above.", complaints(output));
}

function complaints(output) {
  const lines = output.split("\n").filter((line) => !/^(gyp |make: (Entering|Leaving))/.test(line));
  const first = lines.findIndex((line) => /\berror: |undefined reference|\*\*\*/.test(line));
  return first < 0
    ? lastLines(output, 25)
    : lines
        .slice(Math.max(0, first - 1), first + 25)
        .join("\n")
        .trimEnd();
}

/** Fails when the addon needs a symbol that nobody gives it at load time, shows one of libgit2's, or does not load. */
export async function checkAddon(file) {
  const missing = (await dynamicSymbols(file, "--undefined-only")).filter((name) => embedded.test(name));
  if (missing.length > 0) {
    throw new SetupError(
      `The addon links but would not load; undefined: ${shortened(missing)}.`,
      "Define them: libgit2's network half in native/libgit2/local_only_stubs.c, our own where they are declared.",
    );
  }
  const shown = (await dynamicSymbols(file, "--defined-only")).filter((name) => embedded.test(name));
  if (shown.length > 0) {
    throw new SetupError(
      `The addon shows symbols of what it embeds, which another addon could pick up: ${shortened(shown)}.`,
      "Keep the visibility and linker flags of binding.gyp.",
    );
  }
  // RTLD_NOW resolves every symbol at once, also those that the pattern does not know.
  const load = `process.dlopen({ exports: {} }, ${JSON.stringify(file)}, require("node:os").constants.dlopen.RTLD_NOW)`;
  const { exitCode, output } = await run(process.execPath, ["-e", load]);
  if (exitCode !== 0) {
    throw new SetupError(
      "The addon was built but does not load.",
      "What the loader says is above.",
      lastLines(output, 12),
    );
  }
}

/** Of libgit2, of its xdiff and zlib, and our own; `_` in front on macOS. */
const embedded = /^_?(git_|xdl_|inflate|deflate|adler32|crc32|_ZN\w*7coppice)/;

async function dynamicSymbols(file, which) {
  const dynamic = process.platform === "darwin" ? [] : ["-D"];
  const { exitCode, output } = await run("nm", [...dynamic, which, file]);
  if (exitCode !== 0)
    throw new SetupError("nm cannot read the addon.", "Remove build/ and start again.", lastLines(output, 5));
  return output.split("\n").map((line) => line.trim().split(/\s+/).pop() ?? "");
}

function shortened(names) {
  return `${names.slice(0, 10).join(", ")}${names.length > 10 ? ", ..." : ""}`;
}
