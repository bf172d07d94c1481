// The peers, in the order in which they are measured: who removes many files comes late.
import type { Operation, Peer, PeerName } from "./trial.js";

export interface PeerDescription {
  /** Axis and table label. */
  label: string;
  /** How it does the work, in one sentence. */
  how: string;
  /** Needs the packages of bench/package.json. */
  installed: boolean;
  /** For these it needs bench/native. */
  native: readonly Operation[];
  load: () => Promise<Peer>;
}

const here = { installed: false, native: [] };

export const peers: Readonly<Record<PeerName, PeerDescription>> = {
  floor: {
    installed: false,
    native: ["create"],
    label: "floor",
    how: "the same files written and hashed, and nothing else",
    load: async () => (await import("./peers/floor.js")).floor,
  },
  ours: {
    ...here,
    label: "coppice",
    how: "`manager.parallel.allSettled` with function tasks; single operations through the addon's own contract",
    load: async () => (await import("./peers/ours.js")).ours,
  },
  tuned: {
    ...here,
    label: "git, tuned",
    how:
      "a pool of worktrees made once, `reset --hard` + `clean -fd`, `add -A`, `commit`, `merge-tree --write-tree`, " +
      "`commit-tree`, `update-ref`, one `reset --hard` of the main tree at the end; untracked cache and parallel checkout on",
    load: async () => (await import("./peers/tuned.js")).tuned,
  },
  libgit2: {
    label: "libgit2",
    how: "plain libgit2 calls: `git_worktree_add`, `git_index_add_all`, `git_merge_commits`",
    installed: false,
    native: ["create", "reset", "snapshot", "merge", "fanIn", "fanOut"],
    load: async () => (await import("./peers/libgit2.js")).libgit2,
  },
  "isomorphic-git": {
    label: "isomorphic-git",
    how: "has no worktrees: a copy with its own index for each worker over a shared object folder, `add`, `commit`, `merge`, `checkout`",
    installed: true,
    native: [],
    load: async () => (await import("./peers/isomorphic-git.js")).isomorphicGit,
  },
  "es-git": {
    label: "es-git",
    how: "libgit2 in Rust; all of it holds up the thread: one worktree, `addAll`, `commit`, `merge` into the main tree",
    installed: true,
    native: [],
    load: async () => (await import("./peers/es-git.js")).esGit,
  },
  git: {
    ...here,
    label: "git, scripted",
    how:
      "for each effect `worktree add -b`, edit, `add -A`, `commit`, `merge`, and at the end (within the time) " +
      "`worktree remove --force`, `branch -D`",
    load: async () => (await import("./peers/git.js")).gitScript,
  },
  "simple-git": {
    label: "simple-git",
    how: "the same script through simple-git",
    installed: true,
    native: [],
    load: async () => (await import("./peers/simple-git.js")).simpleGitScript,
  },
  "git-in-place": {
    ...here,
    label: "git, removing at once",
    how: "the script with `worktree remove` straight after each merge, as it is mostly written: slower on ext4",
    load: async () => (await import("./peers/git.js")).gitScriptInPlace,
  },
};

export const peerNames = Object.keys(peers) as PeerName[];
