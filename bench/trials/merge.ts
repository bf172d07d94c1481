// Two commits of five edited files each are merged, in memory.
import { againstGit } from "./against-git.js";

export const merge = againstGit({
  question: "two commits of five edited files each, merged without a working tree; git: merge-tree --write-tree",
  operation: "merge",
  defaults: { files: 20_000, effects: 50 },
  peers: ["ours", "libgit2", "git"],
  // Four lists of files of their own per pair: a small repository has fewer pairs.
  amount: (_peer, { effects, files }) => ({
    effects: Math.max(1, Math.min(effects, Math.floor(files / 20))),
    rounds: 3,
  }),
});
