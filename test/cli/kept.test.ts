// Kept work goes round: list shows it, land lands it once nothing is in its way, drop gives it up.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { requireBuilt } from "../support/built.js";
import { coppiceRefs, expectSound } from "../support/manager.js";
import { createRepository, type TestRepository } from "../support/repository.js";
import { coppice, lastJson } from "./coppice.js";

beforeAll(requireBuilt, 120_000);

/** An effect that would change the file which the user is editing: it is blocked, and kept as run-1/edit. */
async function repositoryWithBlockedEffect(): Promise<TestRepository> {
  const repository = await createRepository({ tree: { "a.txt": "a\n", "b.txt": "b\n" } });
  await repository.write({ "a.txt": "mine\n" });
  const args = ["map", "--items", "-", "--run-id", "run-1", "--json", "--", "sh", "-c", "echo theirs > {}"];
  const ended = await coppice(args, { cwd: repository.path, input: "a.txt\n" });
  expect(ended.exitCode).toBe(1);
  expect(lastJson(ended)).toMatchObject({ blocked: 1 });
  return repository;
}

async function list(repository: TestRepository): Promise<{ worktrees: unknown[]; kept: { effectId: string }[] }> {
  const ended = await coppice(["list", "--json"], { cwd: repository.path });
  expect(ended.exitCode).toBe(0);
  return lastJson(ended) as never;
}

test("list, land", async () => {
  const repository = await repositoryWithBlockedEffect();
  const [work] = (await list(repository)).kept;
  const name = `run-1/${work?.effectId}`;
  expect((await coppice(["list"], { cwd: repository.path })).stdout).toContain(`land  coppice land ${name}\n`);
  expect(await readFile(join(repository.path, "a.txt"), "utf8")).toBe("mine\n");

  const blocked = await coppice(["land", name], { cwd: repository.path });
  expect(blocked.exitCode).toBe(1);
  expect(blocked.stdout).toContain("a.txt has your own change (modified), which stays");
  expect(await readFile(join(repository.path, "a.txt"), "utf8")).toBe("mine\n");

  await repository.git("checkout", "--quiet", "a.txt");
  const landed = await coppice(["land", name, "--json", "-m", "After all"], { cwd: repository.path });
  expect(landed.exitCode).toBe(0);
  expect(lastJson(landed)).toMatchObject({ kind: "landed", effectId: work?.effectId });
  expect(await repository.git("log", "--format=%s")).toBe("After all\ninitial");
  expect(await readFile(join(repository.path, "a.txt"), "utf8")).toBe("theirs\n");
  expect(await list(repository)).toMatchObject({ worktrees: [], kept: [] });
  expect((await coppice(["land", name], { cwd: repository.path })).stderr).toContain("(ERR_KEPT_NOT_FOUND)");
  await expectSound(repository);
});

test("drop", async () => {
  const repository = await repositoryWithBlockedEffect();
  const name = `run-1/${(await list(repository)).kept[0]?.effectId}`;
  expect(await coppice(["drop", name], { cwd: repository.path })).toMatchObject({
    exitCode: 0,
    stdout: `dropped  ${name}\n`,
  });
  expect(await coppiceRefs(repository)).toEqual(["refs/coppice/run-1/ledger"]);
  expect(await coppice(["drop", name], { cwd: repository.path })).toMatchObject({ exitCode: 2 });
  expect((await coppice(["list"], { cwd: repository.path })).stdout).toMatch(/^Nothing of Coppice is in /);
});

test("list and drop work in a repository that no manager would open", async () => {
  const repository = await repositoryWithBlockedEffect();
  await repository.write({ ".git/MERGE_HEAD": `${await repository.oid("HEAD")}\n` });
  const name = `run-1/${(await list(repository)).kept[0]?.effectId}`;
  expect((await coppice(["land", name], { cwd: repository.path })).exitCode).toBe(2);
  expect((await coppice(["drop", name], { cwd: repository.path })).exitCode).toBe(0);
});

test("a worktree that holds what no commit can is listed, and goes with drop", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const plan = join(repository.path, "../plan.json");
  const effects = [{ id: "pipe", command: "sh", args: ["-c", "mkfifo pipe; echo b > a.txt"] }];
  await writeFile(plan, JSON.stringify({ effects }));
  const ended = await coppice(["run", plan, "--run-id", "run-1"], { cwd: repository.path });
  expect(ended.exitCode).toBe(0);
  expect(ended.stdout).toContain("pipe stays in the worktree: it is neither a file nor a link");
  expect(ended.stdout).toContain("drop  coppice drop run-1/pipe");
  expect((await list(repository)).worktrees).toMatchObject([{ state: "kept", effectId: "pipe", present: true }]);

  const cleaned = await coppice(["clean"], { cwd: repository.path });
  expect(cleaned.stdout).toMatch(/^worktree w01 {2}left {5}\/.*: kept effect pipe, run run-1: pipe: special-file\n$/m);
  expect((await coppice(["drop", "run-1/pipe"], { cwd: repository.path })).exitCode).toBe(0);
  expect(await list(repository)).toMatchObject({ worktrees: [], kept: [] });
  await expectSound(repository);
});

test("a name of another form is wrong usage", async () => {
  const repository = await createRepository({ tree: { a: "a\n" } });
  for (const name of ["only-one", "a/b/c", "/b"]) {
    const ended = await coppice(["drop", name], { cwd: repository.path });
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain("<runId>/<effectId>");
  }
});

test("list shows the labels of kept work, for people and as JSON", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const labels = { ticket: "T-17", "run.dir": "/x" };
  const edits = { id: "edit", labels, command: "sh", args: ["-c", "echo b > a.txt; exit 1"] };
  await writeFile(join(repository.path, ".git/plan.json"), JSON.stringify({ effects: [edits] }));
  const ended = await coppice(["run", ".git/plan.json", "--json"], { cwd: repository.path });
  expect(lastJson(ended)).toMatchObject({ outcomes: [{ kind: "failed", labels }] });
  expect(await list(repository)).toMatchObject({ kept: [{ effectId: "edit", labels }] });
  const { stdout } = await coppice(["list"], { cwd: repository.path });
  expect(stdout).toContain("  ticket=T-17  run.dir=/x\n");
});
