// Many finished results are merged one after the other onto a moving tip.
import { againstGit } from "./against-git.js";

const fewer = 100;

export const fanIn = againstGit({
  question: "results merged one by one onto the tip, on disk; git: merge-tree, commit-tree",
  operation: "fanIn",
  defaults: { files: 20_000, effects: 1_000 },
  peers: ["ours", "libgit2", "git"],
  amount: (peer, { effects, files }) => {
    const able = Math.min(effects, Math.floor(files / 4));
    return { effects: peer === "ours" ? able : Math.min(able, fewer), rounds: 1 };
  },
});
