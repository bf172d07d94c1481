// The person who works in the repository while effects land in it: one file half edited, one that git does not know.
import { createHash } from "node:crypto";
import { appendFile, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { commentLine } from "./tasks/comment.mjs";

const note = "note-to-self.txt";

/** Leaves the files as a person in the middle of something would; gives back what looks whether they are still so. */
export async function beginEditing(folder, edited) {
  await appendFile(join(folder, edited), `${commentLine(edited, "I am not done with this line")}\n`);
  await writeFile(join(folder, note), "not committed, not ignored, mine\n");
  const paths = [edited, note];
  const before = await Promise.all(paths.map((path) => describe(folder, path)));
  return async () => {
    const after = await Promise.all(paths.map((path) => describe(folder, path)));
    return paths.map((path, index) => ({
      path,
      before: before[index].digest,
      after: after[index].digest,
      equal: same(before[index], after[index]),
    }));
  };
}

async function describe(folder, path) {
  const { mtimeMs, ino } = await stat(join(folder, path));
  const digest = createHash("sha256")
    .update(await readFile(join(folder, path)))
    .digest("hex");
  return { digest, mtimeMs, ino };
}

/** Not only the same bytes: the same file, not written again. */
function same(before, after) {
  return before.digest === after.digest && before.mtimeMs === after.mtimeMs && before.ino === after.ino;
}
