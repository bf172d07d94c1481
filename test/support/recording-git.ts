// A `git` that notes that it was called, and fails: put first on PATH, it shows whether the library starts git.
// The oracle is not affected, because it found the real git before.
import { chmod, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { temporaryFolder } from "./repository.js";

export interface RecordingGit {
  /** A value for PATH: the recording git's folder, then the present PATH. */
  readonly searchPath: string;
  /** One entry for each call so far: its arguments, separated by spaces. */
  calls(): Promise<string[]>;
}

export async function recordingGit(): Promise<RecordingGit> {
  const folder = await temporaryFolder("recording-git");
  const record = join(folder, "calls");
  await writeFile(record, "");
  // One short write in append mode is whole even when several processes call at once.
  await writeFile(join(folder, "git"), `#!/bin/sh\nprintf '%s\\n' "$*" >> '${record}'\nexit 99\n`);
  await chmod(join(folder, "git"), 0o755);
  return {
    searchPath: `${folder}${delimiter}${process.env.PATH}`,
    calls: async () => (await readFile(record, "utf8")).split("\n").slice(0, -1),
  };
}
