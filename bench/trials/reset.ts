// A worktree with eight changed paths is brought back to its base.
import { againstGit } from "./against-git.js";

export const reset = againstGit({
  question: "a worktree with eight changed paths back at its base; git: reset --hard, clean -fd",
  operation: "reset",
  defaults: { files: 20_000, effects: 1 },
  peers: ["ours", "libgit2", "git"],
  amount: (peer) => ({ effects: 1, rounds: peer === "ours" ? 25 : 9 }),
});
