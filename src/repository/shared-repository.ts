// The shared repository: a worktree has files of its own, but configuration, hooks and objects are the user's. Changes there are
// noticed, reported and never reverted; while one that bears code waits to be acknowledged, nothing lands.
// A look costs some microseconds (docs/decisions/shared-repository.md), so each effect's end and each landing has one.

import { join } from "node:path";
import type { BlockedPath } from "../effect/effect.js";
import type { RepositoryChange } from "../events.js";
import type { Run } from "../run.js";
import { SharedTurn } from "../shared-turn.js";
import { compareStates, type Difference, type SharedState } from "./compare.js";
import { keepEarlier, restoreCommand } from "./earlier-bytes.js";
import { compareRefs, type RefState, readRefs } from "./shared-refs.js";

interface Found {
  /** Null: it must be read again. */
  readonly marks: string | null;
  readonly state: SharedState;
}

/** Every outcome that is blocked names them, and is recorded: a thousand hooks would be too much of it. */
const maxNamed = 20;

export class SharedRepository {
  readonly #run: Run;
  readonly #earlier: string;
  /** Whether their tasks are programs, which may run git. */
  readonly #inFlight = new Map<string, boolean>();
  /** They ended after the last look: what the next one finds may be theirs. */
  readonly #ended = new Set<string>();
  readonly #turn = new SharedTurn(() => this.#look());
  #marks: string | null = null;
  #seen: SharedState = new Map();
  #acknowledged: SharedState = new Map();
  /** Null: they could not be read. */
  #refs: RefState | null = null;
  #ownRef = "";
  /** They ended after the last look at refs. */
  readonly #sinceRefs = new Set<string>();
  #refsDue = false;

  private constructor(run: Run) {
    this.#run = run;
    this.#earlier = join(run.repository.commonDirectory, "coppice", "earlier", run.id);
  }

  /** What is there now counts as the user's own. */
  static async open(run: Run): Promise<SharedRepository> {
    const repository = new SharedRepository(run);
    repository.#accept(await repository.#read(), true);
    repository.#acknowledged = repository.#seen;
    repository.#refs = await readRefs(run.git);
    return repository;
  }

  /** The branch that effects land on: that it moves is nobody's news. */
  landsOn(refName: string): void {
    this.#ownRef = refName;
  }

  /**
   * From now on a change may come from this effect's task.
   * @param runsPrograms whether refs are looked at when it ends; else the next look at them names this effect, too
   */
  entered(effectId: string, runsPrograms: boolean): void {
    this.#inFlight.set(effectId, runsPrograms);
  }

  /** Its task has ended. Never rejects: what could not be looked at now is looked at before the next landing. */
  async left(effectId: string): Promise<void> {
    const ranPrograms = this.#inFlight.get(effectId);
    if (ranPrograms === undefined) return;
    this.#inFlight.delete(effectId);
    this.#ended.add(effectId);
    this.#sinceRefs.add(effectId);
    this.#refsDue ||= ranPrograms;
    await this.#turn.request().catch(() => {});
  }

  /** The last look: also at the refs, when there has been an effect since. */
  async close(): Promise<void> {
    if (this.#sinceRefs.size === 0) return;
    this.#refsDue = true;
    await this.#turn.request();
  }

  /** Looks, and gives what landing must wait for; nothing: it may go on. */
  async stopsLanding(): Promise<BlockedPath[]> {
    await this.#turn.request();
    const changes = this.#unacknowledged().slice(0, maxNamed);
    return changes.map(({ path }) => ({ path, reason: "repository-changed" }));
  }

  /** The changes that bear code and are not acknowledged, as of the last look. */
  get unacknowledged(): RepositoryChange[] {
    return this.#describe(this.#unacknowledged());
  }

  /** Takes what has been reported for wanted; what has changed since the last look is not part of it. Gives what stopped landing. */
  acknowledge(): RepositoryChange[] {
    const changes = this.unacknowledged;
    this.#acknowledged = this.#seen;
    return changes;
  }

  async #look(): Promise<void> {
    const ended = [...this.#ended];
    const effectIds = [...new Set([...ended, ...this.#inFlight.keys()])];
    const found = await this.#read();
    const differences = found === null ? [] : compareStates(this.#seen, found.state);
    // Before anybody hears of it: a restore command must never name what is not there. When it fails the next look finds it again.
    await keepEarlier(this.#earlier, differences);
    this.#accept(found, differences.length > 0);
    if (differences.length > 0) {
      const stopsLanding = this.#unacknowledged().length > 0;
      this.#run.emit("repository:changed", { effectIds, changes: this.#describe(differences), stopsLanding });
    }
    for (const effectId of ended) this.#ended.delete(effectId);
    if (this.#refsDue) await this.#lookAtRefs();
  }

  /** Apart from the files: what these look like after a landing of ours is known, and what refs do not. */
  async #lookAtRefs(): Promise<void> {
    const { git, repository } = this.#run;
    const ended = [...this.#sinceRefs];
    this.#refsDue = false;
    const [before, found] = [this.#refs, await readRefs(git)];
    if (found === null) return;
    this.#refs = found;
    const changes = before === null ? [] : compareRefs(before, found, this.#ownRef, repository.commonDirectory);
    for (const effectId of ended) this.#sinceRefs.delete(effectId);
    if (changes.length === 0) return;
    const effectIds = [...new Set([...ended, ...this.#inFlight.keys()])];
    const stopsLanding = this.#unacknowledged().length > 0;
    this.#run.emit("repository:changed", { effectIds, changes, stopsLanding });
  }

  /** Null: nothing has changed since the last look. */
  async #read(): Promise<Found | null> {
    const { git, repository } = this.#run;
    const { gitDirectory, workingDirectory } = repository;
    const reply = await git.sharedFiles({ gitDirectory, workingDirectory, knownMarks: this.#marks });
    if (!reply.changed) return null;
    return { marks: reply.marks, state: new Map(reply.files.map((file) => [file.path, file])) };
  }

  #accept(found: Found | null, differs: boolean): void {
    if (found === null) return;
    this.#marks = found.marks;
    // The same object while nothing differs: then there is nothing to compare with what is acknowledged.
    if (differs) this.#seen = found.state;
  }

  #unacknowledged(): Difference[] {
    if (this.#seen === this.#acknowledged) return [];
    return compareStates(this.#acknowledged, this.#seen).filter(({ codeBearing }) => codeBearing);
  }

  #describe(differences: readonly Difference[]): RepositoryChange[] {
    return differences.map((difference) => {
      const { path, before, after, keys, codeBearing } = difference;
      const change = before === null ? "added" : after === null ? "removed" : "changed";
      const place = (after ?? before)?.place ?? "config";
      return { path, place, change, keys, codeBearing, restore: restoreCommand(this.#earlier, difference) };
    });
  }
}
