// What the ledger holds, and how it is read again. Anybody may have written to the repository since: what is not as we write it is told,
// and never taken for an outcome.

import { createHash } from "node:crypto";
import type { Outcome } from "../effect/effect.js";
import { foldId } from "../effect/effect-id.js";
import { noLabels } from "../effect/labels.js";
import { CoppiceError, type ErrorRecord } from "../errors.js";

/**
 * A landing from its flush on (PROTOCOLS P2, step 5). It stays until the next record: an effect that it names has settled so
 * only if the target has moved to `newOid`.
 */
export interface LandingRecord {
  targetRef: string;
  worktree: string | null;
  oldOid: string;
  newOid: string;
  /** What landed, and what was unchanged on top of it. */
  effectIds: readonly string[];
}

export interface LedgerEntry {
  /** Of the request: the same ID with another task or input is refused. */
  digest: string;
  outcome: Outcome;
}

type Members = Readonly<Record<string, unknown>>;

const isText = (value: unknown): value is string => typeof value === "string";
const isOid = (value: unknown) => isText(value) && /^[0-9a-f]{40}$/.test(value);
const isMembers = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isListOf = (value: unknown, is: (one: unknown) => boolean) => Array.isArray(value) && value.every(is);
const isNullOr = (value: unknown, is: (one: unknown) => boolean) => value === null || is(value);
const hasPath = (value: unknown) => isMembers(value) && isText(value.path);
const isKept = (value: unknown) =>
  isMembers(value) &&
  isNullOr(value.ref, (ref) => isText(ref) && ref.startsWith("refs/coppice/")) &&
  isNullOr(value.snapshotOid, isOid);
const isLabels = (value: unknown) => isMembers(value) && Object.values(value).every(isText);
const isError = (value: unknown) => isMembers(value) && isText(value.code) && isText(value.message);

/** What each kind of outcome has besides what all have; as far as we act on it. */
const ofKind: Readonly<Record<Outcome["kind"], (outcome: Members) => boolean>> = {
  landed: ({ commitOid }) => isOid(commitOid),
  unchanged: () => true,
  conflicted: ({ conflicts }) => isListOf(conflicts, hasPath),
  blocked: ({ blocked }) => isListOf(blocked, hasPath),
  failed: ({ error }) => isError(error),
  aborted: ({ error }) => isError(error),
};

function isOutcome(value: unknown): boolean {
  if (!isMembers(value) || !isText(value.kind) || !Object.hasOwn(ofKind, value.kind)) return false;
  return (
    isText(value.effectId) &&
    Number.isInteger(value.attempt) &&
    (value.labels === undefined || isLabels(value.labels)) &&
    isNullOr(value.snapshotOid, isOid) &&
    isListOf(value.changes, hasPath) &&
    isListOf(value.unheld, hasPath) &&
    isNullOr(value.kept, isKept) &&
    ofKind[value.kind as Outcome["kind"]](value)
  );
}

export const maxEntryBytes = 512 << 20;

/** Its place in the ledger's tree. */
export function entryPath(effectId: string): string {
  const folded = foldId(effectId);
  const hash = createHash("sha256").update(folded).digest("hex");
  return `${hash.slice(0, 2)}/${hash.slice(2, 4)}/${folded}.json`;
}

/** Throws ERR_CORRUPT. */
export function parseEntry(text: string, effectId: string): LedgerEntry {
  const is = (value: unknown) => isMembers(value) && isText(value.digest) && isOutcome(value.outcome);
  return parse(text, `entry of effect ${effectId}`, is, (entry: LedgerEntry) => {
    // Effects had none in version 0.1.0.
    const { labels = noLabels } = entry.outcome as Partial<Outcome>;
    const outcome = { ...entry.outcome, labels };
    if (outcome.kind !== "failed" && outcome.kind !== "aborted") return { ...entry, outcome };
    const error = CoppiceError.fromJSON(outcome.error as unknown as ErrorRecord);
    return { ...entry, outcome: { ...outcome, error } };
  });
}

/** Throws ERR_CORRUPT. */
export function parseLanding(text: string): LandingRecord {
  const is = (value: unknown) =>
    isMembers(value) &&
    isText(value.targetRef) &&
    isNullOr(value.worktree, isText) &&
    isOid(value.oldOid) &&
    isOid(value.newOid) &&
    isListOf(value.effectIds, isText);
  return parse(text, "record of a landing", is, (landing: LandingRecord) => landing);
}

function parse<T>(text: string, what: string, is: (value: unknown) => boolean, revive: (value: T) => T): T {
  let cause: unknown = null;
  try {
    const value: unknown = JSON.parse(text);
    if (is(value)) return revive(value as T);
  } catch (error) {
    cause = error;
  }
  throw new CoppiceError("ERR_CORRUPT", `the ledger's ${what} is not readable`, cause === null ? {} : { cause });
}
