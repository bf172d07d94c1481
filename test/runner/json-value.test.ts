import fc from "fast-check";
import { expect, test } from "vitest";
import { fromJsonText, toJsonText } from "../../src/runner/json-value.js";

const limit = 1 << 20;
const roundTrip = (value: unknown) => fromJsonText(toJsonText(value, limit, "value"));

// -0 is a number of its own for toEqual, but not for JSON.
expect.addEqualityTesters([(a, b) => (typeof a === "number" && typeof b === "number" ? a === b : undefined)]);

test("whatever JSON can say comes back the same", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(roundTrip(value)).toEqual(value);
    }),
  );
});

test("either a value comes back equal, or it is refused", () => {
  const anything = fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withObjectString: true,
    withSparseArray: true,
    withTypedArray: true,
  });
  fc.assert(
    fc.property(anything, (value) => {
      let result: unknown;
      try {
        result = roundTrip(value);
      } catch (error) {
        expect(error).toMatchObject({ code: "ERR_TASK_VALUE" });
        return;
      }
      expect(result).toEqual(value);
    }),
    { numRuns: 2_000 },
  );
});

test("the same object may stand in two places", () => {
  const shared = { a: 1 };
  expect(roundTrip([shared, { shared }])).toEqual([{ a: 1 }, { shared: { a: 1 } }]);
});

test.each([
  [{ list: [{ ok: 1 }, { "not-ok": () => 1 }] }, 'value.list[1]["not-ok"] is not JSON: [Function'],
  [new (class Point {})(), "value is not JSON: Point {}"],
  [Symbol("s"), "value is not JSON: Symbol(s)"],
  [[Number.POSITIVE_INFINITY], "value[0] is not JSON: Infinity"],
  [new Error("text"), "value is not JSON: "],
])("says where it is not JSON: %#", (value, message) => {
  expect(() => roundTrip(value)).toThrow(message as string);
});

test("refuses what throws while it is read, and what is nested too deeply", () => {
  const throws = {
    get secret() {
      throw new Error("not for you");
    },
  };
  expect(() => roundTrip(throws)).toThrow("value cannot be written as JSON: Error: not for you");
  let deep: unknown[] = [];
  for (let level = 0; level < 100_000; level++) deep = [deep];
  expect(() => roundTrip(deep)).toThrow("value cannot be written as JSON: RangeError");
});

test("counts bytes, not characters", () => {
  expect(toJsonText("ää", 6, "value")).toBe('"ää"');
  expect(() => toJsonText("ää", 5, "value")).toThrow(
    "value takes 6 bytes as JSON, more than the 5 of limits.valueBytes",
  );
});
