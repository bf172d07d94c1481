// What must be on the machine before anything can be built, each with the Debian package that brings it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../native-sources.mjs";
import { run, SetupError } from "./step.mjs";

/** Checked at every start, because nothing else gives a readable message on an old Node. */
export function requireNode() {
  const { engines } = JSON.parse(readFileSync(join(projectFolder, "package.json"), "utf8"));
  const least = engines.node.replace(/[^\d.]/g, "");
  if (compareVersions(process.versions.node, least) >= 0) return;
  throw new SetupError(
    `Node ${least} or newer is needed; this is ${process.versions.node}.`,
    `Install Node ${least} or newer (nodejs.org, nvm, or your distribution) and start again.`,
  );
}

function compareVersions(left, right) {
  const [a, b] = [left, right].map((version) => version.split(".").map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const tools = [
  { names: [process.env.npm_config_python, process.env.PYTHON, "python3"], for: "node-gyp", debian: "python3" },
  { names: [process.env.MAKE, "make"], for: "the native build", debian: "make" },
  { names: [process.env.CXX, "g++", "c++", "clang++"], for: "the native build (C++17)", debian: "g++" },
  { names: [process.env.CC, "gcc", "cc", "clang"], for: "the native build (C)", debian: "gcc" },
  { names: ["nm"], for: "the check of the finished addon", debian: "binutils" },
];

/** Checked only when something must be compiled. Names every missing tool at once. */
export async function requireBuildTools() {
  const missing = [];
  for (const tool of tools) if (!(await isThere(tool.names))) missing.push(tool);
  if (missing.length === 0) return;
  throw new SetupError(
    `Not found: ${missing.map((tool) => `${tool.debian} (needed for ${tool.for})`).join(", ")}.`,
    `On Debian or Ubuntu: apt-get install ${missing.map((tool) => tool.debian).join(" ")}`,
  );
}

async function isThere(names) {
  for (const name of names) {
    if (name && (await run(name, ["--version"])).exitCode === 0) return true;
  }
  return false;
}
