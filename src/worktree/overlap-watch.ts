// Early warnings: while tasks run, a path that two living leases have both changed is told of at once, long before one of them comes to
// the merge and conflicts. Told from the change trackers, without a scan; nothing is asked while nobody listens.

import type { Run } from "../run.js";
import { SharedTurn } from "../shared-turn.js";
import type { PooledWorktree } from "./worktree-supply.js";

/** Reading the queues of a few worktrees takes less than a millisecond. */
const lookMs = 200;

export class OverlapWatch {
  readonly #run: Run;
  readonly #heard: () => boolean;
  /** In the order in which their tasks began. */
  readonly #living = new Map<string, PooledWorktree>();
  readonly #told = new Set<string>();
  readonly #look = new SharedTurn(() => this.#lookNow());
  #timer: NodeJS.Timeout | null = null;

  /** `heard`: whether anybody wants to know. Asked when a lease begins. */
  constructor(run: Run, heard: () => boolean) {
    this.#run = run;
    this.#heard = heard;
  }

  /** Its task may begin when this resolves. Never rejects: a warning that cannot be given is none. */
  async begin(worktree: PooledWorktree): Promise<void> {
    if (this.#run.options.tracking === "off" || !this.#heard()) return;
    const { name, path } = worktree;
    await this.#run.git.findOverlaps({ worktrees: [{ name, path, begins: true }] }).catch(() => {});
    this.#living.set(name, worktree);
    if (this.#living.size < 2 || this.#timer !== null) return;
    this.#timer = setInterval(() => void this.look(), lookMs);
    this.#timer.unref();
  }

  end({ name, effectId }: PooledWorktree): void {
    if (!this.#living.delete(name)) return;
    for (const key of this.#told) if (key.split("\0", 2).includes(effectId ?? "")) this.#told.delete(key);
    if (this.#living.size >= 2 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Tells of what there is now. Never rejects. */
  async look(): Promise<void> {
    if (this.#living.size >= 2) await this.#look.request().catch(() => {});
  }

  async #lookNow(): Promise<void> {
    const worktrees = [...this.#living.values()].map(({ name, path }) => ({ name, path, begins: false }));
    const { overlaps } = await this.#run.git.findOverlaps({ worktrees });
    for (const { path, first, second } of overlaps) {
      const one = this.#living.get(first)?.effectId ?? null;
      const other = this.#living.get(second)?.effectId ?? null;
      // One of them has ended meanwhile.
      if (one === null || other === null) continue;
      const key = `${one}\0${other}\0${path}`;
      if (this.#told.has(key)) continue;
      this.#told.add(key);
      this.#run.emit("effects:overlap", { path, effectIds: [one, other] });
    }
  }
}
