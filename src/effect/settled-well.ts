// Which outcomes leave nothing to do about an effect.

import type { OutcomeKind } from "./effect.js";

/** Landed or unchanged: nothing is kept, and the exit code of a program can be 0. */
export function isSettledWell(kind: OutcomeKind): boolean {
  return kind === "landed" || kind === "unchanged";
}
