// The anchor: one ref whose commit has every unsettled snapshot of this process as a parent, so that nobody's gc drops a
// result that still waits to land (PROTOCOLS P1). A worktree may be reset only after `hold` has resolved.

import { type Run, signatures } from "../run.js";
import { SharedTurn } from "../shared-turn.js";

export class Anchor {
  readonly #run: Run;
  readonly #refName: string;
  /** Waited for before each flush: packs must not become too many. */
  readonly #room: () => Promise<void>;
  /** Of each snapshot its tree. */
  readonly #held = new Map<string, string>();
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
    this.#held.set(snapshotOid, treeOid);
    try {
      await this.#flush.request();
    } catch (error) {
      this.#held.delete(snapshotOid);
      throw error;
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
    const [treeOid] = this.#held.values();
    const newOid = treeOid === undefined ? null : await anchorOf(this.#run, treeOid, [...this.#held.keys()]);
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
