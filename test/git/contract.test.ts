// The border is written twice, once in each language: this keeps the two texts equal, in both directions and in order.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { loadNative } from "../../src/git/load-native.js";
import { createRepository } from "../support/repository.js";

interface Field {
  name: string;
  type: string;
}
interface Struct {
  name: string;
  fields: Field[];
}
interface Operation {
  name: string;
  request: string;
  reply: string;
}

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const cpp = read("native/git/types.h");
const cppOperations = read("native/git/operations.h");
const [tsTypes = "", tsAddon = ""] = read("src/git/native.ts").split(/^\/\/ ---- the addon -+$/m);
const effect = read("src/effect/effect.ts");

/** `struct Name { type field = default;  // comment ... template ... fields(...) { visit("field", field); ... } };` */
function cppStructs(): { struct: Struct; visited: string[]; words: Map<string, string[]> }[] {
  return [...cpp.matchAll(/^struct (\w+) \{\n([\s\S]*?)^\};$/gm)].map(([, name = "", body = ""]) => {
    const [declarations = "", visitor = ""] = body.split("template <class Visitor>");
    const words = new Map<string, string[]>();
    const fields: Field[] = [];
    let above = "";
    for (const line of declarations.split("\n")) {
      const comment = /^ {2}\/\/(.*)$/.exec(line);
      if (comment) above += comment[1];
      const field = /^ {2}([\w:<>]+) (\w+)(?: = [^;]+)?;(.*)$/.exec(line);
      if (!field) continue;
      const [, type = "", fieldName = "", behind = ""] = field;
      fields.push({ name: fieldName, type: tsTypeOf(type) });
      words.set(
        fieldName,
        [...(above + behind).matchAll(/"([^"]+)"/g)].map(([, word = ""]) => word),
      );
      above = "";
    }
    const visited = [...visitor.matchAll(/visit\("(\w+)", (\w+)\);/g)].map(([, key, member]) =>
      key === member ? (key ?? "") : `${key} as ${member}`,
    );
    return { struct: { name, fields }, visited, words };
  });
}

function tsTypeOf(type: string): string {
  const wrapped = /^std::(optional|vector)<(.*)>$/.exec(type);
  if (wrapped) {
    const inner = tsTypeOf(wrapped[2] ?? "");
    return wrapped[1] === "optional" ? `${inner} | null` : `readonly ${inner}[]`;
  }
  if (/^u?int(32|64)_t$/.test(type)) return "number";
  return { "std::string": "string", bool: "boolean" }[type] ?? type;
}

/** Unions of string literals: a word list that the C++ side has in a comment. */
function wordLists(): Map<string, string[]> {
  const unions = [...`${tsTypes}\n${effect}`.matchAll(/^export type (\w+) =\s*((?:\|?\s*"[^"]+"\s*)+);$/gm)];
  return new Map(
    unions.map(([, name = "", body = ""]) => [name, [...body.matchAll(/"([^"]+)"/g)].map(([, word = ""]) => word)]),
  );
}

function tsStructs(): Struct[] {
  const found = tsTypes.matchAll(
    /^export (?:interface (\w+) \{\n([\s\S]*?)^\}|type (\w+) = Record<string, never>;)$/gm,
  );
  return [...found].map(([, name, body = "", emptyName]) => ({
    name: name ?? emptyName ?? "",
    fields: [...body.matchAll(/^ {2}(\w+): (.+);$/gm)].map(([, field = "", type = ""]) => ({ name: field, type })),
  }));
}

function cppOperationList(): Operation[] {
  const lines = cppOperations.matchAll(/^(?:inline )?(\w+) (\w+)\(Session&(?: \w+)?, const (\w+)&, const Cancel&\)/gm);
  return [...lines].map(([, reply = "", name = "", request = ""]) => ({ name, request, reply }));
}

function tsOperationList(): Operation[] {
  const session = /^export interface Session \{\n([\s\S]*?)^\}/m.exec(tsAddon)?.[1] ?? "";
  const lines = session.matchAll(/^ {2}(\w+)\(call: number, request: (\w+)\): Promise<(\w+)>;$/gm);
  return [...lines].map(([, name = "", request = "", reply = ""]) => ({ name, request, reply }));
}

/** The type as C++ has it: where TypeScript names a word list, C++ has a string. */
const withoutWordLists = ({ name, fields }: Struct): Struct => ({
  name,
  fields: fields.map((field) => ({ ...field, type: wordLists().has(field.type) ? "string" : field.type })),
});

test("both sides have the same structs with the same fields, in the same order", () => {
  expect(cppStructs().length).toBeGreaterThan(40);
  expect(tsStructs().map(withoutWordLists)).toEqual(cppStructs().map(({ struct }) => struct));
});

test("each struct describes exactly its fields to the binding, in order", () => {
  for (const { struct, visited } of cppStructs()) {
    expect({ name: struct.name, visited }).toEqual({
      name: struct.name,
      visited: struct.fields.map((field) => field.name),
    });
  }
});

test("each word list has the words that the C++ side states", () => {
  const lists = wordLists();
  const stated = new Map<string, string[]>();
  for (const { struct, words } of cppStructs()) {
    const fields = tsStructs().find(({ name }) => name === struct.name)?.fields ?? [];
    for (const { name, type } of fields) {
      // A comment without words refers to the field that has them ("as BlockedPath.reason").
      if (lists.has(type) && (words.get(name) ?? []).length > 0) stated.set(type, words.get(name) ?? []);
    }
  }
  expect([...stated.keys()].sort()).toEqual([
    "BlockedReason",
    "ConflictKind",
    "HolderKind",
    "RepositoryState",
    "ResolutionChoice",
    "SharedKind",
    "SharedPlace",
    "UnheldReason",
  ]);
  for (const [type, words] of stated) expect({ type, words: lists.get(type) }).toEqual({ type, words });
});

test("both sides have the same operations, in the same order", () => {
  expect(cppOperationList().length).toBeGreaterThan(20);
  expect(tsOperationList()).toEqual(cppOperationList());
});

test("the addon exports exactly these operations", async () => {
  const repository = await createRepository();
  const session = await loadNative().openSession(0, { path: repository.path, threads: 1, lockTimeoutMs: 2_000 });
  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(session)).filter((name) => name !== "constructor");
  expect(methods).toEqual([...cppOperationList().map(({ name }) => name), "cancel", "close"]);
  await session.close(1);
});
