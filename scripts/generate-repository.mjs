// @ts-check
// Large repositories that look like source code and are the same bytes everywhere for the same options: for the demo,
// the benchmarks and the tests of scale. `generatedFiles` needs nothing; `generateRepository` needs git.
//   node scripts/generate-repository.mjs <folder> [files] [seed]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, realpathSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";

/**
 * @typedef {object} GenerateOptions
 * @property {number} files how many files
 * @property {number} [seed] positive integer, default 1: another seed, another repository
 * @property {number} [meanBytes] mean size of a file in bytes, default 4096; sizes are log-normal
 * @property {number} [filesPerFolder] mean number of files in a folder, default 8
 *
 * @typedef {object} GeneratedFile
 * @property {string} path with `/`
 * @property {"100644" | "100755" | "120000"} mode git's mode; of a symbolic link the content is its target
 * @property {Buffer} content
 */

const poolBytes = 4 << 20;
const wordCount = 4000;
const maxDepth = 5;

/**
 * The files of the repository, one by one, so that even a large one never lies in memory whole. About one in a hundred
 * is executable, one in two hundred a symbolic link, one in a hundred binary; the rest is text in short lines.
 * @param {GenerateOptions} options
 * @returns {Generator<GeneratedFile>}
 */
export function* generatedFiles({ files, seed = 1, meanBytes = 4096, filesPerFolder = 8 }) {
  const random = randomNumbers(seed);
  const words = Array.from({ length: wordCount }, () => word(random));
  const text = textPool(random, words);
  const folders = folderNames(random, words, Math.max(4, Math.ceil(files / filesPerFolder)));
  let previous = "";
  for (let i = 0; i < files; i++) {
    const folder = pick(random, folders);
    const stem = `${folder}/${pick(random, words)}-${i}`;
    const kind = random();
    if (kind < 0.005 && previous !== "") {
      yield { path: `${stem}.link`, mode: "120000", content: Buffer.from(relativeTarget(folder, previous)) };
      continue;
    }
    const length = fileLength(random, meanBytes);
    if (kind < 0.015) {
      yield { path: `${stem}.bin`, mode: "100644", content: binary(random, length) };
      continue;
    }
    const executable = kind < 0.025;
    previous = `${stem}${executable ? ".sh" : ".ts"}`;
    const head = executable ? `#!/bin/sh\n# file ${i}\n` : `// file ${i}\n`;
    yield { path: previous, mode: executable ? "100755" : "100644", content: textFile(random, text, head, length) };
  }
}

/**
 * Make a repository with one commit of the generated files on branch `main`, packed as `git fast-import` leaves it.
 * @param {string} folder made if it is not there; must not hold a repository yet
 * @param {GenerateOptions & { bare?: boolean }} options a bare repository has no working tree and saves its writing
 * @returns {Promise<{ path: string, commitOid: string }>}
 * @throws {Error} with git's own words when a git command fails or git is not there
 */
export async function generateRepository(folder, { bare = false, ...options }) {
  mkdirSync(folder, { recursive: true });
  await git(folder, ["init", "--quiet", "--initial-branch=main", ...(bare ? ["--bare"] : [])]);
  await git(
    folder,
    ["fast-import", "--quiet", "--date-format=raw", "--done"],
    fastImportStream(generatedFiles(options)),
  );
  if (!bare) await git(folder, ["reset", "--quiet", "--hard"]);
  return { path: folder, commitOid: (await git(folder, ["rev-parse", "HEAD"])).trim() };
}

/** @param {Iterable<GeneratedFile>} files */
function* fastImportStream(files) {
  const identity = "A U Thor <author@example.com> 1700000000 +0000";
  yield Buffer.from(`commit refs/heads/main\nauthor ${identity}\ncommitter ${identity}\ndata 7\ninitial\n`);
  for (const { path, mode, content } of files) {
    yield Buffer.from(`M ${mode} inline ${path}\ndata ${content.length}\n`);
    yield content;
    yield Buffer.from("\n");
  }
  yield Buffer.from("\ndone\n");
}

/**
 * @param {string} folder
 * @param {string[]} args
 * @param {Iterable<Buffer>} input
 */
async function git(folder, args, input = []) {
  const foreign = Object.keys(process.env).filter((name) => name.startsWith("GIT_"));
  const env = { ...process.env, GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" };
  for (const name of foreign) if (!name.startsWith("GIT_CONFIG_")) Reflect.deleteProperty(env, name);
  const child = spawn("git", args, { cwd: folder, env });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => (stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk) => (stderr += chunk));
  const ended = once(child, "close");
  // A git that stops reading says why on stderr and by its exit code; the broken pipe itself tells nothing.
  await pipeline(Readable.from(input), child.stdin).catch(() => {});
  const [exitCode] = await ended;
  if (exitCode !== 0) throw new Error(`git ${args[0]} ended with ${exitCode}: ${stderr.trim()}`);
  return stdout;
}

/**
 * xorshift32: numbers in [0, 1). Not Math.random, which cannot be seeded.
 * @param {number} seed
 */
function randomNumbers(seed) {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x6d2b79f5) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

/** @typedef {() => number} Random */

/**
 * @template T
 * @param {Random} random
 * @param {T[]} list
 * @returns {T}
 */
function pick(random, list) {
  return /** @type {T} */ (list[Math.floor(random() * list.length)]);
}

/** @param {Random} random */
function word(random) {
  const length = 2 + Math.floor(random() * 9);
  return Array.from({ length }, () => String.fromCharCode(97 + Math.floor(random() * 26))).join("");
}

/**
 * One long text of which every text file is a piece: made once, because making each file anew would dominate.
 * @param {Random} random
 * @param {string[]} words
 */
function textPool(random, words) {
  const lines = [];
  for (let size = 0; size < poolBytes; ) {
    const count = 2 + Math.floor(random() * 9);
    let line = "  ".repeat(Math.floor(random() * 4));
    // Squared, so that some words are frequent, as in real code: it decides how well the text compresses.
    for (let i = 0; i < count; i++)
      line += words[Math.floor(random() ** 2 * wordCount)] + pick(random, [" ", ".", "(", ", ", " = "]);
    lines.push(`${line.trimEnd()};\n`);
    size += line.length;
  }
  return Buffer.from(lines.join(""));
}

/**
 * @param {Random} random
 * @param {string[]} words
 * @param {number} count
 */
function folderNames(random, words, count) {
  /** @type {string[]} */
  const folders = [];
  for (let i = 0; i < count; i++) {
    const parent = i < 12 ? "" : pick(random, folders).split("/").slice(0, maxDepth).join("/");
    folders.push(`${parent === "" ? "" : `${parent}/`}${pick(random, words)}${i}`);
  }
  return folders;
}

/**
 * @param {Random} random
 * @param {number} meanBytes
 */
function fileLength(random, meanBytes) {
  const normal = Math.sqrt(-2 * Math.log(random() + 1e-9)) * Math.cos(2 * Math.PI * random());
  // exp(1.1 ** 2 / 2) = 1.83: the mean of a log-normal lies that much above its median.
  return Math.round(Math.min(500_000, Math.max(40, (meanBytes / 1.83) * Math.exp(1.1 * normal))));
}

/**
 * @param {Random} random
 * @param {Buffer} text
 * @param {string} head
 * @param {number} length
 */
function textFile(random, text, head, length) {
  const from = text.indexOf(10, Math.floor(random() * (text.length - length - 200))) + 1;
  const to = text.indexOf(10, from + length) + 1;
  return Buffer.concat([Buffer.from(head), text.subarray(from, to > from ? to : text.length)]);
}

/**
 * @param {Random} random
 * @param {number} length
 */
function binary(random, length) {
  return Buffer.from(Array.from({ length }, (_, i) => (i === 0 ? 0 : Math.floor(random() * 256))));
}

/**
 * @param {string} folder
 * @param {string} target
 */
function relativeTarget(folder, target) {
  return `${"../".repeat(folder.split("/").length)}${target}`;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [folder, files = "20000", seed = "1"] = process.argv.slice(2);
  if (!folder) throw new Error("usage: node scripts/generate-repository.mjs <folder> [files] [seed]");
  const { commitOid } = await generateRepository(folder, { files: Number(files), seed: Number(seed) });
  console.log(commitOid);
}
