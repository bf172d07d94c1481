// What lies in the repository is written by people: a core dump or a build once added stays in its history for ever.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { projectFiles, projectFolder } from "./sources.js";

const maxBytes = 256 << 10;

test("no file is larger than text that somebody wrote, or a lock file", async () => {
  const large: string[] = [];
  for (const path of await projectFiles(".", ""))
    if ((await stat(join(projectFolder, path))).size > maxBytes) large.push(path);
  expect(large).toEqual([]);
});
