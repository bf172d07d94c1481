// The script once more, through simple-git: one instance for each folder, as its manual shows.

import { fromPeers } from "../peer-packages.js";
import type { Peer } from "../trial.js";
import { scriptedFanOut } from "./git.js";

interface SimpleGit {
  raw(...args: string[]): Promise<string>;
}

interface SimpleGitPackage {
  simpleGit(options: { baseDir: string }): SimpleGit;
}

export const simpleGitScript: Peer = {
  async fanOut(job) {
    const { simpleGit } = fromPeers<SimpleGitPackage>("simple-git");
    const run = (folder: string, args: readonly string[]) => simpleGit({ baseDir: folder }).raw(...args);
    return scriptedFanOut(job, run, { atOnce: false });
  },
};
