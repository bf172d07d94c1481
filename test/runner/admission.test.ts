import { expect, test } from "vitest";
import { Admission } from "../../src/runner/admission.js";

const { signal } = new AbortController();

/** Who has come in so far, in order. */
async function enterAll(admission: Admission, names: readonly string[]) {
  const inside: string[] = [];
  const leave: Record<string, () => void> = {};
  const entering = names.map(async (name) => {
    leave[name] = await admission.enter(signal);
    inside.push(name);
  });
  await Promise.resolve();
  return { inside, leave, entering };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("lets in as many as the limit says, the others in the order they came", async () => {
  const admission = new Admission(2);
  const { inside, leave } = await enterAll(admission, ["a", "b", "c", "d"]);
  await turn();
  expect(inside).toEqual(["a", "b"]);
  leave.b?.();
  await turn();
  expect(inside).toEqual(["a", "b", "c"]);
  expect(admission.admitted).toBe(2);
  leave.a?.();
  leave.c?.();
  await turn();
  expect(inside).toEqual(["a", "b", "c", "d"]);
  expect(admission.admitted).toBe(1);
});

test("counts a leave once", async () => {
  const admission = new Admission(1);
  const leave = await admission.enter(signal);
  leave();
  leave();
  expect(admission.admitted).toBe(0);
  await admission.enter(signal);
  expect(admission.admitted).toBe(1);
});

test("lets nobody overtake the one whose turn it is", async () => {
  const admission = new Admission(1);
  const leave = await admission.enter(signal);
  const order: string[] = [];
  const first = admission.enter(signal).then(() => order.push("first"));
  leave();
  const late = admission.enter(signal).then((leaveLate) => {
    order.push("late");
    leaveLate();
  });
  await first;
  expect(order).toEqual(["first"]);
  expect(admission.admitted).toBe(1);
  void late;
});

test("forgets who gives up, and rejects with the reason", async () => {
  const admission = new Admission(1);
  const leave = await admission.enter(signal);
  const abort = new AbortController();
  const givesUp = admission.enter(abort.signal);
  const next = admission.enter(signal);
  abort.abort("enough");
  await expect(givesUp).rejects.toBe("enough");
  leave();
  await next;
  expect(admission.admitted).toBe(1);
  await expect(admission.enter(AbortSignal.abort("before"))).rejects.toBe("before");
});
