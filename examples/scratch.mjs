// A small repository in the temporary folder, for the examples: they show what they do on something that may be thrown away.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** `files`: text by path. `git(...)` gives what git prints. */
export function scratchRepository(files) {
  const folder = mkdtempSync(join(tmpdir(), "coppice-example-"));
  const path = join(folder, "project");
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  const git = (...args) => execFileSync("git", ["-C", path, ...args], { encoding: "utf8" }).trim();
  git("init", "--quiet", "--initial-branch=main");
  git("add", "--all");
  git("-c", "user.name=Example", "-c", "user.email=example@localhost", "commit", "--quiet", "--message=first");
  return { path, git, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
