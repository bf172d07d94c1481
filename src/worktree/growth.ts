// When one more worktree pays: when the last effect in the queue would start sooner although everybody waits until it is
// there. One more is either made, or an idle one is moved to another base; what each costs is measured.
// What is not known yet is learned: how long each kind of task holds a worktree from those that ended; one that is still held
// counts as held for at least as long again as it has been (so a wait that nobody could foresee costs at most twice the making).
// Rejected: a worktree for every effect up to the limit, which made 100 short effects over 20,000 files wait for eight
// worktrees where two were faster. Rejected: comparing with the wait of the last in the queue alone; making takes all cores, and
// short effects then stood still for a second each time one was made.

/**
 * What holds a worktree. "driven" is a lease in the hands of the caller, who may wait for a second one before ending it;
 * "verification" is what looks at a merged tree.
 */
export type HoldKind = "function" | "module" | "command" | "harness" | "driven" | "verification";

export interface Hold {
  readonly kind: HoldKind;
  /** Milliseconds since it was handed out. */
  readonly ageMs: number;
}

/** How long one was held: by its task, and by us around it (reset, snapshot, flush). */
interface Held {
  readonly taskMs: number;
  readonly ownMs: number;
}

/** The newest measurement counts as much as all earlier ones together: machines get busy and tasks differ. */
const newestShare = 0.5;

export class Growth {
  #makingMs = 0;
  #movingMs: number | null = null;
  readonly #held = new Map<HoldKind, Held>();
  readonly #busy: number;

  /** `busy`: how many worktrees our own work around the tasks can keep busy. */
  constructor(busy: number) {
    this.#busy = busy;
  }

  /** Milliseconds that making one takes. */
  get makingMs(): number {
    return this.#makingMs;
  }

  /** One was made. */
  made(ms: number): void {
    this.#makingMs = this.#makingMs === 0 ? ms : mixed(this.#makingMs, ms);
  }

  /** One was brought to another base. */
  moved(ms: number): void {
    this.#movingMs = this.#movingMs === null ? ms : mixed(this.#movingMs, ms);
  }

  /** One came back. A caller's own lease tells nothing about the next. */
  held(kind: HoldKind, { taskMs, ownMs }: Held): void {
    if (kind === "driven") return;
    const before = this.#held.get(kind) ?? { taskMs, ownMs };
    this.#held.set(kind, { taskMs: mixed(before.taskMs, taskMs), ownMs: mixed(before.ownMs, ownMs) });
  }

  /** Whether to make one more for `waiting` effects in the queue. */
  making(holds: readonly Hold[], waiting: number): boolean {
    return this.#pays(this.#makingMs, holds, waiting);
  }

  /** Whether to move an idle one to the base that `waiting` effects in the queue want. The first time it is, to learn what it costs. */
  moving(holds: readonly Hold[], waiting: number): boolean {
    return this.#movingMs === null ? waiting > 0 : this.#pays(this.#movingMs, holds, waiting);
  }

  #pays(costMs: number, holds: readonly Hold[], waiting: number): boolean {
    if (waiting === 0) return false;
    if (holds.length === 0) return true;
    const scales = holds.length < this.#busy;
    const roundMs = holds.reduce((sum, hold) => sum + this.#expectedMs(hold, scales), 0) / holds.length;
    const rounds = Math.ceil(waiting / holds.length);
    const roundsWithOneMore = Math.ceil(waiting / (holds.length + 1));
    // The last round with one more begins as soon as the one before it has ended, hence the 1.
    return (rounds - roundsWithOneMore + 1) * roundMs > costMs;
  }

  /** Once that many are held our own work gains nothing from one more: only what tasks wait for does. */
  #expectedMs({ kind, ageMs }: Hold, scales: boolean): number {
    const { taskMs, ownMs } = this.#held.get(kind) ?? { taskMs: unmeasuredMs[kind], ownMs: 0 };
    return Math.max(taskMs + (scales ? ownMs : 0), ageMs - ownMs);
  }
}

/** A function or module may be over at once; a program seldom is, and a caller's lease never by itself. */
const unmeasuredMs: Record<HoldKind, number> = {
  function: 0,
  module: 0,
  command: Number.POSITIVE_INFINITY,
  harness: Number.POSITIVE_INFINITY,
  driven: Number.POSITIVE_INFINITY,
  verification: Number.POSITIVE_INFINITY,
};

function mixed(before: number, newest: number): number {
  return before * (1 - newestShare) + newest * newestShare;
}
