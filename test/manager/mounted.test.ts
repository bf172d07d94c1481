// A task that mounts something in its worktree: what lies behind the mount is never touched, the worktree is not used again, and goes
// once nothing is mounted in it.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { projectFolder, requireBuilt } from "../support/built.js";
import { expectSound } from "../support/manager.js";
import { runProgram } from "../support/program.js";
import { createRepository } from "../support/repository.js";

beforeAll(requireBuilt);

/** Starts a program whose mounts nobody else sees. */
const alone = ["--mount", ...(process.getuid?.() === 0 ? [] : ["--map-root-user"])];
const mounts =
  process.platform === "linux" && (await runProgram("unshare", [...alone, "true"], { cwd: "/" })).exitCode === 0;
if (!mounts) console.warn("mounted.test.ts: nothing can be mounted here, so this is not tested");

test.runIf(mounts)("what a task has mounted survives it, and its worktree goes when it is unmounted", async () => {
  const repository = await createRepository({ tree: { ".gitignore": "ignored/\n", "a.txt": "a\n" } });
  const folder = join(repository.path, "../precious");
  await mkdir(folder);
  await writeFile(join(folder, "thesis.txt"), "years of work\n");
  const program = join(projectFolder, "test/fixtures/programs/mounting.mjs");
  const args = [...alone, process.execPath, program, repository.path, folder];
  const { exitCode, stdout, stderr } = await runProgram("unshare", args, { cwd: projectFolder });
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  const point = `${repository.path}.worktrees/w01/ignored/data`;
  const whole = ["thesis.txt"];
  const stays = `something is mounted at ${point}: umount ${point}`;
  expect(JSON.parse(stdout)).toEqual({
    kinds: ["landed", "landed"],
    value: `${repository.path}.worktrees/w02`,
    warnings: [
      `WORKTREE_MOUNTED ${stays}. Then 'coppice clean' removes ${point.replace("/ignored/data", "")}; the worktree is not used again`,
    ],
    afterClose: { folder: whole, worktree: true },
    whileMounted: { folder: whole, worktree: true, recovery: [stays], clean: [stays] },
    removed: ["w01"],
    atLast: { folder: whole, worktree: false },
  });
  await expectSound(repository);
});
