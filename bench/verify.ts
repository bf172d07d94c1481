// Looks, outside of what is measured, whether a peer has done the work: a fast peer that loses an effect has no figure.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Edit } from "./edits.js";
import { git } from "./git-command.js";

const mostLooked = 2_000;

/** Every edit is committed on the branch, is in the working tree, and nothing else is changed there. */
export async function requireDone(repository: string, edits: readonly Edit[]): Promise<void> {
  const status = await git(repository, ["status", "--porcelain", "--untracked-files=all"]);
  if (status !== "") throw new Error(`the working tree is not clean afterwards: ${status.split("\n")[0]}`);
  const looked = edits.length > mostLooked ? edits.slice(-mostLooked) : edits;
  for (const { id, paths, line } of looked)
    for (const path of paths)
      if (!(await readFile(join(repository, path), "latin1")).includes(line))
        throw new Error(`effect ${id} is lost: its line is not in ${path}`);
}
