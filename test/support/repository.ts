// Repositories for tests, made with the real git in a temporary folder: from a described tree, with dates that tick.
//   const repository = await createRepository({ tree: { "a.txt": "one\n" } });
//   const second = await repository.commit("second", { "a.txt": "two\n", "b": { symlink: "a.txt" } });
// They lie below the run's temporary folder, which global-setup.ts removes.
import { mkdtemp, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ImportedCommit, importCommits } from "./fast-import.js";
import { type FileChanges, type FileTree, writeFiles } from "./file-tree.js";
import { fsck, type GitOptions, git } from "./git.js";
import { firstCommitTime, gitDates } from "./git-environment.js";

const secondsPerTick = 60;

export interface RepositoryOptions {
  /** Committed as the first commit, message "initial"; without it HEAD is unborn. */
  tree?: FileTree;
  bare?: boolean;
  /** Default "main". */
  branch?: string;
  /** Further arguments of git init, for example `--object-format=sha256`. */
  initArgs?: readonly string[];
}

/** A fresh folder with a resolved path, below the run's temporary folder. */
export async function temporaryFolder(name = "folder"): Promise<string> {
  return mkdtemp(join(await realpath(tmpdir()), `${name}-`));
}

/** Make a repository in a folder of its own, so that folders beside it (`<path>.worktrees`) are free too. */
export async function createRepository(options: RepositoryOptions = {}): Promise<TestRepository> {
  const path = join(await temporaryFolder("repository"), options.bare ? "project.git" : "project");
  const branch = options.branch ?? "main";
  const kind = options.bare ? ["--bare"] : [];
  await git(tmpdir(), ["init", "--quiet", `--initial-branch=${branch}`, ...kind, ...(options.initArgs ?? []), path]);
  const repository = new TestRepository(path, branch, options.bare ?? false);
  if (options.tree) await repository.commit("initial", options.tree);
  return repository;
}

export class TestRepository {
  private time = firstCommitTime;

  constructor(
    /** Absolute: the main working tree, or the repository itself when bare. */
    readonly path: string,
    readonly branch: string,
    readonly bare: boolean,
  ) {}

  /** git in the main working tree; its output without the last line break. */
  git(...args: string[]): Promise<string> {
    return git(this.path, args);
  }

  /** Change files of the main working tree, uncommitted. */
  write(changes: FileChanges): Promise<void> {
    return writeFiles(this.path, changes);
  }

  /** The next date: each commit of this repository is one minute later than the one before. */
  tick(): number {
    const now = this.time;
    this.time += secondsPerTick;
    return now;
  }

  /**
   * Commit the given changes (and, in a working tree, everything else that is changed or untracked there) on HEAD.
   * @returns the commit's oid
   */
  async commit(message: string, changes: FileChanges = {}): Promise<string> {
    if (this.bare) return this.commitBeside(`refs/heads/${this.branch}`, message, changes);
    await this.write(changes);
    await this.git("add", "--all");
    await git(this.path, ["commit", "--quiet", "--allow-empty", "--message", message], this.dated());
    return this.oid("HEAD");
  }

  /**
   * Commit changes on top of `ref` (or of `parent`, moving `ref` there) without touching any working tree or index.
   * @param ref full name, for example `refs/heads/theirs`; made when it does not exist
   * @returns the commit's oid
   */
  async commitBeside(ref: string, message: string, changes: FileChanges, parent?: string): Promise<string> {
    const tip = await this.git("for-each-ref", "--format=%(objectname)", ref);
    const from = parent ?? tip;
    const [commitOid] = await this.import([{ ref, message, changes, ...(from ? { parents: [from] } : {}) }]);
    if (!commitOid) throw new Error(`git fast-import made no commit on ${ref}`);
    return commitOid;
  }

  /** Many commits in one git process, for generated histories; see fast-import.ts. */
  import(commits: readonly ImportedCommit[]): Promise<string[]> {
    return importCommits(this.path, commits, () => this.tick());
  }

  /** Full oid of a revision, for example `HEAD^{tree}`. */
  oid(revision: string): Promise<string> {
    return this.git("rev-parse", "--verify", "--quiet", "--end-of-options", revision);
  }

  /** Add a linked worktree beside the repository, detached at `revision` or on the branch `branch`. */
  async addWorktree(
    name: string,
    { revision = "HEAD", branch }: { revision?: string; branch?: string } = {},
  ): Promise<string> {
    const path = join(this.path, "..", name);
    const head = branch ? ["-b", branch] : ["--detach"];
    await this.git("worktree", "add", "--quiet", ...head, path, revision);
    return path;
  }

  /** `git status --porcelain`, untracked files one by one; empty when clean. */
  status(...args: string[]): Promise<string> {
    return this.git("status", "--porcelain", "--untracked-files=all", ...args);
  }

  fsck(): Promise<void> {
    return fsck(this.path);
  }

  private dated(): GitOptions {
    return { env: gitDates(this.tick()) };
  }
}
