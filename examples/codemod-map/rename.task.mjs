// Runs in a thread: relative paths would lead into the caller's folder, so everything goes through `resolve`.
import { readFile, writeFile } from "node:fs/promises";
import { defineTask } from "coppice/task";

export default defineTask(async ({ resolve, input: { file, from, to } }) => {
  const text = await readFile(resolve(file), "utf8");
  const parts = text.split(from);
  await writeFile(resolve(file), parts.join(to));
  return { renamed: parts.length - 1 };
});
