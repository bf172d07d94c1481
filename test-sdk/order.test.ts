// Whatever the tasks' timing: the same tree, the same commits, the same order of invocation keys. TEST_SDK_REPEATS says how often.
import { expect, test } from "vitest";
import { createRun, drive, type Edit, journal, tree } from "./run.js";

const repeats = Number(process.env.TEST_SDK_REPEATS ?? 3);
const edits: Edit[] = Array.from({ length: 12 }, (_, index) => ({
  label: `edit ${index}`,
  edit:
    index % 3 === 0
      ? { path: "conflict.txt", line: 3, text: `by ${index}` }
      : { path: "shared.txt", line: index * 10, text: `${index}` },
  ...(index % 3 === 0 ? { onConflict: index % 2 === 0 ? "theirs" : "keep" } : {}),
}));

test(`${repeats} runs with random delays are one run`, { timeout: 900_000 }, async () => {
  const seen = new Set<string>();
  for (let repeat = 0; repeat < repeats; repeat++) {
    const run = await createRun({ edits, deterministic: true });
    const ended = await drive(run, { DETERMINISTIC: "1", EDIT_DELAY_MS: "150" });
    const events = await journal(run);
    const keys = (type: string) => events.filter((event) => event.type === type).map(({ data }) => data.effectId);
    const invocations = events.flatMap(({ data }) => (data.invocationKey === undefined ? [] : [data.invocationKey]));
    const commits = await run.repository.git("log", "--format=%H");
    seen.add(JSON.stringify([ended.output, await tree(run), commits, invocations, keys("EFFECT_RESOLVED")]));
  }
  expect([...seen]).toHaveLength(1);
});
