// `npm run docs:errors`: docs/errors.md from the table in src/errors.ts. test/docs/errors.test.ts fails when they differ.
import { realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { projectFolder } from "./native-sources.mjs";

const head = `# Errors

Whatever the library throws or puts into an outcome is a \`CoppiceError\` with one of these codes; they are stable, so switch on
\`error.code\`. \`error.details\` names the operation, path, exit code or output where there is one, and \`error.cause\` is the
error behind it. Conflicts, blocked paths, effects without changes and lost races are data in an outcome, never errors.

This page is generated from \`src/errors.ts\` by \`npm run docs:errors\`.

| code | cause | remedy |
| --- | --- | --- |
`;

/** @param {Readonly<Record<string, { cause: string, remedy: string }>>} table */
export function renderErrors(table) {
  const rows = Object.entries(table).map(
    ([code, { cause, remedy }]) => `| \`${code}\` | ${cell(cause)} | ${cell(remedy)} |\n`,
  );
  return head + rows.sort().join("");
}

/** @param {string} text */
function cell(text) {
  return text.replaceAll("|", "\\|");
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { errorTable } = await import(new URL("../dist/errors.js", import.meta.url).href);
  writeFileSync(join(projectFolder, "docs/errors.md"), renderErrors(errorTable));
}
