// The manager: the public surface over one repository. What an effect goes through is told in street.ts.

import { type Base, baseNamed, resolveBase } from "./base.js";
import { leaseOwner } from "./driven-lease.js";
import type { EffectRequest, Outcome, ValueOfRequest } from "./effect/effect.js";
import { requireEffectId } from "./effect/effect-id.js";
import { OutcomeDraft } from "./effect/outcome.js";
import { requireRequest } from "./effect/request.js";
import { EffectClaims } from "./effect-claims.js";
import { asFailure, CoppiceError } from "./errors.js";
import type { EventName, Events, Recovery, RepositoryChange } from "./events.js";
import { landKept } from "./kept-landing.js";
import { dropKept, type KeptWork, listKept } from "./merge/kept.js";
import { type ManagerOptions, type RunOptions, resolveOptions, resolveRunOptions } from "./options.js";
import { Parallel, type Start } from "./parallel.js";
import { isNothing } from "./recovery/recovery-log.js";
import { closeRooms, openRooms, type Rooms } from "./rooms.js";
import { acquireLease, type Walk, walkStreet } from "./street.js";
import type { Lease, LeaseOwner } from "./worktree/lease.js";
import { listWorktrees, type ManagedWorktree } from "./worktree/list.js";

export class WorktreeManager implements AsyncDisposable {
  readonly #rooms: Rooms;
  readonly #claims: EffectClaims;
  readonly #owner: LeaseOwner;
  readonly #streetOwner: LeaseOwner;
  readonly #walking = new Set<Promise<unknown>>();
  readonly #leases = new Map<Lease, Base>();
  readonly #endWatch: () => void;
  /** Ends waiting for a lease that nobody will drive any more. */
  readonly #closed = new AbortController();
  #closing: Promise<void> | null = null;

  /** `all`, `allSettled`, `map` and `mapSettled` over this manager. */
  readonly parallel: Parallel;

  private constructor(rooms: Rooms) {
    this.#rooms = rooms;
    this.#claims = new EffectClaims(rooms.run);
    this.#endWatch = rooms.run.git.closeWhenStuck(this.#rooms.abort.signal);
    const resolve = (base: string) => resolveBase(rooms, base);
    this.#streetOwner = leaseOwner(rooms, { resolveBase: resolve, ended: async () => {} });
    this.#owner = leaseOwner(rooms, { resolveBase: resolve, ended: (lease) => this.#leaseEnded(lease) });
    this.parallel = new Parallel({
      base: (name) => baseNamed(this.#rooms, name),
      require: (requests) => this.#require(requests),
      start: (walk) => this.#start(walk),
      track: (call) => this.#track(call),
    });
  }

  /**
   * Opens the repository at or above `path`, and recovers what dead processes left there (event `recovered`). Nothing is written
   * before every check has passed. Throws ERR_OPTION,
   * ERR_NOT_A_REPOSITORY, ERR_UNSUPPORTED_REPOSITORY, ERR_UNBORN_HEAD, ERR_REPOSITORY_BUSY, ERR_TARGET_NOT_FOUND,
   * ERR_WORKTREES_PATH, ERR_PROVISION, ERR_ADDON_LOAD.
   */
  static async open(path: string, options: ManagerOptions = {}): Promise<WorktreeManager> {
    const rooms = await openRooms(path, resolveOptions(options));
    const { events, recovery } = rooms;
    // Later, so that whoever awaits this can listen first.
    if (!isNothing(recovery)) setImmediate(() => events.emit("recovered", { recovery }));
    return new WorktreeManager(rooms);
  }

  get runId(): string {
    return this.#rooms.run.id;
  }

  /** What dead processes had left when this manager opened, and what became of it. */
  get recovery(): Recovery {
    return this.#rooms.recovery;
  }

  /** Runs one effect and lands it. Rejects only before anything was done; whatever goes wrong later is an outcome. */
  async run<const R extends EffectRequest>(request: R, options: RunOptions = {}): Promise<Outcome<ValueOfRequest<R>>> {
    const { base, signal } = resolveRunOptions(options);
    this.#require([request]);
    const outcome = await this.#start({ ...alone, request, signal, base: baseNamed(this.#rooms, base) });
    return outcome as Outcome<ValueOfRequest<R>>;
  }

  /** Runs effects as they come and gives outcomes as they settle; the next request is taken when a worktree is free for it. */
  stream<const R extends EffectRequest>(
    requests: Iterable<R> | AsyncIterable<R>,
    options: RunOptions = {},
  ): AsyncGenerator<Outcome<ValueOfRequest<R>>, void, undefined> {
    return this.parallel.stream(requests, resolveRunOptions(options));
  }

  /**
   * Leases a worktree for you to drive: edit `lease.path`, then `land`, then end it. Throws ERR_EFFECT_ID,
   * ERR_EFFECT_DUPLICATE, ERR_EFFECT_CLAIMED, ERR_BASE_NOT_FOUND, ERR_TIMEOUT.
   */
  async acquire(effectId: string, options: RunOptions = {}): Promise<Lease> {
    const { base, signal } = resolveRunOptions(options);
    requireEffectId(effectId);
    this.#requireOpen();
    return this.#track(this.#acquire(effectId, base, this.#signal(signal, this.#closed.signal)));
  }

  async #acquire(effectId: string, baseName: string, signal: AbortSignal): Promise<Lease> {
    await this.#claims.take(effectId);
    const base = baseNamed(this.#rooms, baseName);
    try {
      const draft = new OutcomeDraft(effectId, this.runId);
      const baseOid = await base.take();
      const place = await this.#rooms.pool.admit(effectId, signal);
      const lease = await acquireLease(this.#rooms, this.#owner, draft, baseOid, "driven", place, signal);
      this.#leases.set(lease, base);
      return lease;
    } catch (error) {
      base.giveUp();
      await this.#claims.giveUp(effectId);
      throw asFailure(error, signal);
    }
  }

  /** The working tree of the opened repository, absolute (null: bare), and the commit that the target is at. */
  async describe(): Promise<{ workingDirectory: string | null; tipOid: string }> {
    return { workingDirectory: this.#rooms.run.repository.workingDirectory, tipOid: await this.#rooms.target.tip() };
  }

  /** The last outcome that the ledger of this run has for an effect, from whatever process; null: it has not settled. */
  async recorded(effectId: string): Promise<Outcome | null> {
    requireEffectId(effectId);
    return this.#rooms.settlement.recorded(effectId);
  }

  /** The worktrees of Coppice in this repository, of this run and of others. */
  list(): Promise<ManagedWorktree[]> {
    return listWorktrees(this.#rooms.run.git);
  }

  /** Results that did not land, of this run and of others. */
  kept(): Promise<KeptWork[]> {
    return listKept(this.#rooms.run.git);
  }

  /** Lands work that this run has kept: open the manager with its run ID. Throws ERR_KEPT_NOT_FOUND, ERR_EFFECT_DUPLICATE. */
  async landKept(effectId: string, options: { message?: string } = {}): Promise<Outcome> {
    return this.#claimed(effectId, () => landKept(this.#rooms, effectId, options.message));
  }

  /** Drops work that this run has kept. Throws ERR_KEPT_NOT_FOUND, ERR_EFFECT_DUPLICATE. */
  async dropKept(effectId: string): Promise<KeptWork> {
    return this.#claimed(effectId, () => dropKept(this.#rooms.run.git, this.runId, effectId));
  }

  /**
   * Changes of the shared repository (configuration, hooks, info, alternates) that bear code and that nobody has acknowledged:
   * while there are any, nothing lands, and effects settle as blocked.
   */
  get unacknowledged(): readonly RepositoryChange[] {
    return this.#rooms.repository.unacknowledged;
  }

  /**
   * Says that the changes reported so far are wanted, so that landing goes on; `landKept` lands what was kept meanwhile. Gives
   * the changes that had stopped it. A listener of "repository:changed" may call this.
   */
  acknowledge(): readonly RepositoryChange[] {
    return this.#rooms.repository.acknowledge();
  }

  /** Listens to a transition; gives back what removes the listener. */
  on<Name extends EventName>(name: Name, listener: (event: Events[Name]) => void): () => void {
    return this.#rooms.events.on(name, listener);
  }

  /**
   * Aborts every effect that is under way; each settles as aborted, with its work kept. Where the system does not answer, the operation is
   * given up after `limits.stopTimeoutMs`: then the effects settle without a record, and the next one to open the repository recovers.
   */
  abort(reason: unknown = new CoppiceError("ERR_ABORTED", "the manager was aborted")): void {
    this.#rooms.abort.abort(reason);
  }

  /**
   * Waits for what was handed in before: every effect of every call, begun or not, and what streams have taken. What comes later, the next
   * request of a stream too, is refused (ERR_CLOSED). Then it releases leases that are still held (their work is kept) and removes the
   * pool. An effect that waits for a worktree which only such a lease has waits until you end that lease. `abort` stops it all. Throws
   * ERR_TIMEOUT when something does not stop within `limits.stopTimeoutMs`.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#closed.abort(closedError());
    await Promise.allSettled(this.#walking);
    await Promise.allSettled([...this.#leases.keys()].map((lease) => lease.release()));
    this.#endWatch();
    await closeRooms(this.#rooms);
  }

  /** Before anything is written: every request of a call is checked, and none is under way already. */
  #require(requests: readonly unknown[]): void {
    this.#requireOpen();
    for (const request of requests) requireRequest(request);
    this.#claims.requireFree(requests.map((request) => (request as EffectRequest).id));
  }

  #start(walk: Start): Promise<Outcome> {
    const { request } = walk;
    const signal = this.#signal(walk.signal, request.signal);
    // Asked for at once, so that effects get their worktrees in the order in which they were requested.
    const place = this.#rooms.pool.admit(request.id, signal);
    // It is awaited later: an abort may come before.
    place.catch(() => {});
    return this.#track(this.#settle(request, { ...walk, signal, place }));
  }

  /** Never rejects: an effect that another process works on is an outcome of its call like any other. */
  async #settle({ id: effectId, labels }: EffectRequest, walk: Walk): Promise<Outcome> {
    const { run, events } = this.#rooms;
    let outcome: Outcome;
    let unlabel = () => {};
    try {
      await this.#claims.take(effectId);
      if (labels !== undefined) unlabel = events.label(effectId, labels);
      run.emit("effect:requested", { effectId });
      outcome = await walkStreet(this.#rooms, this.#streetOwner, walk);
      await this.#claims.giveUp(effectId);
    } catch (error) {
      outcome = new OutcomeDraft(effectId, run.id, labels).failed(asFailure(error, walk.signal), null);
    } finally {
      walk.admitted();
      walk.passed();
      walk.base.giveUp();
      // Harmless when its lease has given it back; a replayed effect never used it.
      walk.place.then(
        (giveBack) => giveBack(),
        () => {},
      );
    }
    run.emit("effect:settled", { effectId, outcome });
    unlabel();
    return outcome;
  }

  #signal(...signals: (AbortSignal | undefined)[]): AbortSignal {
    return AbortSignal.any([this.#rooms.abort.signal, ...signals.filter((signal) => signal !== undefined)]);
  }

  async #claimed<T>(effectId: string, act: () => Promise<T>): Promise<T> {
    requireEffectId(effectId);
    this.#requireOpen();
    await this.#claims.take(effectId);
    return this.#track(act().finally(() => this.#claims.giveUp(effectId)));
  }

  async #leaseEnded(lease: Lease): Promise<void> {
    this.#leases.get(lease)?.giveUp();
    this.#leases.delete(lease);
    await this.#claims.giveUp(lease.effectId);
  }

  #track<T>(work: Promise<T>): Promise<T> {
    const tracked = work.finally(() => this.#walking.delete(tracked));
    this.#walking.add(tracked);
    return tracked;
  }

  #requireOpen(): void {
    if (this.#closing !== null) throw closedError();
  }
}

function closedError(): CoppiceError {
  return new CoppiceError("ERR_CLOSED", "the manager is closed: open another one");
}

/** How an effect walks that belongs to no call of `all` or `map`: it lands as it settles. */
const alone = { admitted: () => {}, turn: async () => {}, passed: () => {}, group: null };
