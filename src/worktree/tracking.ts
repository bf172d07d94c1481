// When tracking alone may tell what a task changed, and what is said when it did not. How it works: docs/tracking.md.

import type { SnapshotReply } from "../git/native.js";
import type { Options } from "../options.js";
import type { Run } from "../run.js";

/**
 * Who may have written into a worktree. A child process can write through a hard link from outside, which raises no event of
 * the system: after one the whole worktree is looked at as well.
 */
export type Writer = "this process" | "child process";

/** Whether a snapshot looks at the whole worktree beside what tracking says. */
export function mustVerify({ trackingAudit }: Options, writer: Writer): boolean {
  return writer === "child process" || (trackingAudit > 0 && Math.random() * trackingAudit < 1);
}

/** Tells of a scan that was not asked for, and of changes that tracking did not know of. */
export function reportTracking(
  run: Run,
  worktree: string,
  step: "snapshot" | "reset",
  { scanned, missed = [] }: Pick<SnapshotReply, "scanned"> & Partial<Pick<SnapshotReply, "missed">>,
): void {
  if (run.options.tracking === "off") return;
  if (scanned !== null) run.emit("worktree:scanned", { worktree, step, reason: scanned });
  if (missed.length > 0) run.emit("tracking:missed", { worktree, paths: missed });
}
