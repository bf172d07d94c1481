// The git command as well as it can be used: a pool of worktrees, nothing removed, merges without a working tree, and one
// update of the main tree at the end.
import { join } from "node:path";
import { concurrently, Turn } from "../concurrently.js";
import { applyEdit, type Edit, EditPlan } from "../edits.js";
import { tunedEnvironment } from "../environment.js";
import { git as plainGit } from "../git-command.js";
import { measure } from "../measure.js";
import { poolFigures } from "../pool-figures.js";
import type { Job, Measure, Peer, Taken } from "../trial.js";
import { requireDone } from "../verify.js";

const git = (folder: string, args: readonly string[]) => plainGit(folder, args, { env: tunedEnvironment });

async function fanOut(job: Job): Promise<Taken> {
  const { repository, folder, effects, concurrency, rounds } = job;
  const plan = await EditPlan.of(repository);
  const first = plan.round(effects);
  const pool = Array.from({ length: Math.min(concurrency, effects) }, (_, index) => join(folder, `w${index}`));
  let making: Measure | undefined;
  const cold = await measure(effects, async () => {
    making = await measure(pool.length, () => makePool(repository, pool));
    await landAll(repository, pool, first);
  });
  const done = [...first];
  const warm: Measure[] = [];
  for (let round = 0; round < rounds; round++) {
    const edits = plan.round(effects);
    warm.push(await measure(effects, () => landAll(repository, pool, edits)));
    done.push(...edits);
  }
  await requireDone(repository, done);
  return { sample: { cold, warm, extra: poolFigures(making) } };
}

function makePool(repository: string, pool: readonly string[]): Promise<void> {
  return concurrently(pool, pool.length, async (path) => {
    await git(repository, ["worktree", "add", "-q", "--detach", path]);
  });
}

async function landAll(repository: string, pool: readonly string[], edits: readonly Edit[]): Promise<void> {
  const merging = new Turn();
  const baseOid = await git(repository, ["rev-parse", "refs/heads/main"]);
  let tipOid = baseOid;
  await concurrently(edits, pool.length, async (edit, worker) => {
    const path = pool[worker] as string;
    await git(path, ["reset", "-q", "--hard", baseOid]);
    await git(path, ["clean", "-fdq"]);
    await applyEdit(path, edit);
    await git(path, ["add", "-A"]);
    await git(path, ["commit", "-q", "--no-verify", "-m", `Effect ${edit.id}`]);
    const snapshotOid = await git(path, ["rev-parse", "HEAD"]);
    await merging.take(async () => {
      const treeOid = await git(repository, ["merge-tree", "--write-tree", tipOid, snapshotOid]);
      const newOid = await git(repository, ["commit-tree", treeOid, "-p", tipOid, "-m", `Effect ${edit.id}`]);
      await git(repository, ["update-ref", "refs/heads/main", newOid, tipOid]);
      tipOid = newOid;
    });
  });
  await git(repository, ["reset", "-q", "--hard", tipOid]);
}

async function create({ repository, folder, rounds }: Job): Promise<Taken> {
  const warm: Measure[] = [];
  for (let round = 0; round < rounds; round++)
    warm.push(
      await measure(1, () => git(repository, ["worktree", "add", "-q", "--detach", join(folder, `w${round}`)])),
    );
  return { sample: { cold: null, warm, extra: {} } };
}

export const tuned: Peer = { fanOut, create };
