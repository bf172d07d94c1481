// src/ to dist/, by plain tsc. Compiled anew when a source, a setting or the compiler changed, or an output is missing.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../native-sources.mjs";
import { digest, lastLines, readStamps, run, SetupError, timed, writeStamp } from "./step.mjs";

const compiler = "node_modules/typescript/bin/tsc";

export async function compileTypeScript() {
  const sources = filesBelow("src", /(?<!\.d)\.ts$/);
  if (sources.length === 0) return;
  const outputs = sources.map((file) => file.replace(/^src\//, "dist/").replace(/\.ts$/, ".js"));
  const state = digest([...sources, "tsconfig.json", "package.json"], compilerVersion());
  if (readStamps().typescript === state && outputs.every((file) => existsSync(join(projectFolder, file)))) return;
  await timed("compiling TypeScript (src to dist)", compile);
  removeStale(new Set(outputs));
  writeStamp("typescript", state);
}

function filesBelow(folder, pattern) {
  const absolute = join(projectFolder, folder);
  if (!existsSync(absolute)) return [];
  return readdirSync(absolute, { recursive: true })
    .map((name) => `${folder}/${name}`)
    .filter((name) => pattern.test(name))
    .sort();
}

function compilerVersion() {
  return JSON.parse(readFileSync(join(projectFolder, "node_modules/typescript/package.json"), "utf8")).version;
}

async function compile() {
  const { exitCode, output } = await run(process.execPath, [compiler, "-p", "tsconfig.json", "--pretty", "false"]);
  if (exitCode !== 0) {
    throw new SetupError(
      "TypeScript found errors in src/.",
      "They are above.",
      lastLines(output.split("\n").slice(0, 20).join("\n"), 20),
    );
  }
}

/** What a removed or renamed source left in dist would be packed and could be imported. */
function removeStale(outputs) {
  for (const file of filesBelow("dist", /\.(js|js\.map|d\.ts)$/)) {
    if (!outputs.has(file.replace(/\.js\.map$|\.d\.ts$/, ".js"))) rmSync(join(projectFolder, file));
  }
}
