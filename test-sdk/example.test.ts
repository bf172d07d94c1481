// examples/babysitter, started where the SDK is installed; and its process without Coppice.
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { EffectAction, EffectResult } from "../src/babysitter.js";
import { runProgram } from "../test/support/program.js";
import { createRepository } from "../test/support/repository.js";
import { sdk } from "./sdk.js";

const require = createRequire(import.meta.url);
const example = (name: string) => fileURLToPath(new URL(`../examples/babysitter/${name}`, import.meta.url));

test("examples/babysitter merges what four tasks change in one file", async () => {
  const { VITEST: _, ...env } = process.env;
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  const { exitCode, stdout, stderr } = await runProgram(process.execPath, [example("main.mjs")], { cwd, env });
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  expect(stdout).toBe(
    'completed ["ONE","TWO","THREE","FOUR"]\nshout four\nshout three\nshout two\nshout one\nfirst\nuncommitted: nothing\n',
  );
});

test("its process runs under the SDK's own runner too, one task after the other", async () => {
  const { createRun } = require("@a5c-ai/babysitter-sdk/dist/runtime/createRun");
  const { resolveEffect } = require("@a5c-ai/babysitter-sdk/dist/cli/commands/harnessPhase2") as {
    resolveEffect(action: EffectAction, harness: string, options: { workspace: string }): Promise<EffectResult>;
  };
  const { path: workspace } = await createRepository({ tree: { "list.txt": "one\n\ntwo\n" } });
  const { runDir } = (await createRun({
    runsDir: join(workspace, ".a5c/runs"),
    process: { processId: "example", importPath: example("process.mjs") },
    inputs: { words: ["one", "two"] },
  })) as { runDir: string };
  let iteration = await sdk.orchestrateIteration({ runDir });
  while (iteration.status === "waiting") {
    for (const action of iteration.nextActions) {
      const { effectId, invocationKey } = action;
      const { status, value, error } = await resolveEffect(action, "pi", { workspace });
      await sdk.commitEffectResult({ runDir, effectId, invocationKey, result: { status, value, error } });
    }
    iteration = await sdk.orchestrateIteration({ runDir });
  }
  expect(iteration).toMatchObject({ status: "completed", output: ["ONE", "TWO"] });
});
