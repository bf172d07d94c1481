// Snapshots that a dead process had on disk and had not settled: its anchor is what still holds them. Each is kept under the name of
// its effect, unless the ledger shows that it has settled; then the anchor goes.

import { refsPrefix } from "../effect/effect-id.js";
import type { Git } from "../git/git.js";
import { isWorkingTreeBase } from "../merge/working-tree-base.js";
import { anchorOf } from "../worktree/anchor.js";
import { claimed, effectNamed, keepFound } from "./keep-found.js";
import type { Recovering } from "./recover.js";

interface AnchorRef {
  readonly runId: string;
  readonly instanceId: string;
  readonly refName: string;
  /** It holds what was merged to be verified, and no work. */
  readonly isCandidate: boolean;
}

const refPattern = new RegExp(`^${refsPrefix}([^/]+)/(anchors|candidates)/([^/]+)$`);
const messagePattern = /^Snapshot of effect (\S+)/;

/** Of every process that works or has worked in the repository. */
export async function listAnchors(git: Git): Promise<AnchorRef[]> {
  const { refs } = await git.listRefs({ prefix: refsPrefix });
  return refs.flatMap(({ refName }) => {
    const match = refPattern.exec(refName);
    if (match === null) return [];
    const [, runId, place, instanceId] = match as unknown as [string, string, string, string];
    return [{ runId, instanceId, refName, isCandidate: place === "candidates" }];
  });
}

/** Of one process, if it is dead. */
export async function recoverSnapshots(recovering: Recovering, anchor: AnchorRef): Promise<void> {
  const { run, dryRun, log } = recovering;
  const { runId, instanceId, refName, isCandidate } = anchor;
  await claimed(recovering, `run/${runId}/${instanceId}`, async () => {
    const { commitOid, treeOid, parentOids } = await run.git.resolve({ name: refName });
    if (commitOid === null || treeOid === null) return;
    const moved = (newOid: string | null) => ({ refName, newOid, compare: true, expectedOid: commitOid, reflog: null });
    if (isCandidate) {
      if (!dryRun) await run.git.flush({ refs: [moved(null)] });
      return;
    }
    // In the order in which they were taken: of several of one effect the last is the one that keeps its name.
    const unsettled: string[] = [];
    for (const snapshotOid of parentOids) {
      let safe = false;
      await log.guard(`snapshot ${snapshotOid} of run ${runId}`, null, async () => {
        safe = await keepSnapshot(recovering, runId, snapshotOid);
      });
      if (!safe) unsettled.push(snapshotOid);
    }
    if (dryRun || unsettled.length === parentOids.length) return;
    // Only now: until here the anchor is what keeps gc away from them.
    const newOid = await anchorOf(run, treeOid, unsettled);
    await run.git.flush({ refs: [moved(newOid)] });
  });
}

async function keepSnapshot(recovering: Recovering, runId: string, snapshotOid: string): Promise<boolean> {
  const { treeOid, parentOids, message } = await recovering.run.git.resolve({ name: snapshotOid });
  // The user's own, and in the user's files: effects that began from it have it as their parent.
  if (isWorkingTreeBase(message)) return true;
  const [baseOid] = parentOids;
  if (treeOid === null || baseOid === undefined) throw new Error("it is not a snapshot that can be read");
  const effectId = effectNamed(messagePattern.exec(message ?? "")?.[1] ?? null, `snapshot ${snapshotOid}`);
  const work = { effectId, snapshotOid, treeOid, baseOid, unheld: [], worktreePath: null };
  return keepFound(recovering, runId, work, null);
}
