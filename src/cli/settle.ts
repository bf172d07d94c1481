// What `run` and `map` share: open a manager, show the effects while they run, then say how each ended.

import { relative } from "node:path";
import {
  type CallOptions,
  CoppiceError,
  type EffectRequest,
  isSettledWell,
  type ManagerOptions,
  type Outcome,
  WorktreeManager,
} from "../index.js";
import { duration, explainOutcomes, outcomeTable, paintFor, showProgress, tally, tallyLine } from "../report.js";
import type { RepositoryFlags } from "./flags.js";
import { onInterrupt } from "./interrupt.js";

const maxRows = 200;
const defaultWidth = 100;

/** Runs the effects; the exit code is 0 only if every one landed or was unchanged. */
export async function settleEffects(
  flags: RepositoryFlags,
  options: ManagerOptions,
  requests: readonly EffectRequest[],
  call: CallOptions,
): Promise<number> {
  const start = performance.now();
  const manager = await WorktreeManager.open(flags.repo, options);
  const { runId } = manager;
  const outcomes = await settleAll(manager, requests, call);
  const wallMs = Math.round(performance.now() - start);
  sayOutcomes(flags, outcomes, wallMs);
  const { unacknowledged } = manager;
  if (flags.json) console.log(JSON.stringify({ runId, ...summary(outcomes, wallMs), unacknowledged, outcomes }));
  return outcomes.every(({ kind }) => isSettledWell(kind)) ? 0 : 1;
}

async function settleAll(
  manager: WorktreeManager,
  requests: readonly EffectRequest[],
  call: CallOptions,
): Promise<readonly Outcome[]> {
  const progress = showProgress(manager, { total: requests.length });
  const stop = onInterrupt((signal) => {
    progress.say(`${signal}: the tasks are asked to end, and their work is kept; once more ends at once.`);
    manager.abort(new CoppiceError("ERR_ABORTED", `interrupted by ${signal}`));
  });
  try {
    return await manager.parallel.allSettled(requests, call);
  } finally {
    await manager.close().finally(() => {
      stop();
      progress.close();
    });
  }
}

/** For people: on standard output, unless that belongs to the JSON object. */
function sayOutcomes({ json, repo }: RepositoryFlags, outcomes: readonly Outcome[], wallMs: number): void {
  const stream = json ? process.stderr : process.stdout;
  const paint = paintFor(stream);
  const width = stream.columns ?? defaultWidth;
  const lines = [...outcomeTable(outcomes, { width, maxRows, paint }), ""];
  const explained = explainOutcomes(outcomes, paint);
  // The commands are meant for whoever stands in the repository.
  if (explained.length > 0 && relative(process.cwd(), repo) !== "") lines.push(`In ${repo}:`, "");
  lines.push(...explained, `${tallyLine(tally(outcomes), paint)}  ${paint("dim", `in ${duration(wallMs)}`)}`);
  stream.write(`${lines.join("\n")}\n`);
}

export function summary(outcomes: readonly Outcome[], wallMs: number) {
  const kept = outcomes.filter((outcome) => outcome.kept !== null).length;
  return { effects: outcomes.length, ...tally(outcomes), kept, wallMs };
}
