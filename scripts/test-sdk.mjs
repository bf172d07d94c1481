// `npm run test:sdk [-- --long] [<vitest arguments>]`: whole runs of the orchestrator's SDK from the registry. The SDK (331 packages)
// is installed into test-sdk/ once, with scripts off. The short form is part of `npm test`; the long one kills 40 times and repeats
// the order of a run ten times. The figures at the end tell the SDK's own time apart from the whole.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { orExplain, prepare } from "./bootstrap/prepare.mjs";
import { say } from "./bootstrap/step.mjs";
import { projectFolder } from "./native-sources.mjs";

await orExplain(async () => {
  await prepare(["install", "native", "typescript", "sdk"]);
  const tsc = join(projectFolder, "node_modules/.bin/tsc");
  const unfit = await run(tsc, ["-p", "test-sdk/tsconfig.json"], projectFolder, process.env);
  if (unfit !== 0) say("coppice: the types of src/babysitter do not fit those of the SDK");
  const args = process.argv.slice(2);
  const long = args.includes("--long") ? { TEST_SDK_KILLS: "40", TEST_SDK_REPEATS: "10" } : {};
  const temporary = mkdtempSync(join(tmpdir(), "coppice-sdk-"));
  const figures = join(temporary, "figures");
  const vitest = ["run", "--config", "test-sdk/vitest.config.ts", ...args.filter((arg) => arg !== "--long")];
  const env = { ...process.env, ...long, TEST_SDK_FIGURES: figures };
  const failed = await run(join(projectFolder, "node_modules/.bin/vitest"), vitest, projectFolder, env);
  process.exitCode = unfit || failed;
  for (const line of existsSync(figures) ? readFileSync(figures, "utf8").trim().split("\n") : []) {
    const { name, totalMs, sdkMs } = JSON.parse(line);
    say(`coppice: ${name}: ${Math.round(totalMs)} ms, of which ${Math.round(sdkMs)} ms in the SDK's own calls`);
  }
  rmSync(temporary, { recursive: true, force: true });
});

function run(command, args, cwd, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "inherit", "inherit"] });
    child.on("error", reject);
    child.on("close", (exitCode) => resolve(exitCode ?? 1));
  });
}
