// Names, words and sizes that the house does not want, and files and links that lead nowhere.
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { importsOf, projectFiles, projectFolder, readText } from "./sources.js";

const code = [".ts", ".mjs", ".cc", ".h", ".c"];
const folders = ["src", "native", "scripts", "test", "examples", "bench", "faults"];

/** Files whose size has a reason: each is one list of the same things, read from top to bottom. */
const mayBeLong: Record<string, string> = {
  "src/git/native.ts": "the contract with the addon, field by field",
  "native/git/types.h": "the same contract in C++",
  "src/git/git.ts": "every operation of the addon, a method each",
};
const maxLines = { typescript: 280, other: 380 };

async function allFiles(...endings: string[]): Promise<string[]> {
  return (await Promise.all(folders.map((folder) => projectFiles(folder, ...endings)))).flat();
}

test("no file is named for nothing in particular", async () => {
  const vague = /(^|[-_.])(utils?|helpers?|misc|stuff|lib)([-_.]|$)/i;
  expect((await allFiles("")).filter((path) => path.split("/").some((part) => vague.test(part)))).toEqual([]);
});

test("nothing is left undone or switched off", async () => {
  // Written in two halves, so that this file does not find itself.
  const unfinished = new RegExp(
    `\\b(${"TO"}DO|${"FIX"}ME|${"XX"}X|${"HA"}CK)\\b|[Nn]ot ${"implemented"}|as ${"any"}\\b`,
  );
  const switchedOff = /\b(test|it|describe|suite)\.(only|skip|todo)\b/;
  const found: string[] = [];
  for (const path of await allFiles(...code)) {
    const lines = (await readText(path)).split("\n");
    const wrong = lines.findIndex((line) => unfinished.test(line) || switchedOff.test(line));
    if (wrong >= 0) found.push(`${path}:${wrong + 1}`);
  }
  expect(found).toEqual([]);
});

test("a file holds one thing", async () => {
  const long: string[] = [];
  for (const path of await allFiles(...code)) {
    if (path.startsWith("test/") || path.startsWith("native/test/") || path in mayBeLong) continue;
    const lines = (await readText(path)).split("\n").length - 1;
    if (lines > (path.endsWith(".ts") ? maxLines.typescript : maxLines.other)) long.push(`${path}: ${lines} lines`);
  }
  expect(long).toEqual([]);
});

test("every file says first what it is", async () => {
  const silent: string[] = [];
  for (const path of [...(await projectFiles("src", ".ts")), ...(await projectFiles("native", ".cc", ".h"))]) {
    // What a C++ file implements is said in its header.
    const text = await readText(path.replace(/\.cc$/, ".h")).catch(() => readText(path));
    const [first = "", second = ""] = text.split("\n");
    if (!/^(\/\/|\/\*)/.test(first.startsWith("#!") ? second : first)) silent.push(path);
  }
  expect(silent).toEqual([]);
});

test("every source is imported, or is where something begins", async () => {
  const manifest = JSON.parse(await readText("package.json")) as {
    exports: Record<string, { default: string } | string>;
    bin: Record<string, string>;
    scripts: Record<string, string>;
  };
  const outputs = [
    ...Object.values(manifest.exports).map((entry) => (typeof entry === "string" ? entry : entry.default)),
    ...Object.values(manifest.bin),
  ];
  const begins = new Set(outputs.map((path) => path.replace(/^(\.\/)?dist\//, "src/").replace(/\.js$/, ".ts")));
  const commands = `${Object.values(manifest.scripts).join(" ")} ${await readText("binding.gyp")}`;
  const files = await allFiles(".ts", ".mjs");
  const imported = new Set<string>();
  for (const path of [...files, "vitest.config.ts"]) for (const name of await importsOf(path)) imported.add(name);
  const setup = await readText("vitest.config.ts");
  const alone = files.filter(
    (path) =>
      !imported.has(path) &&
      !begins.has(path) &&
      !commands.includes(path) &&
      !setup.includes(path) &&
      !path.endsWith(".test.ts") &&
      !path.includes("/fixtures/") &&
      !path.endsWith(".d.ts"),
  );
  expect(alone).toEqual([]);
});

test("every link of a page leads somewhere, also those in comments to decisions", async () => {
  const broken: string[] = [];
  for (const page of await projectFiles(".", ".md")) {
    for (const [, target] of (await readText(page)).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(target as string)) continue;
      if (!existsSync(join(projectFolder, dirname(page), target as string))) broken.push(`${page}: ${target}`);
    }
  }
  // Tests name pages that they make up.
  for (const path of (await allFiles(...code)).filter((file) => !/(^|\/)test\//.test(file))) {
    for (const [name] of (await readText(path)).matchAll(/\bdocs\/[\w/-]+\.md\b/g)) {
      if (!existsSync(join(projectFolder, name))) broken.push(`${path}: ${name}`);
    }
  }
  expect(broken).toEqual([]);
});

test("every decision says what was decided", async () => {
  const pages = (await projectFiles("docs/decisions", ".md")).filter((page) => basename(page) !== "README.md");
  const silent: string[] = [];
  for (const page of pages) if (!/^# .+\n\n\S/.test(await readText(page))) silent.push(page);
  expect(silent).toEqual([]);
});
