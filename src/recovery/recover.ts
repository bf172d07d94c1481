// Recovery: what dead processes left is finished, kept under a name, or taken away; first of all when a manager opens. Whoever lives
// (holds its claim, PROTOCOLS P3) is let be, and so is everything without a mark of ours. It may die at any point, and be done again.

import type { Recovery } from "../events.js";
import { listKeptRefs } from "../merge/kept.js";
import { instanceClaim, type Run } from "../run.js";
import { listWorktrees } from "../worktree/list.js";
import { listAnchors, recoverSnapshots } from "./dead-snapshots.js";
import { recoverWorktree } from "./dead-worktrees.js";
import { recoverLandedWork } from "./landed-work.js";
import { recoverLandings } from "./landings.js";
import { RecoveryLog } from "./recovery-log.js";

export interface Recovering {
  readonly run: Run;
  readonly dryRun: boolean;
  /** Names of claims that somebody held when recovery began. */
  readonly held: ReadonlySet<string>;
  /** Names of claims that this process holds. */
  readonly mine: Set<string>;
  readonly log: RecoveryLog;
}

/** Never throws for what cannot be recovered: that stays where it is, and is named. */
export async function recover(run: Run, { dryRun }: { dryRun: boolean }): Promise<Recovery> {
  const { git } = run;
  const log = new RecoveryLog(dryRun);
  await log.guard("locks and packs of the dead", null, async () => log.locks((await git.clearUp({ dryRun })).locks));
  // Who lives is asked first: a process that begins after that has claims which are taken into account one by one.
  const { claims } = await git.listClaims({});
  const held = new Set(claims.filter((claim) => claim.held).map(({ name }) => name));
  const mine = new Set([instanceClaim(run)]);
  const recovering: Recovering = { run, dryRun, held, mine, log };
  const [anchors, worktrees, kept] = await Promise.all([
    listAnchors(git),
    listWorktrees(git),
    listKeptRefs(git),
    log.guard("a landing", null, () => recoverLandings(recovering)),
  ]);
  // Snapshots before worktrees: what a worktree holds is mostly in its last snapshot already.
  for (const anchor of anchors) {
    await log.guard(`snapshots of run ${anchor.runId}`, null, () => recoverSnapshots(recovering, anchor));
  }
  for (const worktree of worktrees) {
    await log.guard(`worktree ${worktree.name}`, worktree.path, () => recoverWorktree(recovering, worktree));
  }
  for (const runId of new Set(kept.map((work) => work.runId))) {
    const ofRun = kept.filter((work) => work.runId === runId);
    await log.guard(`kept work of run ${runId}`, null, () => recoverLandedWork(recovering, runId, ofRun));
  }
  await log.guard("notes of the dead", null, () => git.sweepNotes({ dryRun }));
  return log.recovery();
}
