// The bootstrap's install step, in a copy of the project's frame, with an `npm` that says what a test wants said.
import { spawn } from "node:child_process";
import { chmod, cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../support/repository.js";

const projectFolder = join(import.meta.dirname, "../..");

/** A project with nothing installed, and an npm that prints `said` and ends with `exitCode`. */
async function projectWithNpm(said: string, exitCode: number): Promise<string> {
  const folder = await temporaryFolder("project");
  for (const name of ["package.json", "package-lock.json", "scripts"]) {
    await cp(join(projectFolder, name), join(folder, name), { recursive: true });
  }
  await mkdir(join(folder, "bin"));
  await writeFile(join(folder, "said"), said);
  await writeFile(join(folder, "bin/npm"), `#!/bin/sh\necho called >> calls\ncat said\nexit ${exitCode}\n`);
  await chmod(join(folder, "bin/npm"), 0o755);
  return folder;
}

function install(folder: string, step = "install"): Promise<{ exitCode: number | null; said: string }> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, PATH: `${join(folder, "bin")}${delimiter}${process.env.PATH}` };
    const child = spawn(process.execPath, ["scripts/bootstrap.mjs", `--only=${step}`], { cwd: folder, env });
    let said = "";
    child.stdout.on("data", (chunk) => (said += chunk));
    child.stderr.on("data", (chunk) => (said += chunk));
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ exitCode, said }));
  });
}

const failures = [
  {
    npm: "npm error code EINTEGRITY\nnpm error Integrity checksum failed",
    message: /its hash differs/,
    remedy: /npm cache clean/,
  },
  {
    npm: "npm error code ECONNREFUSED\nnpm error FetchError",
    message: /registry cannot be reached/,
    remedy: /Check the network/,
  },
  {
    npm: "npm error code EUSAGE\nnpm error can only install packages when",
    message: /do not agree/,
    remedy: /npm install/,
  },
  { npm: "npm error code EWHATEVER", message: /npm ci failed with exit code 1/, remedy: /whole log/ },
];

for (const { npm, message, remedy } of failures) {
  test(`a failed install says why and what to do: ${npm.split("\n")[0]}`, async () => {
    const { exitCode, said } = await install(await projectWithNpm(npm, 1));
    expect(exitCode).toBe(1);
    expect(said).toMatch(message);
    expect(said).toMatch(remedy);
    expect(said).toContain(npm.split("\n")[0]);
    expect(said).not.toContain("    at ");
  });
}

test("what is installed as locked is not installed again", async () => {
  const folder = await projectWithNpm("", 0);
  await mkdir(join(folder, "node_modules"));
  await cp(join(projectFolder, "node_modules/.package-lock.json"), join(folder, "node_modules/.package-lock.json"));
  expect(await install(folder)).toEqual({ exitCode: 0, said: "" });
});

test("another version, or another hash, is installed again", async () => {
  const folder = await projectWithNpm("", 0);
  const record = JSON.parse(await readFile(join(projectFolder, "node_modules/.package-lock.json"), "utf8"));
  record.packages["node_modules/ulid"].integrity = "sha512-other";
  await mkdir(join(folder, "node_modules"));
  await writeFile(join(folder, "node_modules/.package-lock.json"), JSON.stringify(record));
  expect((await install(folder)).said).toMatch(/installing the dependencies/);
  expect(await readFile(join(folder, "calls"), "utf8")).toBe("called\n");
});

test("node_modules behind a link is never emptied", async () => {
  const folder = await projectWithNpm("", 0);
  await mkdir(join(folder, "elsewhere"));
  await symlink("elsewhere", join(folder, "node_modules"));
  const { exitCode, said } = await install(folder);
  expect(exitCode).toBe(1);
  expect(said).toMatch(/symbolic link/);
  await expect(readFile(join(folder, "calls"))).rejects.toThrow("ENOENT");
});

test("a Node that is too old is told so before anything else", async () => {
  const folder = await projectWithNpm("", 0);
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  await writeFile(join(folder, "package.json"), JSON.stringify({ ...manifest, engines: { node: ">=99.1" } }));
  const { exitCode, said } = await install(folder);
  expect(exitCode).toBe(1);
  expect(said).toContain(`Node 99.1 or newer is needed; this is ${process.versions.node}.`);
});

test("the examples install the SDK that one of them needs, once", async () => {
  const { scripts } = JSON.parse(await readFile(join(projectFolder, "package.json"), "utf8"));
  expect(scripts.examples).toMatch(/^node scripts\/bootstrap\.mjs --only=\S*\bsdk\b/);
  const folder = await projectWithNpm("", 0);
  await mkdir(join(folder, "test-sdk"));
  await writeFile(join(folder, "test-sdk/said"), "");
  expect(await install(folder, "sdk")).toMatchObject({
    exitCode: 0,
    said: expect.stringContaining("installing the SDK"),
  });
  expect(await readFile(join(folder, "test-sdk/calls"), "utf8")).toBe("called\n");
  const sdk = join(folder, "test-sdk/node_modules/@a5c-ai/babysitter-sdk");
  await mkdir(sdk, { recursive: true });
  await writeFile(join(sdk, "package.json"), "{}");
  expect(await install(folder, "sdk")).toEqual({ exitCode: 0, said: "" });
});
