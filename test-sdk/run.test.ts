// Whole runs of the real SDK: what its parallel code tasks changed is in the main working tree when the run has ended.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { coppiceRefs, expectSound } from "../test/support/manager.js";
import { createRun, drive, type Edit, type Inputs, journal, saveFigures } from "./run.js";

const own = (index: number): Edit => ({
  label: `own ${index}`,
  edit: { path: `out/${index}.txt`, text: `${index}\n` },
});
const shared = (index: number): Edit => ({
  label: `shared ${index}`,
  edit: { path: "shared.txt", line: index * 10, text: `changed ${index}` },
});
const pair = (policy: string): Edit[] =>
  ["first", "second"].map((text) => ({
    label: `${policy} ${text}`,
    edit: { path: `conflict-${policy}.txt`, line: 5, text },
    ...(policy === "keep" ? {} : { onConflict: policy }),
  }));

test("parallel.all of 24 code tasks with overlapping edits, then dependents, breakpoint, sleep and orchestrator task", async () => {
  const edits = Array.from({ length: 24 }, (_, index) => (index % 2 === 0 ? own(index) : shared(index)));
  const run = await createRun({ edits, others: true });
  const ended = await drive(run);
  expect(ended.error).toBeNull();
  expect(ended).toMatchObject({
    status: "completed",
    output: { edited: edits.map(({ edit: { path } }) => ({ path })) },
  });
  expect(ended.output.answers).toEqual([{ approved: true }, { looked: true }, null]);
  const lines = (await readFile(join(run.repository.path, "shared.txt"), "utf8")).split("\n");
  for (let index = 1; index < 24; index += 2) expect(lines[index * 10]).toBe(`changed ${index}`);
  // The dependents saw what the batch had made: 12 files.
  expect((await readFile(join(run.repository.path, "last.txt"), "utf8")).trim()).toBe("12");
  const events = await journal(run);
  const worktrees = new Set(events.filter(({ type }) => type === "WORKTREE_LEASED").map(({ data }) => data.effectId));
  const kinds = events
    .filter(({ type, data }) => type === "EFFECT_REQUESTED" && !worktrees.has(data.effectId))
    .map(({ data }) => data.kind);
  expect(kinds).toEqual(["breakpoint", "orchestrator_task", "sleep"]);
  expect(worktrees.size).toBe(26);
  expect(await run.repository.git("status", "--porcelain")).toBe("");
  await expectSound(run.repository);
  await saveFigures("parallel.all of 24", ended.timings);
});

test("a conflict for each policy, and an effect that fails while siblings are pending", async () => {
  const policies = ["keep", "ours", "theirs", "union", "rerun", "resolver"];
  const fails: Edit = { label: "fails", edit: { path: "half.txt", text: "half\n", fail: true } };
  const inputs: Inputs = { edits: [fails, ...policies.flatMap(pair), own(1)] };
  const run = await createRun(inputs);
  const ended = await drive(run);
  expect(ended.status).toBe("completed");
  expect(ended.output.edited.map(({ error }) => error ?? "ok")).toEqual([
    "ERR_COMMAND_FAILED",
    "ok",
    "WorktreeConflictError",
    ...Array.from({ length: 11 }, () => "ok"),
  ]);
  const line = async (policy: string) =>
    (await readFile(join(run.repository.path, `conflict-${policy}.txt`), "utf8")).split("\n").slice(5, 7);
  expect(await line("keep")).toEqual(["first", "line 6"]);
  expect(await line("ours")).toEqual(["first", "line 6"]);
  expect(await line("theirs")).toEqual(["second", "line 6"]);
  expect(await line("union")).toEqual(["first", "second"]);
  expect(await line("rerun")).toEqual(["second", "line 6"]);
  expect(await line("resolver")).toEqual(["first and second", "line 6"]);
  const kept = (await coppiceRefs(run.repository)).filter((ref) => ref.includes("/effects/"));
  expect(kept).toHaveLength(2);
  await expectSound(run.repository);
});

test("an error that the process does not catch fails the run, and every lease has settled", async () => {
  const fails: Edit = { label: "fails", edit: { path: "half.txt", text: "half\n", fail: true } };
  const run = await createRun({ edits: [own(0), fails, own(1)], strict: true });
  const ended = await drive(run);
  expect(ended).toMatchObject({
    status: "failed",
    error: { name: "ERR_COMMAND_FAILED" },
    kinds: ["landed", "failed", "landed"],
  });
  const types = (await journal(run)).map(({ type }) => type);
  expect(types.filter((type) => type === "WORKTREE_LEASED")).toHaveLength(3);
  expect(types.filter((type) => type === "WORKTREE_LANDED" || type === "WORKTREE_KEPT")).toHaveLength(3);
  await expectSound(run.repository);
});

test("parallel.map of 100 code tasks", async () => {
  const run = await createRun({ edits: Array.from({ length: 100 }, (_, index) => own(index)), map: true });
  const ended = await drive(run);
  expect(ended.status).toBe("completed");
  expect(ended.kinds).toEqual(Array.from({ length: 102 }, () => "landed"));
  expect((await readFile(join(run.repository.path, "last.txt"), "utf8")).trim()).toBe("100");
  await saveFigures("parallel.map of 100", ended.timings);
});
