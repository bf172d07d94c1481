// Eight changed paths become a commit that is on disk and reachable.
import { againstGit } from "./against-git.js";

export const snapshot = againstGit({
  question: "a commit of eight changed paths, on disk and reachable; git: add -A, commit",
  operation: "snapshot",
  defaults: { files: 80_000, effects: 1 },
  peers: ["ours", "libgit2", "git"],
  amount: (peer) => ({ effects: 1, rounds: peer === "ours" ? 25 : 9 }),
});
