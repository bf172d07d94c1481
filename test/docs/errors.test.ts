// docs/errors.md, the table in src/errors.ts, and what the sources throw are the same codes.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { renderErrors } from "../../scripts/docs-errors.mjs";
import { errorTable } from "../../src/errors.js";

const projectFolder = join(import.meta.dirname, "../..");

test("the page is what the table renders to: npm run docs:errors writes it", async () => {
  expect(await readFile(join(projectFolder, "docs/errors.md"), "utf8")).toBe(renderErrors(errorTable));
});

test("every code of the page is in the table, and every code of the table on the page", async () => {
  const page = await readFile(join(projectFolder, "docs/errors.md"), "utf8");
  const documented = [...page.matchAll(/^\| `(ERR_\w+)` \| (.+) \| (.+) \|$/gm)].map(([, code]) => code);
  expect(documented).toEqual(Object.keys(errorTable).sort());
});

test("every code is used by the sources, and every code that they use is in the table", async () => {
  const used = new Set<string>();
  for (const entry of await readdir(join(projectFolder, "src"), { recursive: true })) {
    if (!entry.endsWith(".ts") || entry === "errors.ts") continue;
    const text = await readFile(join(projectFolder, "src", entry), "utf8");
    for (const [, code] of text.matchAll(/"(ERR_\w+)"/g)) if (!fromNode.has(code as string)) used.add(code as string);
  }
  expect([...used].sort()).toEqual(Object.keys(errorTable).sort());
});

/** Codes of Node's own errors that the sources look for. */
const fromNode = new Set(["ERR_DLOPEN_DISABLED"]);
