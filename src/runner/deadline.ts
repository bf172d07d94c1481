// The end of a task from outside: the caller's abort, the runner's close, or the timeout, which counts from the task's
// start. First the soft signal, which the task sees; `graceMs` later the hard one, upon which its runner ends it alone.
// Both timers are gone with `end()`, so neither outlives the task and holds the process open.

import { setMaxListeners } from "node:events";
import { CoppiceError } from "../errors.js";
import type { RunRequest } from "./runner.js";

export class Deadline {
  readonly #soft = new AbortController();
  readonly #hard = new AbortController();
  readonly #request: Pick<RunRequest, "effectId" | "signal" | "timeoutMs" | "graceMs">;
  readonly #closing: AbortSignal;
  #askedAt: number | null = null;
  #timeout: NodeJS.Timeout | undefined;
  #grace: NodeJS.Timeout | undefined;

  /** @param closing the runner's own end, which counts as an abort */
  constructor(request: Pick<RunRequest, "effectId" | "signal" | "timeoutMs" | "graceMs">, closing: AbortSignal) {
    this.#request = request;
    this.#closing = closing;
    for (const signal of this.#sources()) {
      // Many effects may share one signal, and each takes its listener away again: no leak to warn of.
      setMaxListeners(0, signal);
      signal.addEventListener("abort", this.#onAbort);
    }
    if (this.#sources().some((signal) => signal.aborted)) this.#onAbort();
  }

  /** The task is asked to end; the reason is a CoppiceError, ERR_ABORTED or ERR_TIMEOUT. */
  get soft(): AbortSignal {
    return this.#soft.signal;
  }

  /** The grace is over: the task is made to end. */
  get hard(): AbortSignal {
    return this.#hard.signal;
  }

  /** Why the task is asked to end; null while it is not. */
  get error(): CoppiceError | null {
    return this.#soft.signal.aborted ? (this.#soft.signal.reason as CoppiceError) : null;
  }

  /** What is left of the grace: all of it before the soft signal. */
  get graceLeftMs(): number {
    const used = this.#askedAt === null ? 0 : performance.now() - this.#askedAt;
    return Math.max(0, this.#request.graceMs - used);
  }

  /** The task starts now: from here its time counts. */
  start(): void {
    const { effectId, timeoutMs } = this.#request;
    if (timeoutMs === 0 || this.#timeout !== undefined) return;
    this.#timeout = setTimeout(() => {
      const message = `effect "${effectId}" ran for longer than ${timeoutMs} ms, counted from its start; raise timeoutMs`;
      this.#ask(new CoppiceError("ERR_TIMEOUT", message));
    }, timeoutMs);
  }

  /** The task has settled: nothing fires any more, and an abort that comes later changes nothing. */
  end(): void {
    clearTimeout(this.#timeout);
    clearTimeout(this.#grace);
    for (const signal of this.#sources()) signal.removeEventListener("abort", this.#onAbort);
  }

  readonly #onAbort = (): void => {
    const aborted = this.#sources().find((signal) => signal.aborted);
    this.#ask(
      new CoppiceError("ERR_ABORTED", `effect "${this.#request.effectId}" was aborted`, { cause: aborted?.reason }),
    );
  };

  #ask(error: CoppiceError): void {
    if (this.#soft.signal.aborted) return;
    this.#askedAt = performance.now();
    // Never at once, even with a grace of 0: what the task does within this turn of the event loop still counts.
    this.#grace = setTimeout(() => this.#hard.abort(error), this.#request.graceMs);
    this.#soft.abort(error);
  }

  #sources(): AbortSignal[] {
    return this.#request.signal === undefined ? [this.#closing] : [this.#request.signal, this.#closing];
  }
}
