// The base "working-tree": what the user has not committed, as a commit that effects start from. Tracked files as they are on disk, and
// untracked ones that are not ignored; index and files of the user are only read.
//
// The commit is made under the landing lock, so that no landing is half in it. With land "working-tree" what effects land on is that very
// state: it becomes the run's tip, and the check of each path then asks whether the user's bytes are still those of the base. With land
// "commit" it is nobody's tip: merged onto the branch, an effect's snapshot brings along only what the effect has changed.

import { CoppiceError } from "../errors.js";
import type { Git } from "../git/git.js";
import { type Run, signatures } from "../run.js";
import { SharedTurn } from "../shared-turn.js";
import { beginLanding } from "./land.js";
import type { Target } from "./target.js";

/** What keeps a commit from the user's gc. */
interface Holder {
  hold(commitOid: string, treeOid: string): Promise<void>;
  settle(commitOid: string): void;
}

interface State {
  readonly commitOid: string;
  /** Null: it is the tip, which needs nobody to hold it. */
  readonly treeOid: string | null;
}

const messageStart = "Working tree of run ";
const noLimits = { files: 0, bytes: 0, depth: 0, pathBytes: 0, portablePaths: false };
const maxNamed = 3;

/** Whether this is the message of such a commit. What it holds is the user's, and in the user's files. */
export function isWorkingTreeBase(message: string | null): boolean {
  return message?.startsWith(messageStart) === true;
}

export class WorkingTreeBase {
  readonly #run: Run;
  readonly #target: Target;
  readonly #holder: Holder;
  readonly #uses = new Map<string, number>();
  /** Who asks while the files are looked at shares the next look. */
  readonly #looks = new SharedTurn(() => this.#look());
  #seen: State | null = null;

  constructor(run: Run, target: Target, holder: Holder) {
    this.#run = run;
    this.#target = target;
    this.#holder = holder;
  }

  /** The state as it is now; on disk and held until `giveUp`. Throws ERR_OPTION, ERR_REPOSITORY_BUSY, ERR_LOCKED, ERR_TARGET_GONE. */
  async take(): Promise<string> {
    const { land, history } = this.#run.options;
    if (land === "commit" && history === "merge") {
      throw new CoppiceError(
        "ERR_OPTION",
        'base "working-tree" with history "merge" would make what you have not committed a part of the branch\'s history: use "linear"',
      );
    }
    await this.#looks.request();
    const { commitOid, treeOid } = this.#seen as State;
    if (treeOid === null) return commitOid;
    this.#uses.set(commitOid, (this.#uses.get(commitOid) ?? 0) + 1);
    try {
      await this.#holder.hold(commitOid, treeOid);
    } catch (error) {
      this.giveUp(commitOid);
      throw error;
    }
    return commitOid;
  }

  /** One who has taken it has settled. */
  giveUp(commitOid: string): void {
    const uses = this.#uses.get(commitOid);
    if (uses === undefined) return;
    if (uses > 1) {
      this.#uses.set(commitOid, uses - 1);
      return;
    }
    this.#uses.delete(commitOid);
    this.#holder.settle(commitOid);
  }

  async #look(): Promise<void> {
    const { git } = this.#run;
    // Follows the branch, when the user has committed since.
    await this.#target.tip();
    const landing = await beginLanding(this.#run, this.#target);
    try {
      this.#seen = await this.#stateIn(landing.workingDirectory, landing.tipOid as string);
    } finally {
      await git.endLanding({ landingId: landing.landingId, writeIndex: false });
    }
  }

  async #stateIn(workingDirectory: string | null, tipOid: string): Promise<State> {
    const { git, id, options } = this.#run;
    if (workingDirectory === null) {
      throw new CoppiceError(
        "ERR_OPTION",
        `base "working-tree" needs a working tree that has ${this.#target.label} checked out, and there is none`,
      );
    }
    const { treeOid, snapshotOid, unheld } = await git.snapshot({
      name: await worktreeAt(git, workingDirectory),
      path: workingDirectory,
      baseOid: tipOid,
      exclude: [],
      limits: noLimits,
      ...signatures(this.#run),
      message: `${messageStart}${id}\n`,
      verify: false,
    });
    if (unheld.length > 0) this.#warn(unheld.map(({ path, reason }) => `${path} (${reason})`));
    if (snapshotOid === null) return { commitOid: tipOid, treeOid: null };
    if (options.land === "working-tree") {
      const tip = { refName: this.#target.refName, newOid: snapshotOid, compare: true, expectedOid: tipOid };
      const { lostRef } = await git.flush({ refs: [{ ...tip, reflog: null }] });
      if (lostRef !== null) throw new CoppiceError("ERR_LOCKED", `${lostRef} was moved by another process`);
    }
    return { commitOid: snapshotOid, treeOid };
  }

  #warn(paths: readonly string[]): void {
    const more = paths.length > maxNamed ? ` and ${paths.length - maxNamed} more` : "";
    const message = `effects start without ${paths.slice(0, maxNamed).join(", ")}${more}: a commit cannot hold them`;
    this.#run.emit("warning", { code: "BASE_NOT_HELD", message, effectId: null });
  }
}

/** Its name for git; "" is the main one. */
async function worktreeAt(git: Git, workingDirectory: string): Promise<string> {
  const { worktrees } = await git.listWorktrees({});
  return worktrees.find(({ path }) => path === workingDirectory)?.name ?? "";
}
