// The snapshot of a lease: everything that the task changed becomes one commit, and the commit is on disk when this
// resolves. Only then may the worktree be reset.

import type { Snapshot } from "../effect/effect.js";
import type { SnapshotLimits } from "../git/native.js";
import type { Options } from "../options.js";
import { type Run, signatures } from "../run.js";
import type { Anchor } from "./anchor.js";
import { mustVerify, reportTracking, type Writer } from "./tracking.js";
import type { PooledWorktree } from "./worktree-supply.js";

/** Everything that differs from the base, whatever it is. */
export const noLimits: SnapshotLimits = { files: 0, bytes: 0, depth: 0, pathBytes: 0, portablePaths: false };

function snapshotLimits({ limits, portablePaths }: Options): SnapshotLimits {
  const { snapshotFiles: files, snapshotBytes: bytes, snapshotDepth: depth, snapshotPathBytes: pathBytes } = limits;
  return { files, bytes, depth, pathBytes, portablePaths };
}

/** Throws ERR_NO_SPACE, ERR_NATIVE, ERR_CORRUPT; the files are then untouched and the worktree is the only copy. */
export async function takeSnapshot(
  run: Run,
  anchor: Anchor,
  worktree: PooledWorktree,
  effect: { effectId: string; baseOid: string },
  writer: Writer,
): Promise<Snapshot> {
  const verify = mustVerify(run.options, writer);
  const reply = await run.git.snapshot({
    name: worktree.name,
    path: worktree.path,
    baseOid: effect.baseOid,
    exclude: worktree.provisioned.paths,
    limits: snapshotLimits(run.options),
    ...signatures(run),
    message: `Snapshot of effect ${effect.effectId}\n`,
    verify,
  });
  reportTracking(run, worktree.name, "snapshot", reply);
  if (reply.snapshotOid !== null) await anchor.hold(reply.snapshotOid, reply.treeOid);
  return {
    snapshotOid: reply.snapshotOid,
    treeOid: reply.treeOid,
    baseOid: effect.baseOid,
    changes: reply.changes,
    unheld: reply.unheld,
    taskMessages: reply.taskCommits.map((commit) => commit.message),
  };
}
