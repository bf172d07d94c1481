// The small examples, as their first lines say that they are started. What is shown is what the page promises.
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { projectFolder, requireBuilt } from "../support/built.js";
import { runProgram } from "../support/program.js";

beforeAll(requireBuilt, 120_000);

const example = (name: string) =>
  runProgram(process.execPath, [join(projectFolder, "examples", name, "main.mjs")], { cwd: projectFolder });

test("examples/codemod-map changes every file", async () => {
  const { exitCode, stdout, stderr } = await example("codemod-map");
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^20 names changed in 20 files\n\w+ Rename oldName in src\/part-19\.js\n/);
  expect(stdout).toMatch(/src\/part-19\.js:1\n$/);
});

test("examples/harness gives three prompts to an agent", async () => {
  const { exitCode, stdout, stderr } = await example("harness");
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  expect(stdout).toContain("guide: the large model writes guide/first.md\n");
  expect(stdout).toMatch(
    /guide landed\ntests landed\nreadme landed\nREADME\.md\nguide\/first\.md\ntest\/first\.test\.js\n$/,
  );
});
