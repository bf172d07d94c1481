// What the border refuses, on the addon itself: Git's types would not let most of it through.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadNative } from "../../src/git/load-native.js";
import type { Session } from "../../src/git/native.js";
import { createRepository } from "../support/repository.js";

let session: Session;
let lastCall = 0;
beforeAll(async () => {
  const repository = await createRepository({ tree: { "a.txt": "one\n" } });
  session = await loadNative().openSession(0, { path: repository.path, threads: 1, lockTimeoutMs: 2_000 });
});
afterAll(() => session.close(++lastCall));

const oid = "0123456789abcdef0123456789abcdef01234567";
const person = { name: "A U Thor", email: "author@example.com", timeSeconds: 1_700_000_000, offsetMinutes: 0 };
const commit = { treeOid: oid, parentOids: [oid], author: person, committer: person, message: "m" };

async function refusal(operation: "commit" | "editTextTree" | "resolve", request: unknown): Promise<unknown> {
  const start = session[operation] as (call: number, request: unknown) => Promise<unknown>;
  return start.call(session, ++lastCall, request).then(
    () => "accepted",
    (error: Error & { code: string; operation: string }) => `${error.code} ${error.operation} ${error.message}`,
  );
}

const refused: [what: string, request: unknown, message: string][] = [
  ["no object", null, "request: expected an object, got null"],
  ["an array", [], "request: expected an object, got an array"],
  ["a missing field", { ...commit, message: undefined }, "request.message: expected a string, got undefined"],
  ["an unknown field", { ...commit, mesage: "m" }, 'request: unknown field "mesage"'],
  ["a nested unknown field", { ...commit, author: { ...person, nick: "" } }, 'request.author: unknown field "nick"'],
  [
    "a string for a number",
    { ...commit, author: { ...person, timeSeconds: "1" } },
    "request.author.timeSeconds: expected an integer, got a string",
  ],
  [
    "a fraction",
    { ...commit, author: { ...person, timeSeconds: 1.5 } },
    "request.author.timeSeconds: expected an integer, got another number",
  ],
  [
    "not a number",
    { ...commit, author: { ...person, timeSeconds: Number.NaN } },
    "request.author.timeSeconds: expected an integer, got another number",
  ],
  [
    "an unsafe integer",
    { ...commit, author: { ...person, timeSeconds: 2 ** 53 } },
    "request.author.timeSeconds: expected an integer from -9007199254740991 to 9007199254740991",
  ],
  [
    "more than 32 bits",
    { ...commit, committer: { ...person, offsetMinutes: 2 ** 31 } },
    "request.committer.offsetMinutes: expected an integer from -2147483648 to 2147483647",
  ],
  ["no array", { ...commit, parentOids: oid }, "request.parentOids: expected an array, got a string"],
  [
    "a short oid",
    { ...commit, parentOids: [oid, oid.slice(1)] },
    "request.parentOids[1]: expected an oid of 40 hexadecimal digits, got another string",
  ],
  [
    "an oid with another letter",
    { ...commit, treeOid: oid.replace("a", "g") },
    "request.treeOid: expected an oid of 40 hexadecimal digits, got another string",
  ],
  [
    "a number for an oid",
    { ...commit, treeOid: 1 },
    "request.treeOid: expected an oid of 40 hexadecimal digits, got a number",
  ],
  ["NUL", { ...commit, message: "a\0b" }, "request.message: holds a NUL character"],
  ["half a surrogate pair", { ...commit, message: "a\ud800b" }, "request.message: holds half of a surrogate pair"],
  [
    "a string that is too long",
    { ...commit, message: "x".repeat((64 << 20) + 1) },
    "request.message: longer than 67108864 bytes",
  ],
];

describe("a request is refused by its field", () => {
  test.each(refused)("%s", async (_, request, message) => {
    expect(await refusal("commit", request)).toBe(`INVALID commit ${message}`);
  });

  test("undefined for what may be null", async () => {
    const edits = [{ path: "a", text: undefined }];
    expect(await refusal("editTextTree", { treeOid: null, edits })).toBe(
      "INVALID editTextTree request.edits[0].text: expected a value or null, got undefined",
    );
  });

  test("a getter that throws", async () => {
    const request = {
      get name() {
        throw new Error("no");
      },
    };
    expect(await refusal("resolve", request)).toBe("INVALID resolve request.name: could not be read");
  });
});

test("a call number is used once at a time, and each method needs both arguments", async () => {
  const loose = session as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  const twice = await Promise.allSettled([session.describe(7_000, {}), session.describe(7_000, {})]);
  expect(twice.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  expect(twice[1]).toMatchObject({ reason: { code: "INVALID", message: "call 7000 is already under way" } });
  await expect(loose.describe?.call(session, 7_001)).rejects.toMatchObject({
    message: "expected 2 argument(s), got 1",
  });
  await expect(loose.describe?.call(session, -1, {})).rejects.toMatchObject({ code: "INVALID" });
});

test("a method works on sessions only", async () => {
  const { describe: method, constructor: Made } = Object.getPrototypeOf(session);
  expect(() => method.call({}, 1, {})).toThrow(TypeError);
  await expect(new Made().describe(1, {})).rejects.toMatchObject({
    code: "INVALID",
    message: "this method was called on something that is no open session",
  });
});

test("cancelling what is not there says so", () => {
  expect(session.cancel(12_345)).toBe(false);
});

test("a path that is not UTF-8 comes back as the same bytes", async () => {
  // "é" in Latin-1 is the byte E9, here as its lone surrogate; the others are valid in their own ways.
  for (const path of ["caf\udce9.txt", "café.txt", "日本/😀", "\ufffd", "a\udcff\udc80b"]) {
    const { oid: treeishOid } = await session.editTextTree(++lastCall, { treeOid: null, edits: [{ path, text: "x" }] });
    const list = { treeishOid, prefix: "", maxEntries: 10 };
    expect(await session.listTreePaths(++lastCall, list)).toEqual({ paths: [path] });
    expect(await session.readText(++lastCall, { treeishOid, path, maxBytes: 10 })).toEqual({ text: "x" });
  }
});
