// Managers for tests: fixed dates, a fixed author, closed when the test ends, and a last look with stock git.
import { onTestFinished } from "vitest";
import { type ManagerOptions, WorktreeManager } from "../../src/index.js";
import type { TestRepository } from "./repository.js";

const person = { name: "E Ffect", email: "effect@example.com" };
export const fixedDate = new Date("2026-01-02T03:04:05Z");

/** Opens a manager that is closed at the end of the test, whatever happens. */
export async function openManager(repository: TestRepository, options: ManagerOptions = {}): Promise<WorktreeManager> {
  const manager = await WorktreeManager.open(repository.path, {
    commit: { author: person, committer: person, date: fixedDate },
    ...options,
  });
  onTestFinished(() => manager.close());
  return manager;
}

/** The paths in `git worktree list`, without the main one. */
export async function linkedWorktrees(repository: TestRepository): Promise<string[]> {
  const list = await repository.git("worktree", "list", "--porcelain");
  const paths = list.split("\n").filter((line) => line.startsWith("worktree "));
  return paths.slice(1).map((line) => line.slice("worktree ".length));
}

/** The refs of Coppice, full names. */
export async function coppiceRefs(repository: TestRepository): Promise<string[]> {
  const refs = await repository.git("for-each-ref", "--format=%(refname)", "refs/coppice/");
  return refs === "" ? [] : refs.split("\n");
}

/** Stock git agrees with what a closed manager has left: sound, the index is the commit's tree, no worktree of ours. */
export async function expectSound(repository: TestRepository): Promise<void> {
  await repository.fsck();
  if (!repository.bare) {
    const [index, head] = [await repository.git("write-tree"), await repository.oid("HEAD^{tree}")];
    if (index !== head) throw new Error(`the index holds ${index}, HEAD's tree is ${head}`);
  }
  const worktrees = await linkedWorktrees(repository);
  if (worktrees.length > 0) throw new Error(`worktrees are left: ${worktrees.join(", ")}`);
}

/** A promise that the test opens by hand: tests wait for gates, never for time. */
export class Gate<T = void> {
  readonly opened: Promise<T>;
  open!: (value: T) => void;

  constructor() {
    this.opened = new Promise((resolve) => {
      this.open = resolve;
    });
  }
}
