import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type CoppiceError, errorTable, isCoppiceError } from "../../src/errors.js";
import { captureCaller, codeOfFailure, convertError } from "../../src/git/convert-error.js";

const nativeFailure = (properties: object) =>
  Object.assign(new Error("the file is gone"), {
    ...{ code: "SYSTEM", number: 0, class: 0, operation: "readFile", path: "" },
    ...properties,
  });

function converted(error: unknown): CoppiceError {
  const result = convertError(error, captureCaller(converted));
  if (!isCoppiceError(result)) throw result;
  return result;
}

test("the native words and the table are equal in both directions", () => {
  const header = readFileSync(new URL("../../native/git/failure.h", import.meta.url), "utf8");
  const words = [...header.matchAll(/constexpr const char\* k\w+ = "(\w+)";/g)].map(([, word]) => word);
  expect(words.length).toBeGreaterThan(10);
  expect(Object.keys(codeOfFailure)).toEqual(words);
});

test("each word becomes its code, with the remedy in the message", () => {
  for (const [word, code] of Object.entries(codeOfFailure)) {
    const error = converted(nativeFailure({ code: word }));
    expect(error.code).toBe(code);
    expect(error.message).toBe(`readFile: the file is gone. ${errorTable[code].remedy}`);
  }
});

test("operation, path and number are details, and absent when they say nothing", () => {
  const failure = nativeFailure({ code: "NO_SPACE", number: 28, path: "/repo/a" });
  const error = converted(failure);
  expect(error.details).toEqual({ operation: "readFile", path: "/repo/a", number: 28 });
  expect(error.message).toContain("readFile: the file is gone: /repo/a.");
  expect(error.cause).toBe(failure);
  expect(converted(nativeFailure({})).details).toEqual({ operation: "readFile" });
});

test("the stack is the caller's, under the converted message", () => {
  const error = converted(nativeFailure({}));
  const [head, first] = error.stack?.split("\n") ?? [];
  expect(head).toBe(`CoppiceError: ${error.message}`);
  expect(first).toMatch(/^ {4}at .*convert-error\.test\.ts/);
});

test("what is no native failure passes unchanged", () => {
  const caller = captureCaller(converted);
  for (const error of [new Error("x"), Object.assign(new Error("x"), { code: "ENOENT" }), { code: "SYSTEM" }, null]) {
    expect(convertError(error, caller)).toBe(error);
  }
});
