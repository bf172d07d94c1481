// Work of a dead process is kept under the name of its effect, while nobody else can work on that effect.

import { foldId, effectId as idOf, isEffectId, runRefs } from "../effect/effect-id.js";
import { adopt, type FoundWork, planAdoption } from "../merge/adopt.js";
import { Ledger } from "../merge/ledger.js";
import type { Run } from "../run.js";
import { whileClaimed } from "../worktree/dead-worktree.js";
import type { Recovering } from "./recover.js";

/** The recovering process, in the place of one of another run. */
export function inRun(run: Run, runId: string): Run {
  return { ...run, id: runId, refs: runRefs(runId) };
}

/** `name` when it is an effect's; else an ID made from `instead`, always the same. */
export function effectNamed(name: string | null, instead: string): string {
  return name !== null && isEffectId(name) ? name : idOf(instead);
}

/** Acts while nobody else can take the claim; a dry run takes none. False: somebody who is alive has it. */
export async function claimed({ run, dryRun, held, mine }: Recovering, name: string, act: () => Promise<void>) {
  if (held.has(name) && !mine.has(name)) return false;
  if (dryRun) {
    await act();
    return true;
  }
  return whileClaimed(run.git, name, async () => {
    mine.add(name);
    await act().finally(() => mine.delete(name));
  });
}

/** True: the work is on disk and settled, or kept under a ref. `worktree`: where it was found, if not in a snapshot on disk. */
export async function keepFound(
  recovering: Recovering,
  runId: string,
  work: FoundWork,
  worktree: string | null,
): Promise<boolean> {
  const { effectId } = work;
  const what = `effect ${effectId} of run ${runId}`;
  let safe = false;
  const free = await claimed(recovering, `effect/${runId}/${foldId(effectId)}`, async () => {
    const run = inRun(recovering.run, runId);
    const ledger = new Ledger(run);
    if (!(await settleRecord(recovering, run, ledger, effectId))) {
      recovering.log.left(what, work.worktreePath, "another process of the run may be about to land it");
      return;
    }
    await keep(recovering, run, ledger, work, worktree);
    safe = true;
  });
  if (!free) recovering.log.left(what, work.worktreePath, "another process works on it");
  return safe;
}

async function keep(
  { dryRun, log }: Recovering,
  run: Run,
  ledger: Ledger,
  work: FoundWork,
  worktree: string | null,
): Promise<void> {
  const plan = await planAdoption(run, ledger, work);
  if (plan === null) return;
  const changes = await adopt(run, ledger, work, plan, { dryRun });
  // An object that is in memory only has no name for others.
  const snapshotOid = dryRun && worktree !== null ? null : work.snapshotOid;
  const { effectId, ref } = plan;
  log.kept({ runId: run.id, effectId, ref, snapshotOid, paths: changes.length, worktree });
}

/** A landing that died before it moved its target leaves entries that are not true. False: it may not have died. */
async function settleRecord(
  { dryRun, mine }: Recovering,
  run: Run,
  ledger: Ledger,
  effectId: string,
): Promise<boolean> {
  const unmoved = await ledger.unmoved();
  if (unmoved.length === 0 || dryRun) return true;
  const { claims } = await run.git.listClaims({});
  const others = claims.some(({ name, held }) => held && name.startsWith(`run/${run.id}/`) && !mine.has(name));
  if (others) return !unmoved.includes(effectId);
  await ledger.discardUnmoved();
  return true;
}
