// The ledger: the durable record of settled effects, a ref whose tree maps effect ID to outcome. A redelivered effect of
// the same run returns its recorded outcome. Sharded by two levels of hash prefix, so that one more entry rewrites three
// small trees whatever the number of entries; its commits have no parents, because only the last state counts.

import { createHash } from "node:crypto";
import type { Outcome } from "../effect/effect.js";
import { foldId } from "../effect/effect-id.js";
import { CoppiceError, type ErrorRecord } from "../errors.js";
import type { RefUpdate, TextEdit } from "../git/native.js";
import { type Run, signatures } from "../run.js";
import { Semaphore } from "../semaphore.js";

/** A landing between its flush and its end (PROTOCOLS P2, steps 5 to 9): recovery rolls it forward. */
export interface LandingRecord {
  targetRef: string;
  worktree: string | null;
  oldOid: string;
  newOid: string;
  effectIds: readonly string[];
}

export interface LedgerEntry {
  /** Of the request: the same ID with another task or input is refused. */
  digest: string;
  outcome: Outcome;
}

const landingPath = "landing.json";
const maxEntryBytes = 512 << 20;
const maxRaces = 64;

export class Ledger {
  readonly #run: Run;
  readonly #turn = new Semaphore(1);
  #loaded = false;
  #commitOid: string | null = null;

  constructor(run: Run) {
    this.#run = run;
  }

  async find(effectId: string): Promise<LedgerEntry | null> {
    await this.#load();
    if (this.#commitOid === null) return null;
    const { text } = await this.#run.git.readText({
      treeishOid: this.#commitOid,
      path: entryPath(effectId),
      maxBytes: maxEntryBytes,
    });
    return text === null ? null : parseEntry(text, effectId);
  }

  /**
   * Records outcomes and moves the given refs in one flush: the refs first, so that an outcome never names a ref that is not
   * there. `landing` null clears the record of a landing; undefined leaves it.
   */
  async record(
    entries: readonly LedgerEntry[],
    refs: readonly RefUpdate[],
    landing?: LandingRecord | null,
  ): Promise<void> {
    const edits: TextEdit[] = entries.map((entry) => ({
      path: entryPath(entry.outcome.effectId),
      text: JSON.stringify(entry),
    }));
    if (landing !== undefined)
      edits.push({ path: landingPath, text: landing === null ? null : JSON.stringify(landing) });
    const release = await this.#turn.acquire();
    try {
      await this.#write(edits, refs);
    } finally {
      release();
    }
  }

  /** Other processes write to the same ledger when they share the run ID: on a lost race, read it again and write anew. */
  async #write(edits: TextEdit[], refs: readonly RefUpdate[]): Promise<void> {
    const { git, refs: names } = this.#run;
    await this.#load();
    for (let race = 0; race < maxRaces; race++) {
      const commitOid = await this.#commit(edits);
      const ledgerRef: RefUpdate = {
        refName: names.ledger,
        newOid: commitOid,
        compare: true,
        expectedOid: this.#commitOid,
        reflog: null,
      };
      const { lostRef } = await git.flush({ refs: [...refs, ledgerRef] });
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

  async #commit(edits: TextEdit[]): Promise<string> {
    const { git } = this.#run;
    const from = this.#commitOid === null ? null : (await git.resolve({ name: this.#commitOid })).treeOid;
    const { oid: treeOid } = await git.editTextTree({ treeOid: from, edits });
    const message = `Ledger of run ${this.#run.id}\n`;
    return (await git.commit({ treeOid, parentOids: [], ...signatures(this.#run), message })).oid;
  }

  async #load(): Promise<void> {
    if (this.#loaded) return;
    this.#commitOid = (await this.#run.git.resolve({ name: this.#run.refs.ledger })).commitOid;
    this.#loaded = true;
  }
}

function entryPath(effectId: string): string {
  const folded = foldId(effectId);
  const hash = createHash("sha256").update(folded).digest("hex");
  return `${hash.slice(0, 2)}/${hash.slice(2, 4)}/${folded}.json`;
}

function parseEntry(text: string, effectId: string): LedgerEntry {
  try {
    const entry = JSON.parse(text) as LedgerEntry;
    const { outcome } = entry;
    if (outcome.kind !== "failed" && outcome.kind !== "aborted") return entry;
    const error = CoppiceError.fromJSON(outcome.error as unknown as ErrorRecord);
    return { ...entry, outcome: { ...outcome, error } };
  } catch (error) {
    throw new CoppiceError("ERR_CORRUPT", `the ledger's entry of effect ${effectId} is not readable`, { cause: error });
  }
}
