// examples/babysitter, started where the SDK is installed.
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runProgram } from "../test/support/program.js";

test("examples/babysitter merges what four tasks change in one file", async () => {
  const main = fileURLToPath(new URL("../examples/babysitter/main.mjs", import.meta.url));
  const { VITEST: _, ...env } = process.env;
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  const { exitCode, stdout, stderr } = await runProgram(process.execPath, [main], { cwd, env });
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  expect(stdout).toBe(
    'completed ["ONE","TWO","THREE","FOUR"]\nshout four\nshout three\nshout two\nshout one\nfirst\nuncommitted: nothing\n',
  );
});
