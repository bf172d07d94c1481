// How long an operation of the user's is waited for: the pauses are the test's.
import { expect, test } from "vitest";
import { Patience } from "../../src/merge/patience.js";

function counted() {
  const pauses: number[] = [];
  return { pauses, patience: new Patience(async (ms) => pauses.push(ms)) };
}

async function exhaust(patience: Patience): Promise<void> {
  while (await patience.wait());
}

test("it waits ever longer, two seconds in all, and then not at all", async () => {
  const { pauses, patience } = counted();
  await exhaust(patience);
  expect(pauses.slice(0, 4)).toEqual([5, 10, 20, 40]);
  expect(pauses.reduce((sum, ms) => sum + ms, 0)).toBe(2_000);
  const before = pauses.length;
  expect(await patience.wait()).toBe(false);
  expect(pauses).toHaveLength(before);
});

test("when it was over once, the next one is waited for again", async () => {
  const { pauses, patience } = counted();
  await exhaust(patience);
  patience.renew();
  pauses.length = 0;
  await exhaust(patience);
  expect(pauses[0]).toBe(5);
  expect(pauses.reduce((sum, ms) => sum + ms, 0)).toBe(2_000);
});
