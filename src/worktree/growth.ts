// When one more worktree pays: when the last effect in the queue would wait longer for a warm one than making one takes.
// What is not known yet is learned: how long making takes from the first one made, how long each kind of task holds a worktree
// from those that ended; one that is still held counts as held for at least as long again as it has been (so a wait that
// nobody could foresee costs at most twice the making). Rejected: a worktree for every effect up to the limit, which made 100
// short effects over 20,000 files wait for eight worktrees where two were faster.

/** What holds a worktree. "driven" is a lease in the hands of the caller, who may wait for a second one before ending it. */
export type HoldKind = "function" | "module" | "command" | "driven";

export interface Hold {
  readonly kind: HoldKind;
  /** Milliseconds since it was handed out. */
  readonly ageMs: number;
}

/** The newest measurement counts as much as all earlier ones together: machines get busy and tasks differ. */
const newestShare = 0.5;

export class Growth {
  #makingMs = 0;
  readonly #heldMs = new Map<HoldKind, number>();

  /** Milliseconds that making one takes. */
  get makingMs(): number {
    return this.#makingMs;
  }

  /** One was made. */
  made(ms: number): void {
    this.#makingMs = this.#makingMs === 0 ? ms : mixed(this.#makingMs, ms);
  }

  /** One came back. */
  held(kind: HoldKind, ms: number): void {
    const before = this.#heldMs.get(kind);
    this.#heldMs.set(kind, before === undefined ? ms : mixed(before, ms));
  }

  /** Whether to make one more for `waiting` effects in the queue. */
  pays(holds: readonly Hold[], waiting: number): boolean {
    if (waiting === 0) return false;
    if (holds.length === 0) return true;
    const sumMs = holds.reduce((sum, hold) => sum + this.#expectedMs(hold), 0);
    const waitMs = (waiting * (sumMs / holds.length)) / holds.length;
    return waitMs > this.#makingMs;
  }

  #expectedMs({ kind, ageMs }: Hold): number {
    return Math.max(this.#heldMs.get(kind) ?? unmeasuredMs[kind], ageMs);
  }
}

/** A function or module may be over at once; a program seldom is, and a caller's lease never by itself. */
const unmeasuredMs: Record<HoldKind, number> = {
  function: 0,
  module: 0,
  command: Number.POSITIVE_INFINITY,
  driven: Number.POSITIVE_INFINITY,
};

function mixed(before: number, newest: number): number {
  return before * (1 - newestShare) + newest * newestShare;
}
