// Fails in the middle of its work. What it wrote until then is kept.
import { appendFile } from "node:fs/promises";
import { defineTask } from "coppice/task";
import { commentLine } from "./comment.mjs";

export default defineTask(async ({ input: { path }, resolve }) => {
  await appendFile(resolve(path), `${commentLine(path, "the first half of a change")}\n`);
  throw new Error("the second half cannot be done");
});
