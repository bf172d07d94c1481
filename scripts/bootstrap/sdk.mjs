// The orchestrator's SDK, into test-sdk/: 331 packages that nothing but its tests and its example needs, so it is no dependency.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../native-sources.mjs";
import { lastLines, run, SetupError, timed } from "./step.mjs";

const folder = join(projectFolder, "test-sdk");

export async function installSdk() {
  if (existsSync(join(folder, "node_modules/@a5c-ai/babysitter-sdk/package.json"))) return;
  const install = () => run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder });
  const { exitCode, output } = await timed("installing the SDK into test-sdk (once)", install);
  if (exitCode === 0) return;
  throw new SetupError(
    "The SDK could not be installed.",
    "Run `npm ci --ignore-scripts` in test-sdk: it says why.",
    lastLines(output, 6),
  );
}
