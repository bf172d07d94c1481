// Killed with SIGKILL at random points of its journal and driven again: the tree of an undisturbed run, every effect posted once and
// merged once. TEST_SDK_KILLS says how often (default 4, the long form 40); TEST_SDK_SEED repeats a series.
import { expect, test } from "vitest";
import { expectSound } from "../test/support/manager.js";
import {
  createRun,
  drive,
  type Edit,
  type Inputs,
  journal,
  journalHas,
  type Run,
  recoverAll,
  start,
  tree,
} from "./run.js";

const kills = Number(process.env.TEST_SDK_KILLS ?? 4);
const seed = Number(process.env.TEST_SDK_SEED ?? Math.floor(Math.random() * 1e9));
const edits: Edit[] = [
  ...Array.from({ length: 6 }, (_, index) => ({
    label: `own ${index}`,
    edit: { path: `out/${index}.txt`, text: `${index}\n` },
  })),
  ...Array.from({ length: 4 }, (_, index) => ({
    label: `shared ${index}`,
    edit: { path: "shared.txt", line: index * 10, text: `changed ${index}` },
  })),
  ...["first", "second"].map((text) => ({ label: text, edit: { path: "conflict.txt", line: 3, text } })),
  ...["once", "again"].map((text) => ({
    label: text,
    edit: { path: "conflict-rerun.txt", line: 3, text },
    onConflict: "rerun",
  })),
];
const inputs: Inputs = { edits };

/** A small generator of numbers from 0 to 1, the same for the same seed. */
function numbers(from: number): () => number {
  let state = from >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

async function expectOnce(run: Run): Promise<void> {
  const events = await journal(run);
  for (const type of ["EFFECT_REQUESTED", "EFFECT_RESOLVED", "WORKTREE_LANDED", "WORKTREE_CONFLICTED"]) {
    const ids = events.filter((event) => event.type === type).map(({ data }) => data.effectId);
    expect(new Set(ids).size, type).toBe(ids.length);
  }
  expect(events.filter(({ type }) => type === "EFFECT_RESOLVED")).toHaveLength(edits.length + 2);
  expect(events.filter(({ type }) => type === "RUN_COMPLETED")).toHaveLength(1);
  // One commit for each effect that landed, and for none two.
  const trailers = await run.repository.git("log", "--format=%(trailers:key=Effect-Id,valueonly)", "HEAD");
  const landed = trailers.split("\n").filter((line) => line !== "");
  expect(new Set(landed).size).toBe(landed.length);
  expect(landed).toHaveLength(edits.length + 1);
}

test(`a run that is killed ${kills} times ends as one that is not (seed ${seed})`, { timeout: 1_800_000 }, async () => {
  const undisturbed = await createRun(inputs);
  const expected = await drive(undisturbed);
  expect(expected.status).toBe("completed");
  const files = (await journal(undisturbed)).length;
  await expectOnce(undisturbed);
  const random = numbers(seed);
  let killed = 0;
  while (killed < kills) {
    const run = await createRun(inputs);
    // Up to three deaths in one run.
    const points = Array.from({ length: 1 + Math.floor(random() * 3) }, () => 1 + Math.floor(random() * files)).sort(
      (a, b) => a - b,
    );
    for (const point of points.slice(0, kills - killed)) {
      const { child, ended } = start(run);
      await journalHas(run, point, ended);
      const pause = random() * 60;
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, pause))]);
      child.kill("SIGKILL");
      await ended.catch(() => {});
      killed++;
    }
    const ended = await drive(run);
    expect(ended).toMatchObject({ status: "completed", output: expected.output });
    expect(await tree(run)).toBe(await tree(undisturbed));
    await expectOnce(run);
    expect(await run.repository.git("status", "--porcelain")).toBe("");
    await recoverAll(run);
    await expectSound(run.repository);
  }
});
