// Worktrees whose owner is dead. One that was idle holds nothing that is not durable elsewhere, and goes. One that was leased holds an
// effect's work, as far as it differs from its base: that is kept under a ref before the worktree goes. What a commit cannot hold, or
// what cannot be read, keeps the worktree where it is.

import { join, resolve } from "node:path";
import type { Unheld } from "../effect/effect.js";
import { CoppiceError } from "../errors.js";
import { signatures } from "../run.js";
import { workIn } from "../worktree/clean.js";
import { holderOf, removeWorktree, worktreeClaim } from "../worktree/dead-worktree.js";
import { defaultFolder } from "../worktree/folder.js";
import { listWorktrees, lockReason, type ManagedWorktree } from "../worktree/list.js";
import { readProvisioned } from "../worktree/provision-note.js";
import { noLimits } from "../worktree/snapshot.js";
import { claimed, effectNamed, keepFound } from "./keep-found.js";
import type { Recovering } from "./recover.js";

export async function recoverWorktree(recovering: Recovering, seen: ManagedWorktree): Promise<void> {
  await claimed(recovering, worktreeClaim(seen), async () => {
    // Since it was seen, another recovery may have taken it away, and a process that is dead by now may have had it again.
    const now = (await listWorktrees(recovering.run.git)).find(({ name }) => name === seen.name);
    if (now === undefined) return;
    const worktree = await findMoved(recovering, now);
    if (worktree.state === "kept") return;
    const why = await takeAway(recovering, worktree);
    if (why === null) recovering.log.removed(worktree);
    else recovering.log.left(`worktree ${worktree.name}`, worktree.path, why);
  });
}

/** The repository or its worktrees may have been moved since. */
async function findMoved({ run, dryRun, log }: Recovering, worktree: ManagedWorktree): Promise<ManagedWorktree> {
  if (worktree.present) return worktree;
  const { name } = worktree;
  const usual = defaultFolder(run.repository);
  const places = [join(resolve(run.options.worktreesPath ?? usual), name), join(usual, name)];
  const { path, repaired, elsewhere } = await run.git.repairWorktree({ name, places, dryRun });
  if (path === null && elsewhere !== null && worktree.state !== "idle") {
    throw new CoppiceError(
      "ERR_INVALID",
      `the folder is a worktree of ${elsewhere}, and its work is that repository's`,
    );
  }
  if (path === null) return worktree;
  const found = { ...worktree, path, present: true };
  if (repaired) log.repaired(found);
  return found;
}

/** Null: it is gone, and nothing with it. Else why it stays. */
async function takeAway(recovering: Recovering, worktree: ManagedWorktree): Promise<string | null> {
  const { run, dryRun } = recovering;
  const holder = await holderOf(run.git, worktree);
  if (holder !== null) return holder;
  const why = worktree.state === "idle" ? null : await keepWork(recovering, worktree);
  if (why === null && !dryRun) await removeWorktree(run.git, worktree);
  return why;
}

async function keepWork(recovering: Recovering, worktree: ManagedWorktree): Promise<string | null> {
  const { run } = recovering;
  const { name, path, baseOid, runId, present } = worktree;
  // Without a base nobody can tell the work from what was there before.
  if (!present || baseOid === null || runId === null) return workIn(run.git, worktree);
  const effectId = effectNamed(worktree.effectId, `worktree ${name}`);
  const { treeOid, snapshotOid, unheld } = await run.git.snapshot({
    name,
    path,
    baseOid,
    exclude: await readProvisioned(run, name),
    limits: noLimits,
    ...signatures(run),
    message: `Snapshot of effect ${effectId}\n`,
    verify: false,
  });
  const [first] = unheld;
  if (snapshotOid !== null) {
    const worktreePath = first === undefined ? null : path;
    const work = { effectId, snapshotOid, treeOid, baseOid, unheld, worktreePath };
    if (!(await keepFound(recovering, runId, work, name))) return "its work is not safe elsewhere yet";
  }
  return first === undefined ? null : keepInPlace(recovering, worktree, effectId, first);
}

/** What a commit cannot hold stays where it is, under a reason that says so. */
async function keepInPlace(
  { run, dryRun }: Recovering,
  { name, runId }: ManagedWorktree,
  effectId: string,
  { path, reason }: Unheld,
): Promise<string> {
  const why = `${path}: ${reason}`;
  if (!dryRun) await run.git.lockWorktree({ name, lockReason: lockReason.kept(runId ?? "", effectId, why) });
  return `a commit cannot hold all of it: ${why}; 'coppice drop ${runId}/${effectId}' removes it`;
}
