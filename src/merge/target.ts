// The target: the branch (and its working tree) that effects land on. With land "working-tree" it is a hidden ref of the
// run that holds what has landed so far, while branch and index stay where the user left them.

import { CoppiceError, isCoppiceError } from "../errors.js";
import type { Git } from "../git/git.js";
import type { ResolveReply } from "../git/native.js";
import { type Run, signatures } from "../run.js";
import { forkPoint } from "./fork-point.js";
import { Patience } from "./patience.js";
import { RevertWatch } from "./revert-watch.js";

export interface Target {
  /** What landing moves. */
  readonly refName: string;
  /** For people: the branch's short name. */
  readonly label: string;
  /** The working directory to keep in step; null: the worktree that has the branch checked out, found at each landing. */
  readonly worktree: string | null;
  /** With operations of the user's in that working directory. */
  readonly patience: Patience;
  /** Of what lands on a branch; null with land "working-tree", where only the user commits. */
  readonly reverts: RevertWatch | null;
  /** The commit that effects land on now. Throws ERR_TARGET_GONE. */
  tip(): Promise<string>;
}

/** Throws ERR_TARGET_NOT_FOUND, ERR_UNBORN_HEAD, ERR_REPOSITORY_BUSY, ERR_OPTION. */
export async function openTarget(run: Run): Promise<Target> {
  const branch = await openBranch(run);
  return run.options.land === "commit" ? branch : openWorkingTree(run, branch);
}

async function openBranch(run: Run): Promise<Target> {
  const { target } = run.options;
  const { repository, git } = run;
  if (repository.state !== "none") {
    throw new CoppiceError(
      "ERR_REPOSITORY_BUSY",
      `${repository.workingDirectory} is in the middle of a ${repository.state}: finish it or give it up first ('git status' says how)`,
    );
  }
  if (target === "HEAD" && repository.headOid === null) {
    throw new CoppiceError("ERR_UNBORN_HEAD", `${repository.gitDirectory} has no commit yet: make a first one`);
  }
  const refName = target === "HEAD" ? (repository.headRef ?? "HEAD") : await branchNamed(git, target);
  if (refName === null || !(refName === "HEAD" || refName.startsWith("refs/heads/"))) {
    throw new CoppiceError(
      "ERR_TARGET_NOT_FOUND",
      `target ${JSON.stringify(target)} is not a branch of this repository`,
    );
  }
  const label = refName.replace(/^refs\/heads\//, "");
  const tip = async () => {
    const { commitOid } = await git.resolve({ name: refName });
    if (commitOid !== null) return commitOid;
    throw new CoppiceError("ERR_TARGET_GONE", `${label} was deleted: recreate it, then land the kept work`);
  };
  return {
    refName,
    label,
    worktree: refName === "HEAD" ? repository.workingDirectory : null,
    patience: new Patience(),
    reverts: new RevertWatch(run, { label, tip }),
    tip,
  };
}

/** The commit that a name given by the caller stands for; null: none, or no name that can stand for one. */
export async function commitNamed(git: Git, name: string): Promise<string | null> {
  return (await resolveName(git, name))?.commitOid ?? null;
}

async function branchNamed(git: Git, name: string): Promise<string | null> {
  return (await resolveName(git, name))?.refName ?? null;
}

/** A revision expression is a name that cannot be: to the caller that is the same as one that is not there. */
async function resolveName(git: Git, name: string): Promise<ResolveReply | null> {
  return git.resolve({ name }).catch((error: unknown) => {
    if (isCoppiceError(error, "ERR_INVALID")) return null;
    throw error;
  });
}

/** Lands into the files of the working tree; the hidden ref follows the branch when the user commits meanwhile. */
async function openWorkingTree(run: Run, branch: Target): Promise<Target> {
  const { workingDirectory } = run.repository;
  if (workingDirectory === null) {
    throw new CoppiceError(
      "ERR_OPTION",
      'option "land": "working-tree" needs a working tree, and this repository is bare',
    );
  }
  const refName = run.refs.tip;
  let branchOid = await branch.tip();
  const { commitOid: earlierOid } = await run.git.resolve({ name: refName });
  if (earlierOid === null) await moveTip(run, refName, branchOid);
  // An earlier process of the run left it: the user may have committed since, and the first who asks for the tip follows.
  else branchOid = (await forkPoint(run.git, earlierOid, branchOid)) ?? branchOid;
  const tip = async () => {
    const nowOid = await branch.tip();
    // Gone when the run was cleaned just as this process opened it.
    const current = (await run.git.resolve({ name: refName })).commitOid ?? (await moveTip(run, refName, nowOid));
    if (nowOid === branchOid) return current;
    const followed = await follow(run, { fromOid: branchOid, toOid: nowOid, tipOid: current, label: branch.label });
    branchOid = nowOid;
    return moveTip(run, refName, followed);
  };
  return { refName, label: branch.label, worktree: workingDirectory, patience: new Patience(), reverts: null, tip };
}

async function moveTip(run: Run, refName: string, newOid: string): Promise<string> {
  await run.git.flush({ refs: [{ refName, newOid, compare: false, expectedOid: null, reflog: null }] });
  return newOid;
}

/**
 * The user committed: what has landed so far is carried over to the new commit. Where the two contradict each other the commit counts: who
 * made it had the landed changes in the files.
 */
async function follow(
  run: Run,
  move: { fromOid: string; toOid: string; tipOid: string; label: string },
): Promise<string> {
  const { fromOid: baseOid, toOid, tipOid: theirsOid, label: oursLabel } = move;
  const merge = { baseOid, oursOid: toOid, theirsOid, oursLabel, theirsLabel: "landed", content: false };
  const { conflicts } = await run.git.merge(merge);
  const message = `What run ${run.id} has landed in the working tree\n`;
  const resolutions = conflicts.map(
    ({ path, kind }) => ({ path, kind, choice: "ours", mode: 0, content: [] }) as const,
  );
  const step = { baseOid, theirsOid, theirsLabel: "landed", message, stopAtConflict: false, resolutions };
  const sequence = { tipOid: toOid, oursLabel, steps: [step], keepParents: false, ...signatures(run) };
  const { tipOid, steps } = await run.git.mergeSequence(sequence);
  if (steps.some((merged) => merged.conflicts.length > 0)) {
    throw new CoppiceError(
      "ERR_TARGET_GONE",
      `${move.label} moved to ${move.toOid.slice(0, 12)}, which contradicts what has landed in the working tree: start another run`,
    );
  }
  const { treeOid } = await run.git.resolve({ name: tipOid });
  // What has landed stays in its history: by that the ledger knows that it has.
  const parentOids = [toOid, theirsOid];
  return (await run.git.commit({ treeOid: treeOid as string, parentOids, ...signatures(run), message })).oid;
}
