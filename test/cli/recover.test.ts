// `coppice recover`, and what a manager says that recovers when it opens.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { requireBuilt } from "../support/built.js";
import { startDying } from "../support/dying.js";
import { coppiceRefs, expectSound, linkedWorktrees } from "../support/manager.js";
import { createRepository, type TestRepository } from "../support/repository.js";
import { coppice, lastJson } from "./coppice.js";

beforeAll(requireBuilt, 120_000);

async function deadRepository(): Promise<TestRepository> {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const effects = [{ id: "edit", script: "echo half > a.txt" }];
  const dieAt = { method: "snapshot", nth: 1 };
  await startDying(repository, { act: "run", effects, options: { runId: "run-1" }, dieAt }).gone;
  return repository;
}

test("a dry run shows what would be done, and does nothing", async () => {
  const repository = await deadRepository();
  const [path] = await linkedWorktrees(repository);
  const refs = await coppiceRefs(repository);
  for (let time = 0; time < 2; time++) {
    const ended = await coppice(["recover", "--dry-run"], { cwd: repository.path });
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(ended.stdout.split("\n")).toEqual([
      "what          becomes  how",
      "run-1/edit    keep     1 file, from worktree w01",
      `worktree w01  remove   ${path}`,
      "",
    ]);
  }
  expect(await linkedWorktrees(repository)).toEqual([path]);
  expect(await coppiceRefs(repository)).toEqual(refs);
});

test("recover says what it kept, and what to type; what it says to type works", async () => {
  const repository = await deadRepository();
  const ended = await coppice(["recover"], { cwd: repository.path });
  expect(ended.exitCode).toBe(0);
  expect(ended.stdout).toMatch(/^run-1\/edit +kept +1 file, from worktree w01$/m);
  expect(ended.stdout).toContain("  land  coppice land run-1/edit\n  drop  coppice drop run-1/edit\n");
  expect((await coppice(["recover"], { cwd: repository.path })).stdout).toBe("nothing to recover\n");
  const [look] = /git diff .*/.exec(ended.stdout) ?? [];
  expect(await repository.git(...(look as string).split(" ").slice(1))).toContain("+half");
  expect((await coppice(["land", "run-1/edit"], { cwd: repository.path })).exitCode).toBe(0);
  expect(await repository.git("show", "HEAD:a.txt")).toBe("half");
  await expectSound(repository);
});

test("one JSON object", async () => {
  const repository = await deadRepository();
  const dry = lastJson(await coppice(["recover", "--dry-run", "--json"], { cwd: repository.path }));
  expect(dry).toMatchObject({ dryRun: true, kept: [{ effectId: "edit", snapshotOid: null }] });
  const done = lastJson(await coppice(["recover", "--json"], { cwd: repository.path }));
  const snapshotOid = await repository.oid("refs/coppice/run-1/effects/edit");
  expect(done).toMatchObject({ dryRun: false, kept: [{ effectId: "edit", snapshotOid }], left: [] });
});

test("a run that recovers when it opens says so", async () => {
  const repository = await deadRepository();
  const plan = join(repository.path, "../plan.json");
  await writeFile(plan, JSON.stringify({ effects: [{ id: "next", command: "sh", args: ["-c", "echo b > b.txt"] }] }));
  const ended = await coppice(["run", plan], { cwd: repository.path });
  expect(ended.exitCode).toBe(0);
  expect(ended.stderr).toContain("recovered  1 effect kept, 1 worktree removed; 'coppice list' shows what there is\n");
  await expectSound(repository);
});
