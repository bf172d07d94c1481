// Kept work: results that did not land, each a ref that whoever finds it later can look at, land or drop.

import { refsPrefix, runRefs } from "../effect/effect-id.js";
import { type Labels, noLabels } from "../effect/labels.js";
import { CoppiceError, isCoppiceError } from "../errors.js";
import type { Git } from "../git/git.js";
import { entryPath, maxEntryBytes, parseEntry } from "./ledger-entry.js";

export interface KeptWork {
  readonly runId: string;
  readonly effectId: string;
  readonly ref: string;
  readonly snapshotOid: string;
  /** Of the request that it was kept for, as far as its run's ledger has them. */
  readonly labels: Labels;
}

const pattern = new RegExp(`^${refsPrefix}([^/]+)/effects/([^/]+)$`);

/** Everything kept in this repository, of all runs, sorted by run and effect. */
export async function listKept(git: Git): Promise<KeptWork[]> {
  const kept: KeptWork[] = [];
  for (const work of await listKeptRefs(git))
    kept.push({ ...work, labels: await labelsOf(git, work.runId, work.effectId) });
  return kept;
}

/** The same without what only the ledgers know. */
export async function listKeptRefs(git: Git): Promise<Omit<KeptWork, "labels">[]> {
  const { refs } = await git.listRefs({ prefix: refsPrefix });
  return refs.flatMap(({ refName: ref, oid: snapshotOid }) => {
    const match = pattern.exec(ref);
    if (match === null) return [];
    const [, runId, effectId] = match as unknown as [string, string, string];
    return [{ runId, effectId, ref, snapshotOid }];
  });
}

/** Kept work can be listed, landed and dropped whatever has become of the ledger. */
async function labelsOf(git: Git, runId: string, effectId: string): Promise<Labels> {
  try {
    const { commitOid } = await git.resolve({ name: runRefs(runId).ledger });
    if (commitOid === null) return noLabels;
    const { text } = await git.readText({ treeishOid: commitOid, path: entryPath(effectId), maxBytes: maxEntryBytes });
    return text === null ? noLabels : parseEntry(text, effectId).outcome.labels;
  } catch (error) {
    if (isCoppiceError(error, "ERR_CORRUPT")) return noLabels;
    throw error;
  }
}

/** A kept result with the commit that it started from. Throws ERR_KEPT_NOT_FOUND. */
export async function readKept(
  git: Git,
  runId: string,
  effectId: string,
): Promise<KeptWork & { treeOid: string; baseOid: string }> {
  const ref = runRefs(runId).effect(effectId);
  const { commitOid, treeOid, parentOids } = await git.resolve({ name: ref });
  const [baseOid] = parentOids;
  if (commitOid === null || treeOid === null || baseOid === undefined) {
    throw new CoppiceError(
      "ERR_KEPT_NOT_FOUND",
      `nothing is kept for ${runId}/${effectId}: 'coppice list' shows what is`,
    );
  }
  const labels = await labelsOf(git, runId, effectId);
  return { runId, effectId, ref, snapshotOid: commitOid, labels, treeOid, baseOid };
}

/** Removes the ref. The objects go with the user's next gc. Throws ERR_KEPT_NOT_FOUND. */
export async function dropKept(git: Git, runId: string, effectId: string): Promise<KeptWork> {
  const kept = await readKept(git, runId, effectId);
  const { lostRef } = await git.flush({
    refs: [{ refName: kept.ref, newOid: null, compare: true, expectedOid: kept.snapshotOid, reflog: null }],
  });
  if (lostRef === null) return kept;
  throw new CoppiceError("ERR_LOCKED", `${kept.ref} was moved by another process: look again with 'coppice list'`);
}
