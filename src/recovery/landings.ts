// A landing that died (PROTOCOLS P2): forward when its target had moved, else nothing of it remains. One that is at work just now
// finishes by itself.

import type { Recovering } from "./recover.js";

/** Milliseconds to wait for a git of the user's that has the index; the next landing, or the next recovery, tries again. */
const maxWaitMs = 2_000;

export async function recoverLandings({ run, dryRun, log }: Recovering): Promise<void> {
  const timeoutMs = Math.min(maxWaitMs, run.options.limits.lockTimeoutMs);
  const { landing, displaced, locks, busy } = await run.git.recoverLandings({ timeoutMs, dryRun });
  if (busy !== null) log.left("a landing", null, `it is the business of another process: ${busy}`);
  const described =
    landing === null
      ? null
      : { target: landing.refName, oldOid: landing.oldOid, newOid: landing.newOid, forward: landing.forward };
  log.landing({ landing: described, displaced, locks });
}
