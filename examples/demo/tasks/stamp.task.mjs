// Puts one line of comment into a file, at a fraction of its length. Several of these may work on one file at once: each
// has its own worktree, and places that do not touch are merged.
import { readFile, writeFile } from "node:fs/promises";
import { defineTask } from "coppice/task";
import { commentLine } from "./comment.mjs";

export default defineTask(async ({ effectId, input: { path, at }, resolve }) => {
  // resolve, because a worker thread has the working directory of the whole process.
  const lines = (await readFile(resolve(path), "utf8")).split("\n");
  const line = Math.floor(lines.length * at);
  lines.splice(line, 0, commentLine(path, `looked at by ${effectId}`));
  await writeFile(resolve(path), lines.join("\n"));
  return { path, line };
});
