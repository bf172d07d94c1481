// When the pool makes one more worktree: the rule alone, with made-up times.
import { expect, test } from "vitest";
import { Growth, type Hold, type HoldKind } from "../../src/worktree/growth.js";

const holds = (count: number, kind: HoldKind, ageMs = 0): Hold[] =>
  Array.from({ length: count }, () => ({ kind, ageMs }));

/** A pool that has learned what making takes and how long functions hold. */
function learned(makingMs: number, heldMs: number): Growth {
  const growth = new Growth(64);
  growth.made(makingMs);
  growth.held("function", { taskMs: heldMs / 2, ownMs: heldMs / 2 });
  return growth;
}

test("nobody waits: none is made; the first one always is", () => {
  expect(new Growth(64).making([], 0)).toBe(false);
  expect(new Growth(64).making([], 1)).toBe(true);
  expect(learned(1000, 1).making(holds(1, "function"), 0)).toBe(false);
});

test("one more pays when the last in the queue starts sooner although all wait for it", () => {
  const growth = learned(700, 10);
  // 140 rounds with one, 70 with two: 71 rounds are saved while making takes 70.
  expect(growth.making(holds(1, "function"), 140)).toBe(true);
  expect(growth.making(holds(1, "function"), 138)).toBe(false);
  // Two share the queue already, and a third saves a third.
  expect(growth.making(holds(2, "function"), 140)).toBe(false);
  expect(growth.making(holds(2, "function"), 6 * 70)).toBe(true);
});

test("moving an idle one is tried once, and then has its own price", () => {
  const growth = learned(700, 10);
  expect(growth.moving(holds(7, "function"), 1)).toBe(true);
  growth.moved(50);
  expect(growth.moving([], 1)).toBe(true);
  expect(growth.moving(holds(1, "function"), 20)).toBe(true);
  expect(growth.moving(holds(1, "function"), 4)).toBe(false);
  expect(growth.moving(holds(4, "function"), 20)).toBe(false);
});

test("a task that nothing is known about counts as held as long again as it has been", () => {
  const growth = new Growth(64);
  growth.made(700);
  expect(growth.making(holds(1, "module", 699), 1)).toBe(false);
  expect(growth.making(holds(1, "module", 701), 1)).toBe(true);
});

test("a task that holds longer than its like did is believed", () => {
  const growth = learned(700, 10);
  expect(growth.making(holds(1, "function", 706), 1)).toBe(true);
});

test("with a worktree for each core only what tasks wait for is saved", () => {
  const growth = new Growth(2);
  growth.made(700);
  growth.held("function", { taskMs: 1, ownMs: 19 });
  growth.held("module", { taskMs: 100, ownMs: 19 });
  expect(growth.making(holds(1, "function"), 99)).toBe(true);
  expect(growth.making(holds(2, "function"), 98)).toBe(false);
  expect(growth.making(holds(2, "module"), 98)).toBe(true);
});

test("a caller's own lease tells nothing about the next one", () => {
  const growth = new Growth(2);
  growth.made(700);
  growth.held("driven", { taskMs: 1, ownMs: 1 });
  expect(growth.making(holds(1, "driven"), 1)).toBe(true);
});

test("programs and the caller's own leases are not waited for before anything is known", () => {
  const growth = new Growth(64);
  growth.made(60_000);
  expect(growth.making(holds(1, "driven"), 1)).toBe(true);
  expect(growth.making(holds(7, "command"), 1)).toBe(true);
  growth.held("command", { taskMs: 50, ownMs: 0 });
  expect(growth.making(holds(7, "command"), 1)).toBe(false);
});

test("what was measured last counts most", () => {
  const growth = learned(1000, 10);
  growth.made(100);
  growth.made(100);
  growth.made(100);
  expect(growth.makingMs).toBeLessThan(250);
  expect(growth.makingMs).toBeGreaterThan(100);
});
