// Which files each native target compiles. binding.gyp asks on the command line at configure time, bootstrap asks for the
// whole list to notice a new file. Paths are relative to the project's top, so that the build folder can be copied.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { editedSource } from "./libgit2-edits.mjs";

export const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));

const vendoredLibgit2 = "node_modules/nodegit/vendor/libgit2";
const stubs = "native/libgit2/local_only_stubs.c";

/** Where libgit2 lies, relative to the project; COPPICE_LIBGIT2 names another checkout. */
export function libgit2Folder() {
  const elsewhere = process.env.COPPICE_LIBGIT2;
  if (!elsewhere) return vendoredLibgit2;
  // Through a link, because make would put the objects of a source outside the project outside the build folder too.
  const link = join(projectFolder, "build/libgit2-source");
  const target = resolve(elsewhere);
  mkdirSync(dirname(link), { recursive: true });
  if (!isLinkTo(link, target)) {
    rmSync(link, { force: true });
    symlinkSync(target, link);
  }
  return "build/libgit2-source";
}

function isLinkTo(path, target) {
  try {
    return readlinkSync(path) === target;
  } catch {
    return false;
  }
}

/** The version that libgit2's own header states, or null where there is no libgit2. */
export function libgit2Version() {
  const header = join(projectFolder, libgit2Folder(), "include/git2/version.h");
  if (!existsSync(header)) return null;
  return /#define LIBGIT2_VERSION\s+"([^"]+)"/.exec(readFileSync(header, "utf8"))?.[1] ?? null;
}

/** Files of one folder (not below it), sorted, with their path from the project's top. */
function filesIn(folder, extension, except = []) {
  const absolute = join(projectFolder, folder);
  if (!existsSync(absolute)) return [];
  return readdirSync(absolute, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(extension) && !except.includes(entry.name))
    .map((entry) => entry.name)
    .sort()
    .map((name) => `${folder}/${name}`);
}

/** The local half of libgit2: everything but transports and streams, with its own xdiff, zlib, SHA-1 and SHA-256. */
function libgit2Sources() {
  const folder = libgit2Folder();
  const util = `${folder}/src/util`;
  const sources = [
    ...filesIn(`${folder}/src/libgit2`, ".c", ["transport.c"]),
    ...filesIn(util, ".c"),
    ...["failalloc", "stdalloc"].map((name) => `${util}/allocators/${name}.c`),
    ...["collisiondetect", "builtin", "sha1dc/sha1", "sha1dc/ubc_check", "rfc6234/sha224-256"].map(
      (name) => `${util}/hash/${name}.c`,
    ),
    ...["map", "process", "pthread", "realpath"].map((name) => `${util}/unix/${name}.c`),
    ...filesIn(`${folder}/deps/xdiff`, ".c"),
    ...["adler32", "crc32", "deflate", "inffast", "inflate", "inftrees", "trees", "zutil"].map(
      (name) => `${folder}/deps/zlib/${name}.c`,
    ),
  ];
  return [...sources.map((source) => editedSource(projectFolder, folder, source)), stubs];
}

const targets = {
  git2: libgit2Sources,
  git2_shim: () => filesIn("native/libgit2", ".c", ["local_only_stubs.c"]),
  coppice_git: () => filesIn("native/git", ".cc"),
  coppice: () => filesIn("native/binding", ".cc"),
  coppice_faults: () => [...filesIn("native/binding", ".cc"), ...filesIn("native/faults", ".cc")],
  native_test: () => [...filesIn("native/test", ".cc"), ...filesIn("native/fuzz", ".cc", ["libfuzzer_main.cc"])],
  fuzz: () => [...filesIn("native/fuzz", ".cc"), "native/test/temp_directory.cc"],
};

/** Every source of every target: a change of this list needs a new configure. */
export function allNativeSources() {
  return Object.values(targets).flatMap((list) => list());
}

/** Our own native files, headers included: what the state of a build depends on besides libgit2. */
export function ownNativeFiles() {
  const folders = [
    "native/libgit2",
    "native/git",
    "native/binding",
    "native/faults",
    "native/faults/calls",
    "native/fuzz",
    "native/test",
  ];
  const files = folders.flatMap((folder) => filesIn(folder, ""));
  return ["binding.gyp", "scripts/native-sources.mjs", "scripts/libgit2-edits.mjs", ...files];
}

function answer(question) {
  if (question === "libgit2-folder") return [libgit2Folder()];
  if (question === "version") return [JSON.parse(readFileSync(join(projectFolder, "package.json"), "utf8")).version];
  if (question === "node-addon-api-folder") return ["node_modules/node-addon-api"];
  const list = targets[question];
  if (!list) throw new Error(`unknown native target: ${question}`);
  return list();
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  console.log(answer(process.argv[2]).join("\n"));
