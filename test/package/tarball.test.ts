// What is published works where nothing is but Node and npm: packed, installed without scripts and without a compiler on
// PATH, and then the README's own code runs. The addon comes from build/Release instead of `npm run prebuild`, which would
// compile everything once more; the place and the name are those that `npm run prebuild` gives it.
import { copyFile, cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { libgit2Folder } from "../../scripts/native-sources.mjs";
import { projectFolder, requireBuilt } from "../support/built.js";
import { runProgram } from "../support/program.js";
import { createRepository, temporaryFolder } from "../support/repository.js";

const platform = `${process.platform}-${process.arch}`;
/** What the README's code needs; no compiler, no python, no git. */
const programs = ["node", "npm", "sh", "env", "ls"];

let packed: { path: string; files: string[] };
let environment: NodeJS.ProcessEnv;
/** Installed from the tarball. */
let consumer: string;

beforeAll(async () => {
  await requireBuilt();
  environment = { ...process.env, PATH: await folderOfPrograms(), ...npmSettings() };
  packed = await pack();
  consumer = await temporaryFolder("consumer");
  await writeFile(join(consumer, "package.json"), '{ "private": true, "type": "module" }\n');
  const args = ["install", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", packed.path];
  expect(await runProgram("npm", args, { cwd: consumer, env: environment })).toMatchObject({ exitCode: 0 });
}, 120_000);

test("the package holds what a user needs, and nothing else", () => {
  const expected = [
    "CHANGELOG.md",
    "LICENSE",
    "NOTICE",
    "README.md",
    "dist/cli/main.js",
    "dist/index.d.ts",
    "dist/index.js",
    "dist/report.js",
    "dist/task.d.ts",
    "dist/task.js",
    "package.json",
    `prebuilds/${platform}/coppice.node`,
    `prebuilds/${platform}/libgit2-COPYING`,
  ];
  expect(packed.files).toEqual(expect.arrayContaining(expected));
  expect(packed.files.filter((path) => !/^(dist|prebuilds)\//.test(path)).sort()).toEqual(
    expected.filter((path) => !/^(dist|prebuilds)\//.test(path)),
  );
  expect(packed.files.filter((path) => /\.test\.|(?<!\.d)\.ts$|\.cc$|\.h$/.test(path))).toEqual([]);
});

test("the README's code runs as it stands", async () => {
  const repository = await createRepository({ tree: { "README.md": "# Project\n", "src/a.ts": "a\n" } });
  const script = join(consumer, "readme.mjs");
  await writeFile(script, await readmeCode());
  const ended = await runProgram("node", [script], { cwd: repository.path, env: environment });
  expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
  expect(ended.stdout.split("\n").map((line) => line.trim())).toEqual([
    "readme landed",
    "version unchanged",
    "notes landed",
    "",
  ]);
  expect(await readFile(join(repository.path, "README.md"), "utf8")).toBe("# Project\n\nOne more line.\n");
  expect(await repository.git("log", "--format=%s")).toBe("Effect notes\nEffect readme\ninitial");
  expect(await repository.status()).toBe("");
  await repository.fsck();
});

test("the command is there, and knows its version", async () => {
  const { version } = JSON.parse(await readFile(join(projectFolder, "package.json"), "utf8")) as { version: string };
  const command = join(consumer, "node_modules/.bin/coppice");
  expect(await runProgram(command, ["--version"], { cwd: consumer, env: environment })).toMatchObject({
    exitCode: 0,
    stdout: `${version}\n`,
  });
});

test("a task module loads neither the addon nor the manager", async () => {
  const script = `
    import { createRequire } from "node:module";
    import { defineTask } from "coppice/task";
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    console.log(typeof defineTask, loaded.length, process.report.getReport().sharedObjects.filter((path) => path.endsWith(".node")).length);
  `;
  await writeFile(join(consumer, "task.mjs"), script);
  const { stdout } = await runProgram("node", ["task.mjs"], { cwd: consumer, env: environment });
  expect(stdout).toBe("function 0 0\n");
});

/** The first JavaScript of the README. */
async function readmeCode(): Promise<string> {
  const page = await readFile(join(projectFolder, "README.md"), "utf8");
  const code = /^```js\n([\s\S]*?)^```$/m.exec(page)?.[1];
  if (code === undefined) throw new Error("README.md has no JavaScript");
  return code;
}

async function pack(): Promise<{ path: string; files: string[] }> {
  const staging = await temporaryFolder("package");
  const { files } = JSON.parse(await readFile(join(projectFolder, "package.json"), "utf8")) as { files: string[] };
  const always = ["package.json", "README.md", "LICENSE"];
  for (const name of [...always, ...files.filter((name) => name !== "prebuilds")]) {
    await cp(join(projectFolder, name), join(staging, name), { recursive: true });
  }
  const prebuild = join(staging, "prebuilds", platform);
  await mkdir(prebuild, { recursive: true });
  await copyFile(join(projectFolder, "build/Release/coppice.node"), join(prebuild, "coppice.node"));
  await copyFile(join(projectFolder, libgit2Folder(), "COPYING"), join(prebuild, "libgit2-COPYING"));
  const ended = await runProgram("npm", ["pack", "--json", "--ignore-scripts"], { cwd: staging, env: environment });
  const [result] = JSON.parse(ended.stdout) as { filename: string; files: { path: string }[] }[];
  if (result === undefined) throw new Error(ended.stderr);
  return { path: join(staging, result.filename), files: result.files.map(({ path }) => path) };
}

async function folderOfPrograms(): Promise<string> {
  const folder = await temporaryFolder("programs");
  const search = [dirname(process.execPath), ...(process.env.PATH ?? "").split(":")];
  for (const name of programs) {
    for (const place of search) {
      const found = await readFile(join(place, name)).then(
        () => true,
        () => false,
      );
      if (!found) continue;
      await symlink(join(place, name), join(folder, name));
      break;
    }
  }
  return folder;
}

/** The cache that the project's own dependencies came through: the tests' home is an empty one. */
function npmSettings(): NodeJS.ProcessEnv {
  const home = userInfo().homedir;
  return { npm_config_cache: join(home, ".npm"), npm_config_userconfig: join(home, ".npmrc") };
}
