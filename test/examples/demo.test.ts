// The demo, as `npm run demo -- --repo <path> --json` starts it once the project is set up. It checks itself what it shows: here
// is looked at its figures, and at the repository that it was given.
import { execFile } from "node:child_process";
import { mkdir, readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { generateRepository } from "../../scripts/generate-repository.mjs";
import { projectFolder, requireBuilt } from "../support/built.js";
import { git } from "../support/git.js";
import { type Ended, runProgram } from "../support/program.js";
import { temporaryFolder } from "../support/repository.js";

/** Large enough that no generated repository follows. */
const files = 2_100;
/** Four worktrees of them, on a machine that may be busy: against hanging, not an expectation. */
const timeoutMs = 300_000;
let repository: string;

beforeAll(async () => {
  await requireBuilt();
  repository = join(await temporaryFolder("demo"), "given");
  await generateRepository(repository, { files, meanBytes: 1_000 });
}, timeoutMs);

async function demo(env: NodeJS.ProcessEnv): Promise<Ended> {
  const args = [join(projectFolder, "examples/demo/main.mjs"), "--repo", repository, "--json"];
  return runProgram(process.execPath, args, { cwd: projectFolder, env });
}

function figures({ stdout }: Ended): Record<string, unknown> {
  return JSON.parse(stdout) as Record<string, unknown>;
}

const expected = { effects: 29, landed: 23, unchanged: 3, conflicted: 1, blocked: 1, failed: 1, aborted: 0, kept: 3 };

test(
  "the demo shows what it promises, and leaves the given repository and the temporary folder as they were",
  async () => {
    const before = [await git(repository, ["rev-parse", "HEAD"]), await git(repository, ["for-each-ref"])];
    const temporary = await temporaryFolder("temporary");
    const ended = await demo({ ...process.env, TMPDIR: temporary });
    expect(ended.stderr).not.toContain("Not as expected");
    expect(ended.exitCode).toBe(0);
    expect(figures(ended)).toMatchObject({ ...expected, fsck: "ok" });
    expect(figures(ended).managerCpuMsPerEffect).toBeGreaterThan(0);
    expect(ended.stderr).toMatch(/your \S+: sha256 (\w{12}) before, \1 after, untouched/);
    expect(ended.stderr).toMatch(
      /<<<<<<< demo\n.*the first opinion\n[\s\S]*=======\n.*the second opinion\n[\s\S]*>>>>>>> second-opinion/,
    );
    expect(await readdir(temporary)).toEqual([]);
    expect([await git(repository, ["rev-parse", "HEAD"]), await git(repository, ["for-each-ref"])]).toEqual(before);
    expect(await git(repository, ["status", "--porcelain"])).toBe("");
  },
  timeoutMs,
);

test(
  "the demo works where git is missing, and says what it could not look at",
  async () => {
    const programs = join(await temporaryFolder("programs"), "bin");
    await mkdir(programs);
    for (const name of ["sh", "ls", "tr", "mv"]) {
      const { stdout } = await promisify(execFile)("sh", ["-c", `command -v ${name}`]);
      await symlink(stdout.trim(), join(programs, name));
    }
    const ended = await demo({ ...process.env, PATH: programs });
    expect(ended.stderr).not.toContain("Not as expected");
    expect(ended.exitCode).toBe(0);
    expect(figures(ended)).toMatchObject({ ...expected, fsck: "skipped: git is not there" });
  },
  timeoutMs,
);

test("a repository that is refused is told in one line", async () => {
  const args = [join(projectFolder, "examples/demo/main.mjs"), "--repo", await temporaryFolder("empty")];
  const ended = await runProgram(process.execPath, args, { cwd: projectFolder });
  expect(ended.exitCode).toBe(2);
  expect(ended.stderr).toMatch(/^demo: .*\n$/);
});
