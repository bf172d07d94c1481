// The anchor: one ref whose commit has every unsettled snapshot of this process as a parent, so that nobody's gc drops a
// result that still waits to land (PROTOCOLS P1). A worktree may be reset only after `hold` has resolved.

import { type Run, signatures } from "../run.js";
import { SharedTurn } from "../shared-turn.js";

interface Held {
  readonly treeOid: string;
  /** Calls of `hold` that have not come to their end. */
  waiting: number;
  written: boolean;
}

export class Anchor {
  readonly #run: Run;
  readonly #refName: string;
  /** Waited for before each flush: packs must not become too many. */
  readonly #room: () => Promise<void>;
  readonly #held = new Map<string, Held>();
  readonly #flush = new SharedTurn(() => this.#write());
  #written = false;

  /** Several processes may share a run ID, so each has an anchor of its own. */
  constructor(run: Run, room: () => Promise<void>) {
    this.#run = run;
    this.#room = room;
    this.#refName = run.refs.anchor(run.instanceId);
  }

  /** Resolves once the snapshot is on disk and reachable. */
  async hold(snapshotOid: string, treeOid: string): Promise<void> {
    const held = this.#held.get(snapshotOid) ?? { treeOid, waiting: 0, written: false };
    this.#held.set(snapshotOid, held);
    held.waiting += 1;
    try {
      await this.#flush.request();
      held.written = true;
    } catch (error) {
      // Somebody else may hold the same one, or be about to with the next write.
      if (!held.written && held.waiting === 1) this.#held.delete(snapshotOid);
      throw error;
    } finally {
      held.waiting -= 1;
    }
  }

  /** The snapshot has settled: landed, kept under a ref of its own, or dropped. The ref itself follows with the next hold. */
  settle(snapshotOid: string): void {
    this.#held.delete(snapshotOid);
  }

  /** Removes the ref, or leaves exactly what has not settled. */
  async close(): Promise<void> {
    if (this.#written) await this.#flush.request();
  }

  async #write(): Promise<void> {
    const { git } = this.#run;
    await this.#room();
    const [first] = this.#held.values();
    const newOid = first === undefined ? null : await anchorOf(this.#run, first.treeOid, [...this.#held.keys()]);
    await git.flush({
      refs: [{ refName: this.#refName, newOid, compare: false, expectedOid: null, reflog: null }],
    });
    this.#written = newOid !== null;
  }
}

/** The commit that holds these snapshots; null: there are none, so no ref is needed. Which tree it has says nothing. */
export async function anchorOf(run: Run, treeOid: string, parentOids: readonly string[]): Promise<string | null> {
  if (parentOids.length === 0) return null;
  const message = `Anchor of ${parentOids.length} unsettled snapshots\n`;
  return (await run.git.commit({ treeOid, parentOids, ...signatures(run), message })).oid;
}
