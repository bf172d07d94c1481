// What the code tasks run in their worktree: changes one file as its argument says, and prints JSON.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const { path, text, line, copy, fail } = JSON.parse(process.argv[2]);
await wait(Math.random() * Number(process.env.EDIT_DELAY_MS ?? 0));
mkdirSync(dirname(path), { recursive: true });
if (line !== undefined) {
  const lines = readFileSync(path, "utf8").split("\n");
  lines[line] = text;
  writeFileSync(path, lines.join("\n"));
} else writeFileSync(path, copy === undefined ? text : readFileSync(copy, "utf8"));
if (fail) process.exit(7);
console.log(JSON.stringify({ path }));
