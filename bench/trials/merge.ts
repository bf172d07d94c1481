// Two commits of five edited files each are merged, in memory.
import { againstGit } from "./against-git.js";

const fewer = 50;

export const merge = againstGit({
  question: "two commits of five edited files each, merged without a working tree; git: merge-tree --write-tree",
  operation: "merge",
  defaults: { files: 20_000, effects: 200 },
  peers: ["ours", "libgit2", "git"],
  amount: (peer, { effects, files }) => {
    // Ten files of their own for each pair. Once through, because a merge that was done before costs less.
    const able = Math.max(1, Math.min(effects, Math.floor(files / 20)));
    return { effects: peer === "ours" ? able : Math.min(able, fewer), rounds: 1 };
  },
});
