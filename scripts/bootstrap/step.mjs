// What the steps of the bootstrap share: one way to fail, one way to run a command, one way to say what happened.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../native-sources.mjs";

/** Something is missing or failed, and the person at the keyboard can mend it: `remedy` says how. */
export class SetupError extends Error {
  constructor(message, remedy, detail = "") {
    super(message);
    this.remedy = remedy;
    this.detail = detail;
  }
}

export function say(line) {
  // stderr, so that `npm run demo -- --json` keeps its standard output to itself.
  process.stderr.write(`${line}\n`);
}

/** Say what is being done, do it, say how long it took. */
export async function timed(what, work) {
  say(`coppice: ${what} ...`);
  const start = performance.now();
  const value = await work();
  say(`coppice: ${what}: done in ${seconds(performance.now() - start)}`);
  return value;
}

export function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/**
 * Run a command, in the project's folder unless said otherwise, and collect what it prints; `onLine` sees each line as it comes.
 * @returns {Promise<{exitCode: number, output: string}>} exit code 127 when the command is not there
 */
export function run(command, args, { cwd = projectFolder, env = process.env, onLine = () => {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let unfinished = "";
    const collect = (chunk) => {
      output += chunk;
      const lines = (unfinished + chunk).split("\n");
      unfinished = lines.pop() ?? "";
      for (const line of lines) onLine(line);
    };
    child.stdout.setEncoding("utf8").on("data", collect);
    child.stderr.setEncoding("utf8").on("data", collect);
    child.on("error", (error) => {
      if (error.code === "ENOENT") resolve({ exitCode: 127, output: `${command}: not found` });
      else reject(error);
    });
    child.on("close", (exitCode) => resolve({ exitCode: exitCode ?? 1, output }));
  });
}

export function lastLines(text, count) {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}

/** One digest of the given files (path and bytes) and of any further texts; a missing file counts as such. */
export function digest(files, ...texts) {
  const hash = createHash("sha256");
  for (const file of files) {
    hash.update(`\0${file}\0`);
    hash.update(read(join(projectFolder, file)) ?? "\0missing");
  }
  for (const text of texts) hash.update(`\0\0${text}`);
  return hash.digest("hex");
}

function read(path) {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}

const stampFile = join(projectFolder, "build/bootstrap-stamp.json");

/** What earlier bootstraps finished, by step. Lies in build/, so that removing build/ forgets it. */
export function readStamps() {
  try {
    return JSON.parse(readFileSync(stampFile, "utf8"));
  } catch {
    return {};
  }
}

export function writeStamp(step, value) {
  mkdirSync(join(projectFolder, "build"), { recursive: true });
  writeFileSync(stampFile, `${JSON.stringify({ ...readStamps(), [step]: value }, null, 2)}\n`);
}
