// Only what is on record is posted: a result stands for ever, and the ledger is what a restart believes.

import type { Outcome, WorktreeManager } from "../index.js";
import { isUnsettled } from "./results.js";

/**
 * The outcome that the ledger has of an effect that seems to have failed; null: none that settles it. Another process may work on the
 * effect, or have landed it by now; or the failure itself could not be recorded, and recovery keeps the work. Every other outcome is
 * given only once it is on record.
 */
export async function onRecord(manager: WorktreeManager, outcome: Outcome): Promise<Outcome | null> {
  if (outcome.kind !== "failed") return outcome;
  const recorded = await manager.recorded(outcome.effectId);
  return recorded === null || isUnsettled(recorded) ? null : recorded;
}
