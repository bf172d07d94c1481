// Many effects in one call: `all` and `map` with one base and one order of landing, `stream` as they come.

import type { Base } from "./base.js";
import type { EffectRequest, Outcome, ValueOfRequest } from "./effect/effect.js";
import { isSettledWell } from "./effect/settled-well.js";
import { CoppiceError } from "./errors.js";
import { type CallOptions, type ResolvedCallOptions, type ResolvedRunOptions, resolveCallOptions } from "./options.js";
import { Semaphore } from "./semaphore.js";
import type { Walk } from "./street.js";

type Requests = readonly EffectRequest[];
export type Outcomes<R extends Requests> = { -readonly [K in keyof R]: Outcome<ValueOfRequest<R[K]>> };
export type Values<R extends Requests> = { -readonly [K in keyof R]: ValueOfRequest<R[K]> };

/** What `all` and `map` reject with, after every effect has settled. */
export class EffectsError extends CoppiceError {
  override readonly name = "EffectsError";
  /** In the order of the requests. */
  readonly outcomes: readonly Outcome[];

  constructor(outcomes: readonly Outcome[]) {
    const bad = outcomes.filter((outcome) => !isSettledWell(outcome.kind));
    const list = bad.slice(0, 5).map((outcome) => `${outcome.effectId} ${outcome.kind}`);
    const more = bad.length > list.length ? ` and ${bad.length - list.length} more` : "";
    super("ERR_EFFECTS", `${bad.length} of ${outcomes.length} effects did not land: ${list.join(", ")}${more}`);
    this.outcomes = outcomes;
  }
}

/** A walk whose signal is still the caller's alone. */
export type Start = Omit<Walk, "signal" | "place"> & { signal: AbortSignal | undefined };

/** The manager's side. */
interface Host {
  base(name: string): Base;
  /** Throws before anything is written when a request is wrong, or an ID appears twice. */
  require(requests: readonly unknown[]): void;
  start(walk: Start): Promise<Outcome>;
  /** Closing waits for it. */
  track<T>(call: Promise<T>): Promise<T>;
}

export class Parallel {
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Like `Promise.all`, but every effect settles first. Rejects with an EffectsError unless all landed or were unchanged. */
  async all<const R extends Requests>(requests: R, options: CallOptions = {}): Promise<Values<R>> {
    return valuesOf(await this.#settle(requests, options)) as Values<R>;
  }

  /** The outcomes, in the order of the requests. Rejects only before anything was done. */
  async allSettled<const R extends Requests>(requests: R, options: CallOptions = {}): Promise<Outcomes<R>> {
    return (await this.#settle(requests, options)) as Outcomes<R>;
  }

  /** `all` over a request made from each item. */
  async map<Item, const R extends EffectRequest>(
    items: Iterable<Item>,
    request: (item: Item, index: number) => R,
    options: CallOptions = {},
  ): Promise<ValueOfRequest<R>[]> {
    return valuesOf(await this.#settle([...items].map(request), options)) as ValueOfRequest<R>[];
  }

  /** `allSettled` over a request made from each item. */
  async mapSettled<Item, const R extends EffectRequest>(
    items: Iterable<Item>,
    request: (item: Item, index: number) => R,
    options: CallOptions = {},
  ): Promise<Outcome<ValueOfRequest<R>>[]> {
    return (await this.#settle([...items].map(request), options)) as Outcome<ValueOfRequest<R>>[];
  }

  /** Outcomes as they settle. Ending the iteration early takes no further request and waits for those under way. */
  async *stream<R extends EffectRequest>(
    requests: Iterable<R> | AsyncIterable<R>,
    options: ResolvedRunOptions,
  ): AsyncGenerator<Outcome<ValueOfRequest<R>>, void, undefined> {
    const flow = new Flow(requests, (request, admitted) => {
      this.#host.require([request]);
      return this.#host.start({
        ...options,
        request,
        admitted,
        base: this.#host.base(options.base),
        turn: async () => {},
        passed: () => {},
        group: null,
      });
    });
    try {
      for (;;) {
        const outcome = await flow.next();
        if (outcome === null) return;
        yield outcome as Outcome<ValueOfRequest<R>>;
      }
    } finally {
      await flow.end();
    }
  }

  async #settle(requests: Requests, raw: CallOptions): Promise<Outcome[]> {
    const options = resolveCallOptions(raw);
    this.#host.require(requests);
    return this.#host.track(this.#settleAll(requests, options));
  }

  async #settleAll(requests: Requests, options: ResolvedCallOptions): Promise<Outcome[]> {
    if (options.base === "latest") return this.#settleFrom(() => this.#host.base("latest"), requests, options);
    // One for the whole call, taken before the first effect can move the tip.
    const base = this.#host.base(options.base);
    const batchOid = await base.take();
    const shared = { take: async () => batchOid, giveUp: () => {}, again: () => base.again() };
    return this.#settleFrom(() => shared, requests, options).finally(() => base.giveUp());
  }

  async #settleFrom(base: () => Base, requests: Requests, options: ResolvedCallOptions): Promise<Outcome[]> {
    const turns = new Turns(requests.length, options.order);
    // Granted in the order of the requests: whoever waits for its turn waits for effects that have begun.
    const places = options.concurrency === 0 ? null : new Semaphore(options.concurrency);
    const start = (request: EffectRequest, index: number) =>
      this.#host.start({
        request,
        base: base(),
        signal: options.signal,
        admitted: () => {},
        turn: () => turns.come(index),
        passed: () => turns.pass(index),
        group: options.order === "request" ? turns : null,
      });
    return Promise.all(
      requests.map(async (request, index) => {
        if (places === null) return start(request, index);
        const release = await places.acquire();
        return start(request, index).finally(release);
      }),
    );
  }
}

/** The order in which the effects of one call come to the merge queue. */
class Turns {
  readonly #passed: boolean[];
  readonly #waiting = new Map<number, () => void>();
  readonly #ordered: boolean;
  #next = 0;

  constructor(count: number, order: ResolvedCallOptions["order"]) {
    this.#passed = new Array<boolean>(count).fill(false);
    this.#ordered = order === "request";
  }

  async come(index: number): Promise<void> {
    if (!this.#ordered || index <= this.#next) return;
    await new Promise<void>((resolve) => this.#waiting.set(index, resolve));
  }

  pass(index: number): void {
    this.#passed[index] = true;
    while (this.#passed[this.#next] === true) this.#next++;
    this.#waiting.get(this.#next)?.();
    this.#waiting.delete(this.#next);
  }
}

/** A stream's two ends: requests are taken one by one as each is admitted, outcomes wait until they are read. */
class Flow<R> {
  readonly #settled: Outcome[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #taking: Promise<void>;
  #failure: { error: unknown } | null = null;
  #ended = false;
  #taken = false;
  #wake: () => void = () => {};

  constructor(requests: Iterable<R> | AsyncIterable<R>, start: (request: R, admitted: () => void) => Promise<Outcome>) {
    this.#taking = this.#take(requests, start);
  }

  /** Null: every request has been taken and its outcome read. */
  async next(): Promise<Outcome | null> {
    for (;;) {
      const outcome = this.#settled.shift();
      if (outcome !== undefined) {
        this.#wake();
        return outcome;
      }
      if (this.#failure !== null) throw this.#failure.error;
      if (this.#taken && this.#running.size === 0) return null;
      await this.#change();
    }
  }

  async end(): Promise<void> {
    this.#ended = true;
    this.#wake();
    await this.#taking;
    await Promise.all(this.#running);
  }

  async #take(
    requests: Iterable<R> | AsyncIterable<R>,
    start: (request: R, admitted: () => void) => Promise<Outcome>,
  ): Promise<void> {
    try {
      for await (const request of requests) {
        await new Promise<void>((admitted) => this.#run(start(request, admitted)));
        // A reader who is slow holds the flow: outcomes do not pile up unread.
        while (this.#settled.length > maxUnread && !this.#ended) await this.#change();
        if (this.#ended) break;
      }
    } catch (error) {
      this.#failure = { error };
    }
    this.#taken = true;
    this.#wake();
  }

  #run(outcome: Promise<Outcome>): void {
    const running = outcome
      .then(
        (settled) => void this.#settled.push(settled),
        (error) => {
          this.#failure = { error };
        },
      )
      .then(() => {
        this.#running.delete(running);
        this.#wake();
      });
    this.#running.add(running);
  }

  /** Resolves at the next change. Both ends may wait at once, so a wake reaches both. */
  #change(): Promise<void> {
    const before = this.#wake;
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = () => {};
        before();
        resolve();
      };
    });
  }
}

const maxUnread = 64;

function valuesOf(outcomes: readonly Outcome[]): unknown[] {
  if (!outcomes.every(({ kind }) => isSettledWell(kind))) throw new EffectsError(outcomes);
  return outcomes.map((outcome) => (outcome as { value: unknown }).value);
}
