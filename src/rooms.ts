// Opens the rooms that a manager works with, in the order in which each stands on the last, and closes them in the other.

import { isCoppiceError } from "./errors.js";
import { EventHub, type Recovery } from "./events.js";
import { openGit } from "./git/git.js";
import { Consolidation } from "./merge/consolidation.js";
import { Ledger } from "./merge/ledger.js";
import { MergeQueue } from "./merge/merge-queue.js";
import { Settlement } from "./merge/settlement.js";
import { openTarget, type Target } from "./merge/target.js";
import { WorkingTreeBase } from "./merge/working-tree-base.js";
import type { Options } from "./options.js";
import { untilCleaned } from "./recovery/old-runs.js";
import { recover } from "./recovery/recover.js";
import { SharedRepository } from "./repository/shared-repository.js";
import { instanceClaim, openRun, type Run } from "./run.js";
import { createRunner, type Runner } from "./runner/runner.js";
import { commandTask } from "./task.js";
import { VerificationGate } from "./verification-gate.js";
import { Anchor } from "./worktree/anchor.js";
import { OverlapWatch } from "./worktree/overlap-watch.js";
import { Provisioner } from "./worktree/provision.js";
import { Setup, type SetupRequest } from "./worktree/setup.js";
import { WorktreePool } from "./worktree/worktree-pool.js";

export interface Rooms {
  readonly run: Run;
  readonly repository: SharedRepository;
  readonly events: EventHub;
  readonly target: Target;
  readonly pool: WorktreePool;
  readonly anchor: Anchor;
  readonly runner: Runner;
  readonly settlement: Settlement;
  readonly consolidation: Consolidation;
  readonly gate: VerificationGate;
  /** Ends everything that is under way. */
  readonly abort: AbortController;
  readonly workingTree: WorkingTreeBase;
  /** What opening has recovered. */
  readonly recovery: Recovery;
}

/** Throws before anything is written when the repository or an option is refused. */
export async function openRooms(path: string, options: Options): Promise<Rooms> {
  const events = new EventHub();
  const { nativeThreads, slowOperationMs, lockTimeoutMs, stopTimeoutMs } = options.limits;
  const git = await openGit({ path, threads: nativeThreads, lockTimeoutMs, stopTimeoutMs });
  git.onSlow(slowOperationMs, (slow) => events.emit("operation:slow", slow));
  try {
    const run = await openRun(git, options, events.emit);
    const repository = await SharedRepository.open(run);
    const consolidation = new Consolidation(run);
    const provisioner = await Provisioner.open(run);
    const target = await openTarget(run);
    repository.landsOn(target.refName);
    const runner = createRunner(options.limits, options.harnesses);
    const setup = Setup.open(run, (request) => runSetup(run, runner, request));
    const overlaps = new OverlapWatch(run, () => events.has("effects:overlap"));
    const pool = await WorktreePool.open(run, provisioner, setup, overlaps);
    await git.claim({ name: instanceClaim(run), owner: `process ${process.pid}` });
    await untilCleaned(run);
    // Before anything is asked of the ledger: what a dead process of this run left belongs to its answer.
    const recovery = await recover(run, { dryRun: false });
    const ledger = new Ledger(run);
    const abort = new AbortController();
    const gate = new VerificationGate(run, pool, runner, abort.signal);
    const queue = new MergeQueue(run, target, ledger, () => repository.stopsLanding(), gate.ask);
    const settlement = new Settlement(run, ledger, queue);
    const anchor = new Anchor(run, () => consolidation.room());
    const workingTree = new WorkingTreeBase(run, target, anchor);
    const rooms = { run, repository, events, target, pool, anchor, runner, gate, settlement, consolidation };
    return { ...rooms, workingTree, abort, recovery };
  } catch (error) {
    await git.close();
    throw error;
  }
}

/** Every effect has settled and every lease has ended. Each room is closed even when one before it fails. */
export async function closeRooms(rooms: Rooms): Promise<void> {
  const { run, repository, target, pool, anchor, runner, gate, settlement, consolidation } = rooms;
  const results = await Promise.allSettled([runner.close(), target.reverts?.close()]);
  for (const room of [repository, pool, gate, anchor, settlement, consolidation, run.git]) {
    results.push(...(await Promise.allSettled([room.close()])));
  }
  const rejected = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  // A session that something hangs in is closed before its rooms: what it says is why they could not be.
  const hangs = rejected.find((reason) => isCoppiceError(reason, "ERR_TIMEOUT"));
  if (rejected.length > 0) throw hangs ?? rejected[0];
}

/** The setup command is a command like those of tasks, with the same environment and the same end. */
async function runSetup({ id: runId, options }: Run, runner: Runner, request: SetupRequest): Promise<void> {
  const { command, effectId, path, descriptor, signal, onOutput } = request;
  const { graceMs, outputBytes, valueBytes } = options.limits;
  await runner.run({
    ...{ effectId, runId, attempt: 1, path, signal, graceMs, outputBytes, valueBytes, onOutput },
    task: commandTask(command.command, command.args, { env: command.env }),
    timeoutMs: command.timeoutMs,
    inheritDescriptors: [descriptor],
    onStart: () => {},
    onProgress: () => {},
  });
}
