import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { CoppiceError } from "../../src/errors.js";
import { loadFrom, loadNative } from "../../src/git/load-native.js";
import { temporaryFolder } from "../support/repository.js";

const project = fileURLToPath(new URL("../..", import.meta.url));
const platform = `${process.platform}-${process.arch}`;

async function packageFolder(version = "0.1.0"): Promise<string> {
  const folder = await temporaryFolder("package");
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "coppice", version }));
  return folder;
}

function failureOf(folder: string): CoppiceError {
  try {
    loadFrom(folder);
  } catch (error) {
    if (error instanceof CoppiceError && error.code === "ERR_ADDON_LOAD") return error;
    throw error;
  }
  throw new Error("the addon was loaded");
}

test("the addon of this checkout loads, once", () => {
  expect(loadNative().version()).toMatchObject({ libgit2: "1.9.1" });
  expect(loadNative()).toBe(loadNative());
});

test("without an addon the message lists the places, and what else the package carries", async () => {
  const folder = await packageFolder();
  expect(failureOf(folder).message).toContain("there are none");
  await mkdir(join(folder, "prebuilds/sunos-sparc"), { recursive: true });
  const { message } = failureOf(folder);
  expect(message).toContain(`could not be loaded on ${platform}`);
  expect(message).toContain(`- ${join(folder, "build/Release")}: no addon there`);
  expect(message).toContain(
    `- ${join(folder, "prebuilds", platform)}: no prebuild that fits; there are only sunos-sparc`,
  );
  expect(message).toContain("What to do:\n- In a checkout: npm run build:native");
});

test("a file that is no addon is named, with what the system says of it", async () => {
  const folder = await packageFolder();
  const file = join(folder, "build/Release/coppice.node");
  await mkdir(join(folder, "build/Release"), { recursive: true });
  await writeFile(file, "not an addon, but long enough to be looked at: ".repeat(100));
  const error = failureOf(folder);
  expect(error.message).toContain(`- ${file}: `);
  expect(error.message).toContain("seems to be copied from another kind of machine");
  expect(error.cause).toMatchObject({ code: "ERR_DLOPEN_FAILED" });
});

test("an addon built for another version is refused", async () => {
  const folder = await packageFolder("9.9.9");
  await mkdir(join(folder, "build/Release"), { recursive: true });
  await cp(join(project, "build/Release/coppice.node"), join(folder, "build/Release/coppice.node"));
  expect(failureOf(folder).message).toMatch(/it was built for version .* of coppice, this is version 9\.9\.9/);
});
