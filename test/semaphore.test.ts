import { expect, test } from "vitest";
import { Semaphore } from "../src/semaphore.js";

const { signal } = new AbortController();

/** Who has come in so far, in order. */
async function enterAll(semaphore: Semaphore, names: readonly string[]) {
  const inside: string[] = [];
  const leave: Record<string, () => void> = {};
  const entering = names.map(async (name) => {
    leave[name] = await semaphore.acquire(signal);
    inside.push(name);
  });
  await Promise.resolve();
  return { inside, leave, entering };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("lets in as many as the limit says, the others in the order they came", async () => {
  const semaphore = new Semaphore(2);
  const { inside, leave } = await enterAll(semaphore, ["a", "b", "c", "d"]);
  await turn();
  expect(inside).toEqual(["a", "b"]);
  leave.b?.();
  await turn();
  expect(inside).toEqual(["a", "b", "c"]);
  expect([semaphore.free, semaphore.waiting]).toEqual([0, 1]);
  leave.a?.();
  leave.c?.();
  await turn();
  expect(inside).toEqual(["a", "b", "c", "d"]);
  expect(semaphore.free).toBe(1);
});

test("counts a leave once", async () => {
  const semaphore = new Semaphore(1);
  const leave = await semaphore.acquire(signal);
  leave();
  leave();
  expect(semaphore.free).toBe(1);
  await semaphore.acquire(signal);
  expect(semaphore.free).toBe(0);
});

test("lets nobody overtake the one whose turn it is", async () => {
  const semaphore = new Semaphore(1);
  const leave = await semaphore.acquire(signal);
  const order: string[] = [];
  const first = semaphore.acquire(signal).then(() => order.push("first"));
  leave();
  const late = semaphore.acquire(signal).then((leaveLate) => {
    order.push("late");
    leaveLate();
  });
  await first;
  expect(order).toEqual(["first"]);
  expect(semaphore.free).toBe(0);
  void late;
});

test("forgets who gives up, and rejects with the reason", async () => {
  const semaphore = new Semaphore(1);
  const leave = await semaphore.acquire(signal);
  const abort = new AbortController();
  const givesUp = semaphore.acquire(abort.signal);
  const next = semaphore.acquire(signal);
  abort.abort("enough");
  await expect(givesUp).rejects.toBe("enough");
  leave();
  await next;
  expect(semaphore.free).toBe(0);
  await expect(semaphore.acquire(AbortSignal.abort("before"))).rejects.toBe("before");
});
