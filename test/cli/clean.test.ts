// `coppice clean --older-than`: what people see of runs that go and of those that stay.
import { beforeAll, expect, test } from "vitest";
import { requireBuilt } from "../support/built.js";
import { coppiceRefs, expectSound } from "../support/manager.js";
import { addEarlier, age, everyRef, finishedRun } from "../support/old-run.js";
import { createRepository } from "../support/repository.js";
import { coppice, lastJson } from "./coppice.js";

beforeAll(requireBuilt, 120_000);

test("old runs go, runs with kept work stay, younger ones are counted", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  for (const runId of ["old-1", "old-2", "young"]) await finishedRun(repository, runId);
  for (const runId of ["old-1", "old-2"]) await age(repository, runId, 31);
  await addEarlier(repository, "old-1", 31);
  await repository.git("update-ref", "refs/coppice/old-2/effects/docs", "HEAD");
  const before = await everyRef(repository);
  const cwd = repository.path;

  const dry = await coppice(["clean", "--older-than", "30d", "--dry-run"], { cwd });
  expect(dry).toMatchObject({ exitCode: 0, stderr: "" });
  const lines = dry.stdout.split("\n");
  expect(lines[0]).toMatch(/^what +becomes +why$/);
  expect(lines[1]).toMatch(
    /^run old-1 +remove +its last record is of \d{4}-\d\d-\d\d, 1 ref, what the repository held before its changes$/,
  );
  expect(lines[2]).toMatch(/^run old-2 +left +it keeps the work of docs: land it or drop it \('coppice list'\)$/);
  expect(lines.slice(3)).toEqual(["1 younger run stays", ""]);
  expect(await everyRef(repository)).toBe(before);

  const ended = await coppice(["clean", "--older-than", "720h", "--json"], { cwd });
  expect(lastJson(ended)).toMatchObject({
    dryRun: false,
    removed: [],
    left: [],
    runs: {
      removed: [{ runId: "old-1" }],
      left: [
        { runId: "old-2", young: false },
        { runId: "young", young: true },
      ],
    },
  });
  expect(await coppiceRefs(repository)).toEqual([
    "refs/coppice/old-2/effects/docs",
    "refs/coppice/old-2/ledger",
    "refs/coppice/young/ledger",
  ]);
  await expectSound(repository);
});

test("an age of another form is wrong usage", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  for (const text of ["30", "d", "1.5h", "-3d", "30 d", "2w", ""]) {
    const ended = await coppice(["clean", `--older-than=${text}`], { cwd: repository.path });
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain("It must be a whole number of minutes, hours or days: 90m, 12h, 30d.");
  }
});
