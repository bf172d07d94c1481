// A driver with a dispatch of its own, over the real SDK: with its two functions wrapped, its code tasks work in worktrees, and a death
// at any point neither merges nor posts twice.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { coppiceRefs, expectSound } from "../test/support/manager.js";
import { createRun, drive, type Edit, type Inputs, journal, type Run, recoverAll, start, tree } from "./run.js";

const driver = "own-dispatch.mjs";
const own = (index: number): Edit => ({
  label: `own ${index}`,
  edit: { path: `out/${index}.txt`, text: `${index}\n` },
});
const shared = (index: number): Edit => ({
  label: `shared ${index}`,
  edit: { path: "shared.txt", line: index * 10, text: `changed ${index}` },
});
const edits = [...[0, 1, 2, 3].map(own), ...[4, 5, 6, 7].map(shared)];

async function expectOnce(run: Run, effects: number): Promise<void> {
  const events = await journal(run);
  const ids = (type: string) => events.filter((event) => event.type === type).map(({ data }) => data.effectId);
  for (const type of ["EFFECT_REQUESTED", "EFFECT_RESOLVED", "WORKTREE_LANDED", "WORKTREE_KEPT"])
    expect(new Set(ids(type)).size, type).toBe(ids(type).length);
  expect(ids("EFFECT_RESOLVED")).toHaveLength(effects);
  const trailers = await run.repository.git("log", "--format=%(trailers:key=Effect-Id,valueonly)", "HEAD");
  const landed = trailers.split("\n").filter((line) => line !== "");
  expect([...landed].sort()).toEqual([...new Set(ids("WORKTREE_LANDED"))].sort());
  expect(new Set(landed).size).toBe(landed.length);
}

test("the tree and the output are those of driveRun; other kinds go to the driver's function as they are", async () => {
  const inputs: Inputs = { edits, others: true };
  const [driven, wrapped] = [await createRun(inputs), await createRun(inputs)];
  const expected = await drive(driven);
  const ended = await drive(wrapped, {}, driver);
  expect(ended).toMatchObject({ status: "completed", output: expected.output });
  expect(await tree(wrapped)).toBe(await tree(driven));
  expect(ended.kinds.filter((kind) => kind !== "landed")).toEqual(["breakpoint", "orchestrator_task", "sleep"]);
  await expectOnce(wrapped, edits.length + 5);
  const posted = (await journal(wrapped)).filter(({ type }) => type === "WORKTREE_LANDED");
  expect(posted).toHaveLength(edits.length + 2);
  expect(await wrapped.repository.git("status", "--porcelain")).toBe("");
  await expectSound(wrapped.repository);
});

test("what the driver's function fails at is an error of the process, with the work kept, and siblings land", async () => {
  const fails: Edit = { label: "fails", edit: { path: "half.txt", text: "half\n", fail: true } };
  const run = await createRun({ edits: [own(0), fails, own(1)] });
  const ended = await drive(run, {}, driver);
  expect(ended.status).toBe("completed");
  expect(ended.output.edited.map(({ error }) => error ?? "ok")).toEqual(["ok", "ERR_TASK_FAILED", "ok"]);
  const [kept] = (await coppiceRefs(run.repository)).filter((ref) => ref.includes("/effects/"));
  expect(await run.repository.git("show", `${kept}:half.txt`)).toBe("half");
  await expectOnce(run, 5);
  await expectSound(run.repository);
});

test.each(["resolve:1", "resolve:5", "commit:1", "commit:3", `commit:${edits.length + 1}`])(
  "killed at %s and started again: the tree of an undisturbed run, each effect merged once and posted once",
  async (DIE) => {
    const run = await createRun({ edits });
    expect(await start(run, { DIE }, driver).ended).toBeNull();
    const ended = await drive(run, {}, driver);
    expect(ended.status).toBe("completed");
    expect(ended.output.edited).toEqual(edits.map(({ edit: { path } }) => ({ path })));
    for (const { edit } of edits) {
      const text = await readFile(join(run.repository.path, edit.path), "utf8");
      expect(edit.line === undefined ? text : text.split("\n")[edit.line]).toBe(edit.text);
    }
    await expectOnce(run, edits.length + 2);
    expect(await run.repository.git("status", "--porcelain")).toBe("");
    await recoverAll(run);
    await expectSound(run.repository);
  },
);
