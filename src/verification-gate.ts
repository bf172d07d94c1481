// The gate before the target: runs the task of option `verify` on a merged tree, in a worktree of the pool that has a place of its
// own, so that it never waits for an effect that waits for it. What the task writes is nobody's: it never lands, and goes with the
// next reset.

import { asFailure, type ErrorCode, isCoppiceError } from "./errors.js";
import type { Candidate, Gate } from "./merge/verification.js";
import type { Run } from "./run.js";
import { isAbandoned, type Runner } from "./runner/runner.js";
import type { WorktreePool } from "./worktree/worktree-pool.js";
import type { PooledWorktree } from "./worktree/worktree-supply.js";

/** The task has looked, and says no. Any other failure is one of asking. */
const refusals: readonly ErrorCode[] = ["ERR_TASK_FAILED", "ERR_COMMAND_FAILED", "ERR_TIMEOUT", "ERR_TASK_LOST"];
/** Milliseconds, where neither the option nor the limits say anything: nothing else lands while it runs. */
const usualTimeoutMs = 30 * 60_000;
/** In messages and variables, where an effect's task has its effect's ID. */
const gateName = "verify";

export class VerificationGate {
  readonly #run: Run;
  readonly #pool: WorktreePool;
  readonly #runner: Runner;
  readonly #signal: AbortSignal;
  readonly #refName: string;
  #held = false;

  /** `signal` ends what is under way, whoever waits for it. */
  constructor(run: Run, pool: WorktreePool, runner: Runner, signal: AbortSignal) {
    this.#run = run;
    this.#pool = pool;
    this.#runner = runner;
    this.#signal = signal;
    this.#refName = run.refs.candidate(run.instanceId);
  }

  /** Null: no task is given, and everything may land. */
  get ask(): Gate | null {
    if (this.#run.options.verify === undefined) return null;
    return async (candidate) => {
      const signal = AbortSignal.any([this.#signal, candidate.signal]);
      try {
        return await this.#ask(candidate, signal);
      } catch (error) {
        throw asFailure(error, signal);
      }
    };
  }

  /** Nothing is asked any more. */
  async close(): Promise<void> {
    if (this.#held) await this.#hold(null);
  }

  async #ask(candidate: Candidate, signal: AbortSignal): Promise<Awaited<ReturnType<Gate>>> {
    const { commitOid, effectIds } = candidate;
    signal.throwIfAborted();
    // A worktree's HEAD names the commit, so it is on disk and reachable before there is one (PROTOCOLS P1).
    await this.#hold(commitOid);
    const effect = { effectId: gateName, baseOid: commitOid, kind: "verification" as const };
    const { worktree } = await this.#pool.acquire(effect, () => {}, signal);
    this.#run.emit("verify:started", { commitOid, effectIds, worktree: worktree.name, path: worktree.path });
    const start = performance.now();
    const failure = await this.#runTask(worktree, candidate, signal).then(
      () => null,
      (error: unknown) => error,
    );
    const durationMs = performance.now() - start;
    await this.#pool.taskEnded(worktree);
    this.#run.emit("verify:ended", { commitOid, effectIds, ok: failure === null, durationMs });
    if (isAbandoned(failure))
      await this.#pool.keep(worktree, "a verification still runs in it and could not be stopped");
    else await this.#pool.release(worktree);
    if (failure === null) return null;
    if (isCoppiceError(failure) && refusals.includes(failure.code)) return failure;
    throw failure;
  }

  #runTask(worktree: PooledWorktree, { effectIds }: Candidate, signal: AbortSignal): Promise<unknown> {
    const run = this.#run;
    const { verify, limits } = run.options;
    if (verify === undefined) return Promise.resolve();
    return this.#runner.run({
      effectId: gateName,
      runId: run.id,
      attempt: 1,
      verifies: effectIds,
      task: verify.task,
      path: worktree.path,
      signal,
      timeoutMs: verify.timeoutMs ?? (limits.taskTimeoutMs || usualTimeoutMs),
      graceMs: limits.graceMs,
      outputBytes: limits.outputBytes,
      valueBytes: limits.valueBytes,
      inheritDescriptors: [worktree.descriptor],
      onStart: () => {},
      onProgress: () => {},
      onOutput: (stream, text) => run.emit("verify:output", { stream, text }),
    });
  }

  async #hold(newOid: string | null): Promise<void> {
    const refs = [{ refName: this.#refName, newOid, compare: false, expectedOid: null, reflog: null }];
    await this.#run.git.flush({ refs });
    this.#held = newOid !== null;
  }
}
