// The ledger: the durable record of settled effects, a ref whose tree maps effect ID to outcome. A redelivered effect of
// the same run returns its recorded outcome. Sharded by two levels of hash prefix, so that one more entry rewrites three
// small trees whatever the number of entries; its commits have no parents, because only the last state counts. What is to be
// recorded while a write is under way is written together.

import { isSettledWell } from "../effect/settled-well.js";
import { CoppiceError, isCoppiceError } from "../errors.js";
import type { RefUpdate, TextEdit } from "../git/native.js";
import { type Run, signatures } from "../run.js";
import {
  entryPath,
  type LandingRecord,
  type LedgerEntry,
  maxEntryBytes,
  parseEntry,
  parseLanding,
} from "./ledger-entry.js";

export type { LandingRecord, LedgerEntry } from "./ledger-entry.js";

/** The digest of an effect whose request is not known any more: any request with its ID is taken for the same. */
export const unknownDigest = "unknown";

const landingPath = "landing.json";
const maxRaces = 64;

interface Recording {
  readonly entries: readonly LedgerEntry[];
  /** Null: the one on record stays as it is. */
  readonly landing: LandingRecord | null;
  readonly refs: readonly RefUpdate[];
  resolve(): void;
  reject(error: unknown): void;
}

export class Ledger {
  readonly #run: Run;
  #waiting: Recording[] = [];
  #writer: Promise<void> | null = null;
  #loaded = false;
  #commitOid: string | null = null;
  /** What this process recorded last. */
  #landing: LandingRecord | null = null;
  /** That landing has come to its end: its record goes with the next write. */
  #landingEnded = false;
  /** Where that landing has moved its target; null: it has not. */
  #movedOid: string | null = null;

  constructor(run: Run) {
    this.#run = run;
  }

  async find(effectId: string): Promise<LedgerEntry | null> {
    for (let race = 1; ; race++) {
      const ledgerOid = await this.#now();
      if (ledgerOid === null) return null;
      try {
        return await this.#findIn(ledgerOid, effectId);
      } catch (error) {
        // Moved on between the two, and with no ref left to hold it a prune without grace has taken it.
        if (race === maxRaces || (await this.#now()) === ledgerOid) throw error;
      }
    }
  }

  async #findIn(ledgerOid: string, effectId: string): Promise<LedgerEntry | null> {
    const text = await this.#read(ledgerOid, entryPath(effectId));
    if (text === null) return null;
    const entry = parseEntry(text, effectId);
    return (await this.#holds(ledgerOid, entry, effectId)) ? entry : null;
  }

  /**
   * The ledger as it is on disk: since it was read, another process of the run may have settled what is asked for. What a write
   * starts from is not replaced by it: that one would take an older tree for the newer one.
   */
  async #now(): Promise<string | null> {
    if (this.#run.options.runIdPassed) return (await this.#run.git.resolve({ name: this.#run.refs.ledger })).commitOid;
    await this.#load();
    return this.#commitOid;
  }

  /** A landing that died before its commit point has recorded what never came to be. */
  async #holds(ledgerOid: string, entry: LedgerEntry, effectId: string): Promise<boolean> {
    if (!isSettledWell(entry.outcome.kind)) return true;
    const landing = await this.#landingOnRecord(ledgerOid);
    return landing === null || !landing.effectIds.includes(effectId) || this.#hasMoved(landing);
  }

  async #landingOnRecord(ledgerOid = this.#commitOid): Promise<LandingRecord | null> {
    const text = ledgerOid === null ? null : await this.#read(ledgerOid, landingPath);
    return text === null ? null : parseLanding(text);
  }

  async #read(treeishOid: string, path: string): Promise<string | null> {
    return (await this.#run.git.readText({ treeishOid, path, maxBytes: maxEntryBytes })).text;
  }

  /**
   * Records outcomes and moves the given refs in one flush: the refs first, so that an outcome never names a ref that is not
   * there. `landing` takes the place of the one on record.
   */
  record(
    entries: readonly LedgerEntry[],
    refs: readonly RefUpdate[],
    landing: LandingRecord | null = null,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entries, landing, refs, resolve, reject });
      this.#writer ??= this.#writeAll();
    });
  }

  /** The effects of a landing on record that has not moved its target: it died, or another process is in the middle of it. */
  async unmoved(): Promise<readonly string[]> {
    this.#loaded = false;
    await this.#load();
    const landing = await this.#landingOnRecord();
    return landing === null || (await this.#hasMoved(landing)) ? [] : landing.effectIds;
  }

  /**
   * Takes the landing that `unmoved` has seen off the record, with the entries that it alone would have made true. Only when since
   * then no other process of the run has been alive: one that is may be about to move. False: it has moved, or the ledger has.
   */
  async discardUnmoved(): Promise<boolean> {
    const landing = await this.#landingOnRecord();
    if (landing === null || (await this.#hasMoved(landing))) return false;
    const edits = await this.#untrueEntries(landing);
    const newOid = await this.#commit([...edits, { path: landingPath, text: null }]);
    const refs = [this.#moved(newOid)];
    this.#loaded = false;
    return (await this.#run.git.flush({ refs })).lostRef === null;
  }

  /** Step 6 of the landing that was recorded last: what it recorded is true from here on, whatever its user makes of the branch. */
  landingMoved({ newOid }: LandingRecord): void {
    this.#movedOid = newOid;
  }

  async #hasMoved({ targetRef, worktree, oldOid, newOid }: LandingRecord): Promise<boolean> {
    return newOid === this.#movedOid || (await this.#run.git.hasMoved({ targetRef, worktree, oldOid, newOid })).moved;
  }

  /**
   * Step 9 of a landing: what it recorded holds. Nothing is written, because the target itself says so until then: the record goes
   * with whatever is recorded next.
   */
  endLanding(): void {
    this.#landingEnded = true;
  }

  /** Nothing is recorded any more. */
  async close(): Promise<void> {
    await this.#writer;
    if (this.#landingEnded) await this.record([], []);
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const together = this.#waiting.splice(0);
      try {
        await this.#writeTogether(together);
      } catch (error) {
        // A ledger that is held is held for each of them, and waiting as often would take that much longer.
        if (together.length > 1 && !this.#isHeld(error)) await this.#writeEach(together);
        else for (const { reject } of together) reject(error);
      }
    }
    // In the same turn as the last look: what comes one microtask later must find that nobody writes any more.
    this.#writer = null;
  }

  #isHeld(error: unknown): boolean {
    return (
      isCoppiceError(error, "ERR_LOCKED") && error.details.path?.endsWith(`${this.#run.refs.ledger}.lock`) === true
    );
  }

  /** One that cannot be recorded must not take the others with it. */
  async #writeEach(recordings: readonly Recording[]): Promise<void> {
    for (const recording of recordings) await this.#writeTogether([recording]).catch(recording.reject);
  }

  async #writeTogether(recordings: readonly Recording[]): Promise<void> {
    const ended = this.#landingEnded;
    await this.#write(recordings);
    if (ended) this.#landingEnded = false;
    for (const { landing } of recordings) if (landing !== null) this.#landing = landing;
    for (const { resolve } of recordings) resolve();
  }

  /** What a write changes in the ledger as it is now. Of several edits of one path the last counts. */
  async #edits(recordings: readonly Recording[]): Promise<TextEdit[]> {
    const edits: TextEdit[] = [];
    const before = await this.#landingOnRecord();
    const landing = recordings.findLast((recording) => recording.landing !== null)?.landing;
    if (landing !== undefined && before !== null && !(await this.#hasMoved(before))) {
      // Nobody else is between record and move: whoever records a landing holds the repository's landing lock. So that one died,
      // and with its record goes what alone says that its entries never came to be.
      edits.push(...(await this.#untrueEntries(before)));
    }
    // Only our own: the one on record may be another process's, which has not moved yet.
    const ended = this.#landingEnded && before?.newOid === this.#landing?.newOid;
    if (before !== null && ended) edits.push({ path: landingPath, text: null });
    for (const { entries } of recordings)
      for (const entry of entries) edits.push({ path: entryPath(entry.outcome.effectId), text: JSON.stringify(entry) });
    if (landing !== undefined) edits.push({ path: landingPath, text: JSON.stringify(landing) });
    return edits;
  }

  /** The entries of a landing that never moved. What has failed since then is true: its entry alone tells of the work that was kept. */
  async #untrueEntries({ effectIds }: LandingRecord): Promise<TextEdit[]> {
    const edits: TextEdit[] = [];
    for (const effectId of effectIds) {
      const path = entryPath(effectId);
      const text = this.#commitOid === null ? null : await this.#read(this.#commitOid, path);
      if (text !== null && isSettledWell(parseEntry(text, effectId).outcome.kind)) edits.push({ path, text: null });
    }
    return edits;
  }

  /** Other processes write to the same ledger when they share the run ID: on a lost race, read it again and write anew. */
  async #write(recordings: readonly Recording[]): Promise<void> {
    const { git, refs: names } = this.#run;
    const moves = recordings.flatMap((recording) => recording.refs);
    await this.#load();
    for (let race = 0; race < maxRaces; race++) {
      const commitOid = await this.#next(recordings);
      if (commitOid === null) continue;
      const { lostRef } = await git.flush({ refs: [...moves, this.#moved(commitOid)] });
      if (lostRef === null) {
        this.#commitOid = commitOid;
        return;
      }
      if (lostRef !== names.ledger) throw new CoppiceError("ERR_LOCKED", `${lostRef} was moved by another process`);
      this.#loaded = false;
      await this.#load();
    }
    throw new CoppiceError("ERR_LOCKED", `${names.ledger} was moved by other processes ${maxRaces} times in a row`);
  }

  /**
   * The ledger with these recordings in it. Null, and loaded anew: another process has moved it on, and with no ref left to hold what
   * this one knew, a prune without grace has taken it.
   */
  async #next(recordings: readonly Recording[]): Promise<string | null> {
    const knownOid = this.#commitOid;
    try {
      return await this.#commit(await this.#edits(recordings));
    } catch (error) {
      this.#loaded = false;
      await this.#load();
      if (this.#commitOid === knownOid) throw error;
      return null;
    }
  }

  async #commit(edits: TextEdit[]): Promise<string> {
    const { git } = this.#run;
    const from = this.#commitOid === null ? null : (await git.resolve({ name: this.#commitOid })).treeOid;
    const { oid: treeOid } = await git.editTextTree({ treeOid: from, edits });
    const message = `Ledger of run ${this.#run.id}\n`;
    const { author, committer } = signatures(this.#run);
    // The clock's, also where the commits of effects have a fixed date: by it is known how old the run is.
    const now = { ...committer, timeSeconds: Math.floor(Date.now() / 1000) };
    return (await git.commit({ treeOid, parentOids: [], author, committer: now, message })).oid;
  }

  #moved(newOid: string): RefUpdate {
    return { refName: this.#run.refs.ledger, newOid, compare: true, expectedOid: this.#commitOid, reflog: null };
  }

  async #load(): Promise<void> {
    if (this.#loaded) return;
    this.#commitOid = (await this.#run.git.resolve({ name: this.#run.refs.ledger })).commitOid;
    this.#loaded = true;
  }
}
