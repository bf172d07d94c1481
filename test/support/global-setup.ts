// Once per vitest run: a temporary folder that holds everything the tests write, with an empty home in it.
// The workers inherit the environment. What a crashed test left behind goes with the folder.
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { enterGitEnvironment } from "./git-environment.js";

export function setup(): () => void {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "coppice-test-"));
  const home = join(folder, "home");
  mkdirSync(home);
  enterGitEnvironment(home);
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
