// Finds out when what has landed is put back by a commit of somebody else's. Git reads the index before it takes its lock (`commit --all`,
// `stash apply`), and the branch before it moves it (`reset`), so that a command just beside a landing can take back what that has made,
// and nobody meant it.
// Limit: it can tell, and no more; nothing stops a git that has read its index already.

import type { Change, Outcome } from "../effect/effect.js";
import type { EntryReply } from "../git/native.js";
import { quote } from "../quote.js";
import type { Run } from "../run.js";
import type { MergedEffect } from "./merge.js";

/** The branch that effects land on. */
interface Branch {
  readonly label: string;
  tip(): Promise<string>;
}

/** An effect as it has landed: what its commit changes. */
interface LandedEffect {
  readonly effectId: string;
  readonly commitOid: string;
  readonly changes: readonly Change[];
}

/** What one effect has done to one path. */
interface Step {
  readonly effect: LandedEffect;
  readonly before: EntryReply;
  readonly after: EntryReply;
}

type StepsByPath = Map<string, readonly Step[]>;

/** Enough for whoever works beside a run; what landed long before stays as it is, or was changed on purpose. */
const mostPaths = 10_000;
/** Each is a look at its commit. */
const mostReplayed = 256;
const namedPaths = 5;

export class RevertWatch {
  readonly #run: Run;
  readonly #branch: Branch;
  /** In the order of landing; the path that was touched last comes last. */
  #steps: StepsByPath = new Map();
  /** Landed in an earlier process of the run. */
  #replayed: { effectId: string; commitOid: string }[] = [];
  #tipOid: string | null = null;
  #looking: Promise<void> = Promise.resolve();

  constructor(run: Run, branch: Branch) {
    this.#run = run;
    this.#branch = branch;
  }

  /** A landing has moved the target. When somebody else has moved it since the one before, that is looked at, beside everything else. */
  landed({ oldOid, newOid }: { oldOid: string; newOid: string }, effects: readonly MergedEffect[]): void {
    // What lands next need not be in the history of this tip, so what is looked for is what has been noted until now.
    if (this.#tipOid !== null && oldOid !== this.#tipOid) this.#look(newOid);
    this.#tipOid = newOid;
    for (const { landable, verdict, changes } of effects)
      if (verdict.kind === "landed") this.#note({ effectId: landable.effectId, commitOid: verdict.commitOid, changes });
    for (const path of this.#steps.keys()) {
      if (this.#steps.size <= mostPaths) break;
      this.#steps.delete(path);
    }
  }

  /** An effect is answered from the ledger: what it made should be there still. Looked at once every effect has settled. */
  replayed(outcome: Outcome): void {
    if (outcome.kind !== "landed") return;
    this.#replayed.push(outcome);
    if (this.#replayed.length > mostReplayed) this.#replayed.shift();
  }

  /** Every effect has settled. Never rejects: a warning that cannot be given is none. */
  async close(): Promise<void> {
    await this.#looking;
    const tipOid = await this.#branch.tip().catch(() => null);
    if (tipOid === null) return;
    await this.#noteReplayed().catch(() => {});
    if (tipOid !== this.#tipOid || this.#replayed.length > 0) this.#look(tipOid);
    await this.#looking;
  }

  #note(effect: LandedEffect): void {
    for (const { path, oldMode, oldOid, newMode, newOid } of effect.changes) {
      const before = { mode: oldMode, oid: oldOid };
      const steps = this.#steps.get(path) ?? [];
      this.#steps.delete(path);
      this.#steps.set(path, [...steps, { effect, before, after: { mode: newMode, oid: newOid } }]);
    }
  }

  /** They landed before all that this process has landed. */
  async #noteReplayed(): Promise<void> {
    const later = this.#steps;
    this.#steps = new Map();
    for (const { effectId, commitOid } of this.#replayed) {
      const [parentOid] = (await this.#run.git.resolve({ name: commitOid })).parentOids;
      if (parentOid === undefined) continue;
      const diff = { oldTreeishOid: parentOid, newTreeishOid: commitOid, patch: false, maxPatchBytes: 0 };
      this.#note({ effectId, commitOid, changes: (await this.#run.git.diff(diff)).changes });
    }
    for (const [path, steps] of later) this.#steps.set(path, [...(this.#steps.get(path) ?? []), ...steps]);
  }

  #look(tipOid: string): void {
    const noted = new Map(this.#steps);
    if (noted.size > 0) this.#looking = this.#looking.then(() => this.#lookAt(tipOid, noted)).catch(() => {});
  }

  async #lookAt(treeishOid: string, noted: StepsByPath): Promise<void> {
    const paths = [...noted.keys()];
    const { entries } = await this.#run.git.readEntries({ treeishOid, paths });
    const told = new Map<LandedEffect, string[]>();
    for (const [index, path] of paths.entries()) {
      const undone = undoneSteps(noted.get(path) ?? [], entries[index] as EntryReply);
      if (undone.length === 0) continue;
      for (const { effect } of undone) told.set(effect, [...(told.get(effect) ?? []), path]);
      // Told once.
      const left = this.#steps.get(path)?.filter((step) => !undone.includes(step)) ?? [];
      if (left.length > 0) this.#steps.set(path, left);
      else this.#steps.delete(path);
    }
    if (told.size === 0) return;
    const oids = [...told.keys()].map(({ commitOid }) => commitOid);
    const { missing } = await this.#run.git.findInHistory({ tipOid: treeishOid, oids });
    for (const [effect, paths] of told) this.#tell(effect, paths, { tipOid: treeishOid, missing });
  }

  #tell(
    { effectId, commitOid }: LandedEffect,
    paths: readonly string[],
    { tipOid, missing }: { tipOid: string; missing: readonly string[] },
  ): void {
    const { label } = this.#branch;
    const [commit, tip] = [commitOid, tipOid].map((oid) => oid.slice(0, 12)) as [string, string];
    const named = paths.slice(0, namedPaths).map(quote).join(" ");
    const more = paths.length > namedPaths ? ` (and ${paths.length - namedPaths} more)` : "";
    const message = !missing.includes(commitOid)
      ? `what effect ${effectId} had changed has been put back by a commit that is not Coppice's: ${named}${more}, on ${label} as of ` +
        `${tip}. A git command that had read the index before the landing does that unasked. ` +
        `'git log -p ${commit}.. -- ${named}' shows the commit; 'git restore --source=${commit} --staged -- ${named}' has the effect's ` +
        "version in the index again"
      : `effect ${effectId} had landed as ${commit}, and ${label} was moved to ${tip}, which does not have it: ${named}${more}. A 'git ` +
        "reset' that had looked at the branch before the landing does that unasked. " +
        `'git reflog ${quote(label)}' shows the move; 'git merge ${commit}' brings it back`;
    this.#run.emit("warning", { code: "EFFECT_REVERTED", message, effectId });
  }
}

/** The steps that are gone where `now` stands: what the first of them had found is there again, and nothing that one of them made. */
function undoneSteps(steps: readonly Step[], now: EntryReply): readonly Step[] {
  const later = steps.slice(steps.findLastIndex(({ after }) => isSame(after, now)) + 1);
  const first = later.findIndex(({ before }) => isSame(before, now));
  return first === -1 ? [] : later.slice(first);
}

function isSame(one: EntryReply, other: EntryReply): boolean {
  return one.mode === other.mode && one.oid === other.oid;
}
