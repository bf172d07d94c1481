// Runs that are over for so long that nobody will ask for their outcomes again: what they have left is taken away, unless it holds
// work, or somebody lives who has a part in it. What stays is named with the reason.
//
// A run may be opened again at any moment. Both sides say what they do before they look: whoever cleans holds the run's cleaning
// claim and then looks for living processes; whoever opens holds the claim of its instance and then waits until nobody cleans.
// Whoever dies in the middle leaves a run that the next cleaning finds as old as it was, because its ledger goes after the rest.

import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { isEffectId, refsPrefix, runRefs } from "../effect/effect-id.js";
import { isSettledWell } from "../effect/settled-well.js";
import { CoppiceError } from "../errors.js";
import type { Git } from "../git/git.js";
import type { Ref, RefUpdate } from "../git/native.js";
import { Ledger } from "../merge/ledger.js";
import type { Run } from "../run.js";
import { whileClaimed } from "../worktree/dead-worktree.js";
import { listWorktrees } from "../worktree/list.js";
import { inRun } from "./keep-found.js";

export interface OldRun {
  readonly runId: string;
  /** When it recorded something last; null: it has recorded nothing. */
  readonly lastRecord: Date | null;
  readonly refs: readonly string[];
  /** The folder with what the shared repository held before its changes; null: there is none. */
  readonly earlierPath: string | null;
}

export interface LeftRun extends OldRun {
  /** Why it stays, for people. */
  readonly why: string;
  /** That is so only because its last record is too young. */
  readonly young: boolean;
}

export interface CleanedRuns {
  readonly removed: readonly OldRun[];
  readonly left: readonly LeftRun[];
}

/** What a run has in the repository, and who has a part in it. */
interface Remains {
  readonly run: OldRun;
  readonly refs: readonly Ref[];
  /** Null: nobody lives who has, and none of its worktrees is there. */
  readonly inUse: string | null;
}

const maxNamed = 3;
const pauseMs = 10;

export interface CleaningRuns {
  readonly run: Run;
  readonly olderThanMs: number;
  /** Only says what would go. */
  readonly dryRun: boolean;
  /** Names of worktrees that are gone, or in a dry run would be. */
  readonly goneWorktrees: ReadonlySet<string>;
}

/** Takes away what runs have left whose last record is older. Never throws because of one run: that one stays. */
export async function cleanRuns(cleaning: CleaningRuns): Promise<CleanedRuns> {
  const removed: OldRun[] = [];
  const left: LeftRun[] = [];
  const before = Date.now() - cleaning.olderThanMs;
  for (const runId of await listRuns(cleaning.run)) {
    const { remains, why, young } = await cleanRun(cleaning, runId, before);
    if (remains === null) continue;
    if (why === null) removed.push(remains.run);
    else left.push({ ...remains.run, why, young });
  }
  return { removed, left };
}

/**
 * Waits until nobody cleans this run: what would be read of it before is not there after. The caller holds its instance's claim.
 * Throws ERR_LOCKED.
 */
export async function untilCleaned(run: Run): Promise<void> {
  // A fresh ID is known to nobody.
  if (!run.options.runIdPassed) return;
  const { lockTimeoutMs } = run.options.limits;
  const deadline = performance.now() + lockTimeoutMs;
  while (!(await whileClaimed(run.git, cleaningClaim(run.id), async () => {}))) {
    if (performance.now() > deadline) {
      throw new CoppiceError("ERR_LOCKED", `run ${run.id} is being cleaned for longer than ${lockTimeoutMs} ms`);
    }
    await setTimeout(pauseMs);
  }
}

function cleaningClaim(runId: string): string {
  return `cleaning/${runId}`;
}

/** Every run that has a ref or a folder here, sorted. */
async function listRuns({ git, repository }: Run): Promise<string[]> {
  const { refs } = await git.listRefs({ prefix: refsPrefix });
  const named = refs.map(({ refName }) => refName.slice(refsPrefix.length).split("/", 1)[0] ?? "");
  const folders = await readdir(earlierFolder(repository.commonDirectory)).catch(() => []);
  return [...new Set([...named, ...folders])].filter(isEffectId).sort();
}

function earlierFolder(commonDirectory: string): string {
  return join(commonDirectory, "coppice", "earlier");
}

interface Verdict {
  /** Null: there is nothing of it any more. */
  readonly remains: Remains | null;
  /** Null: it is gone. */
  readonly why: string | null;
  readonly young: boolean;
}

async function cleanRun(cleaning: CleaningRuns, runId: string, before: number): Promise<Verdict> {
  const seen = await judge(cleaning, runId, before);
  if (cleaning.dryRun || seen.remains === null || seen.why !== null) return seen;
  const { git } = cleaning.run;
  let verdict: Verdict = { ...seen, why: "another process cleans it" };
  await whileClaimed(git, cleaningClaim(runId), async () => {
    // Only what is seen from here on counts: who opens the run now waits for us.
    verdict = await judge(cleaning, runId, before);
    if (verdict.remains !== null && verdict.why === null)
      verdict = { ...verdict, why: await remove(git, verdict.remains) };
  });
  return verdict;
}

async function judge(cleaning: CleaningRuns, runId: string, before: number): Promise<Verdict> {
  let remains: Remains = {
    run: { runId, lastRecord: null, refs: [], earlierPath: null },
    refs: [],
    inUse: null,
  };
  try {
    remains = await look(cleaning, runId);
    const { lastRecord, refs, earlierPath } = remains.run;
    if (refs.length === 0 && earlierPath === null) return { remains: null, why: null, young: false };
    const young = lastRecord !== null && lastRecord.getTime() >= before;
    const why = remains.inUse ?? (young ? "its last record is younger" : await workIn(cleaning.run, remains));
    return { remains, why, young: young && remains.inUse === null };
  } catch (error) {
    return { remains, why: `it cannot be read: ${(error as Error).message}`, young: false };
  }
}

/**
 * The order counts: recovery of another process keeps what it finds under a ref before it removes a worktree, and holds the effect's
 * claim before either. So whoever is missed in one list is seen in the next.
 */
async function look({ run, goneWorktrees }: CleaningRuns, runId: string): Promise<Remains> {
  const { git, repository } = run;
  const { claims } = await git.listClaims({});
  const alive = claims.some(({ name, held }) => held && /^(?:run|effect)\/([^/]+)\//.exec(name)?.[1] === runId);
  const worktrees = await listWorktrees(git);
  const worktree = worktrees.find((each) => each.runId === runId && !goneWorktrees.has(each.name));
  const { refs } = await git.listRefs({ prefix: `${refsPrefix}${runId}/` });
  const earlier = join(earlierFolder(repository.commonDirectory), runId);
  const folder = await lstat(earlier).catch(() => null);
  const times = [await dateOf(git, runId, refs), folder?.mtime ?? null].filter((time) => time !== null);
  const lastRecord = times.length === 0 ? null : new Date(Math.max(...times.map((time) => time.getTime())));
  return {
    run: { runId, lastRecord, refs: refs.map(({ refName }) => refName), earlierPath: folder === null ? null : earlier },
    refs,
    inUse: alive
      ? "a living process has a part in it"
      : worktree !== undefined
        ? `its worktree ${worktree.name} is there, ${worktree.state}`
        : null,
  };
}

/** Of the ledger; where nothing was recorded, of the commit that its landing in the working tree began with. */
async function dateOf(git: Git, runId: string, refs: readonly Ref[]): Promise<Date | null> {
  const names = runRefs(runId);
  const ref = refs.find(({ refName }) => refName === names.ledger) ?? refs.find(({ refName }) => refName === names.tip);
  if (ref === undefined) return null;
  const { timeSeconds } = await git.resolve({ name: ref.oid });
  if (timeSeconds === null) throw new CoppiceError("ERR_CORRUPT", `${ref.refName} names no commit`);
  return new Date(timeSeconds * 1000);
}

/** Why what it holds must stay; null: it holds nothing any more. */
async function workIn(run: Run, { run: { runId }, refs }: Remains): Promise<string | null> {
  const names = runRefs(runId);
  const holdsNothing = (name: string) =>
    name === names.ledger || name === names.tip || name.startsWith(names.candidatesPrefix);
  const rest = refs.map(({ refName }) => refName).filter((name) => !holdsNothing(name));
  const below = (prefix: string) =>
    rest.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const kept = below(names.effectsPrefix);
  if (kept.length > 0) return `it keeps the work of ${list(kept)}: land it or drop it ('coppice list')`;
  if (below(names.anchorsPrefix).length > 0)
    return "a dead process has left an anchor: 'coppice recover' keeps what it holds under a name";
  const attempts = below(names.attemptsPrefix);
  const other = rest.find((name) => !name.startsWith(names.attemptsPrefix));
  if (other !== undefined) return `${other} is no ref that it makes`;
  const open = await withoutSuccess(run, runId, attempts);
  if (open === null) return null;
  return `its effect has not landed since attempt ${open}: 'git update-ref -d ${names.attemptsPrefix}${open}' drops that`;
}

/** The first attempt of an effect that has not settled well since: such an attempt may be the only work there is. */
async function withoutSuccess(run: Run, runId: string, attempts: readonly string[]): Promise<string | null> {
  const ledger = new Ledger(inRun(run, runId));
  for (const attempt of attempts) {
    const entry = await ledger.find(attempt.split("/", 1)[0] ?? "");
    if (entry === null || !isSettledWell(entry.outcome.kind)) return attempt;
  }
  return null;
}

function list(effectIds: readonly string[]): string {
  const more = effectIds.length - maxNamed;
  return effectIds.slice(0, maxNamed).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** Null: it is gone. */
async function remove(git: Git, { run: { runId, earlierPath }, refs }: Remains): Promise<string | null> {
  const { ledger, tip } = runRefs(runId);
  const last = (refName: string) => (refName === ledger ? 1 : refName === tip ? 2 : 0);
  const updates = [...refs]
    .sort((a, b) => last(a.refName) - last(b.refName))
    .map(({ refName, oid }): RefUpdate => {
      return { refName, newOid: null, compare: true, expectedOid: oid, reflog: null };
    });
  // The ledger says how old the run is, so whatever has no date of its own goes before it.
  if (earlierPath !== null) await rm(earlierPath, { recursive: true, force: true });
  const { lostRef } = await git.flush({ refs: updates });
  return lostRef === null ? null : `another process has moved ${lostRef} meanwhile`;
}
