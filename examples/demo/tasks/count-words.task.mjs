// Reads only: an effect that changes nothing is "unchanged", and its value is what it was for.
import { readFile } from "node:fs/promises";
import { defineTask } from "coppice/task";

export default defineTask(async ({ input: { paths }, resolve, progress }) => {
  let words = 0;
  for (const [index, path] of paths.entries()) {
    words += (await readFile(resolve(path), "utf8")).split(/\s+/).length;
    progress(`${index + 1} of ${paths.length} files`);
  }
  return { files: paths.length, words };
});
