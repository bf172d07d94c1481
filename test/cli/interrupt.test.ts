// Ctrl-C, sent by the effect's own command: so it comes at a known moment, and no test waits for time. And `clean`, which
// finds what a process that ended at once has left.
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { commandLine, requireBuilt } from "../support/built.js";
import { coppiceRefs, expectSound, linkedWorktrees } from "../support/manager.js";
import { createRepository, type TestRepository } from "../support/repository.js";
import { coppice, lastJson } from "./coppice.js";

beforeAll(requireBuilt, 120_000);

async function runScript(repository: TestRepository, script: string, ...args: string[]) {
  const plan = join(repository.path, "../plan.json");
  await writeFile(plan, JSON.stringify({ effects: [{ id: "edit", command: "sh", args: ["-c", script] }] }));
  return coppice(["run", plan, "--run-id", "run-1", ...args], { cwd: repository.path });
}

for (const signal of ["INT", "TERM"]) {
  test(`the first SIG${signal} ends the tasks and keeps their work`, async () => {
    const repository = await createRepository({ tree: { "a.txt": "a\n" } });
    const ended = await runScript(repository, `echo half > a.txt; kill -${signal} $PPID; exec sleep 600`, "--json");
    expect(ended).toMatchObject({ exitCode: 1, signal: null });
    expect(ended.stderr).toContain(`SIG${signal}: the tasks are asked to end, and their work is kept`);
    expect(lastJson(ended)).toMatchObject({ aborted: 1, kept: 1 });
    expect(await repository.git("show", "refs/coppice/run-1/effects/edit:a.txt")).toBe("half");
    expect(await readFile(join(repository.path, "a.txt"), "utf8")).toBe("a\n");
    await expectSound(repository);
  });
}

/** The task answers being asked to end with a second Ctrl-C. */
const twice = (before: string) =>
  `trap 'kill -INT $PPID; exit' TERM; ${before} kill -INT $PPID; while :; do sleep 0.05; done`;

test("the second SIGINT ends at once; work in the worktree is left alone by clean, and named", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const ended = await runScript(repository, twice("echo half > a.txt;"));
  expect(ended.signal).toBe("SIGINT");
  const [worktree] = await linkedWorktrees(repository);
  const cleaned = await coppice(["clean", "--json"], { cwd: repository.path });
  expect(cleaned.exitCode).toBe(0);
  expect(lastJson(cleaned)).toMatchObject({ removed: [], left: [{ name: "w01", effectId: "edit", path: worktree }] });
  expect((lastJson(cleaned) as { left: { why: string }[] }).left[0]?.why).toBe(
    "it holds 1 changed path, the first is a.txt",
  );
  expect(await readFile(join(worktree as string, "a.txt"), "utf8")).toBe("half\n");
});

test("clean removes what a dead process left and that holds no work", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  expect((await runScript(repository, twice(""))).signal).toBe("SIGINT");
  expect((await linkedWorktrees(repository)).length).toBe(1);
  const cleaned = await coppice(["clean"], { cwd: repository.path });
  expect(cleaned.stdout).toMatch(/^worktree w01 {2}removed {2}\//m);
  expect(existsSync(`${repository.path}.worktrees`)).toBe(false);
  expect((await coppice(["clean"], { cwd: repository.path })).stdout).toBe("nothing to clean\n");
  await expectSound(repository);
});

test("clean keeps a worktree whose commit no branch reaches", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  await runScript(repository, twice("git -c user.name=x -c user.email=x@y commit -q --allow-empty -m own;"));
  const cleaned = await coppice(["clean"], { cwd: repository.path });
  expect(cleaned.stdout).toMatch(/^worktree w01 {2}left {5}\/.*: its commit [0-9a-f]{12} is on no branch\n$/m);
});

test("clean leaves alone what a live process works in", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const script = `'${process.execPath}' '${commandLine}' clean --repo '${repository.path}' > a.txt`;
  expect((await runScript(repository, script)).exitCode).toBe(0);
  expect(await readFile(join(repository.path, "a.txt"), "utf8")).toMatch(
    /^worktree w01 {2}left {5}\/.*: a live process uses it\n$/m,
  );
  expect(await coppiceRefs(repository)).toEqual(["refs/coppice/run-1/ledger"]);
});
