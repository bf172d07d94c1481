// Relies on the working directory, as much existing code does: so it runs in a pooled process whose directory is the
// worktree, and its relative paths mean what they say.
import { readFileSync, writeFileSync } from "node:fs";
import { defineTask } from "coppice/task";

export default defineTask(({ input: { path } }) => {
  const text = readFileSync(path, "utf8");
  const indented = text.replace(/^(?: {2})+/gm, (spaces) => "\t".repeat(spaces.length / 2));
  writeFileSync(path, indented);
  return { path, changed: indented !== text };
});
