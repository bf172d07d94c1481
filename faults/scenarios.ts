// The table of scenarios: one row each, in the order in which they are taken.
import type { Scenario } from "./scenario.js";
import { corruption } from "./scenarios/corruption.js";
import { endings } from "./scenarios/endings.js";
import { escapes } from "./scenarios/escapes.js";
import { fullDisk } from "./scenarios/full-disk.js";
import { killCalls } from "./scenarios/kill-calls.js";
import { killRecovery, killSteps } from "./scenarios/kill-steps.js";
import { heldLocks } from "./scenarios/locks.js";
import { misbehaving } from "./scenarios/misbehaving.js";
import { besideProcesses } from "./scenarios/processes.js";
import { scriptBesideUser, scriptKilled, scriptOnFullDisk } from "./scenarios/script.js";
import { soaking } from "./scenarios/soak.js";
import { failSystemCalls, killSystemCalls } from "./scenarios/system-calls.js";
import { userWorks } from "./scenarios/user-works.js";

export const scenarios: readonly Scenario[] = [
  killCalls,
  killSteps,
  killRecovery,
  killSystemCalls,
  fullDisk,
  failSystemCalls,
  userWorks,
  endings,
  besideProcesses,
  heldLocks,
  soaking,
  escapes,
  corruption,
  misbehaving,
];

/** What else there is to be tried, by the name of `--subject`. */
export const product = "coppice";
export const subjects: Readonly<Record<string, readonly Scenario[]>> = {
  [product]: scenarios,
  script: [scriptKilled, scriptOnFullDisk, scriptBesideUser],
};
