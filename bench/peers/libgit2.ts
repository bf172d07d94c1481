// Plain libgit2: what one gets by calling it as its manual shows, off the JavaScript thread and with the same concurrency.
import { join } from "node:path";
import { type BenchAddon, type Handle, loadBenchAddon } from "../addon.js";
import { concurrently, Turn } from "../concurrently.js";
import { applyEdit, type Edit, EditPlan } from "../edits.js";
import { headOf } from "../git-command.js";
import { measure } from "../measure.js";
import { poolFigures } from "../pool-figures.js";
import { prepareCommits } from "../prepared-commits.js";
import { changeEightPaths } from "../small-change.js";
import type { Job, Measure, Peer, Taken } from "../trial.js";
import { requireDone } from "../verify.js";

interface Place {
  path: string;
  handle: Handle;
}

async function fanOut(job: Job): Promise<Taken> {
  const { repository, folder, effects, concurrency } = job;
  const git = loadBenchAddon();
  const plan = await EditPlan.of(repository);
  const first = plan.round(effects);
  const pool: Place[] = [];
  let making: Measure | undefined;
  const cold = await measure(effects, async () => {
    making = await measure(1, async () => {
      const names = Array.from({ length: Math.min(concurrency, effects) }, (_, index) => `w${index}`);
      await concurrently(names, concurrency, async (name) => {
        await git.addWorktree(git.open(repository), name, join(folder, name));
        pool.push({ path: join(folder, name), handle: git.open(join(folder, name)) });
      });
    });
    await landAll(git, repository, pool, first);
  });
  const further = plan.round(effects);
  const warm = [await measure(effects, () => landAll(git, repository, pool, further))];
  await requireDone(repository, [...first, ...further]);
  return { sample: { cold, warm, extra: poolFigures(making) } };
}

async function landAll(git: BenchAddon, repository: string, pool: readonly Place[], edits: readonly Edit[]) {
  const main = git.open(repository);
  const merging = new Turn();
  const baseOid = await headOf(repository);
  let tipOid = baseOid;
  await concurrently(edits, pool.length, async (edit, worker) => {
    const { path, handle } = pool[worker] as Place;
    await git.reset(handle, baseOid);
    await applyEdit(path, edit);
    const snapshotOid = await git.snapshot(handle, `Effect ${edit.id}`);
    await merging.take(async () => {
      tipOid = await git.mergeAndCommit(main, tipOid, snapshotOid);
    });
  });
  await git.updateRef(main, "refs/heads/main", tipOid);
  await git.reset(main, tipOid);
}

async function create({ repository, folder, rounds }: Job): Promise<Taken> {
  const git = loadBenchAddon();
  const handle = git.open(repository);
  const warm: Measure[] = [];
  for (let round = 0; round < rounds; round++)
    warm.push(await measure(1, () => git.addWorktree(handle, `w${round}`, join(folder, `w${round}`))));
  return { sample: { cold: null, warm, extra: {} } };
}

async function changeAndReset({ repository, folder, rounds }: Job) {
  const git = loadBenchAddon();
  const baseOid = await headOf(repository);
  const path = join(folder, "w");
  await git.addWorktree(git.open(repository), "w", path);
  const handle = git.open(path);
  const plan = await EditPlan.of(repository);
  const snapshots: Measure[] = [];
  const resets: Measure[] = [];
  for (let round = 0; round < rounds; round++) {
    await changeEightPaths(path, plan);
    snapshots.push(await measure(1, () => git.snapshot(handle, "Effect")));
    resets.push(await measure(1, () => git.reset(handle, baseOid)));
  }
  return { snapshots, resets };
}

async function merge({ repository, effects, rounds }: Job): Promise<Taken> {
  const { commitOids } = await prepareCommits(repository, effects * 2, 5);
  const git = loadBenchAddon();
  const handle = git.open(repository);
  const warm: Measure[] = [];
  for (let round = 0; round < rounds; round++)
    warm.push(
      await measure(effects, async () => {
        for (let i = 0; i < effects; i++)
          await git.merge(handle, commitOids[2 * i] as string, commitOids[2 * i + 1] as string);
      }),
    );
  return { sample: { cold: null, warm, extra: {} } };
}

async function fanIn({ repository, effects }: Job): Promise<Taken> {
  const { baseOid, commitOids } = await prepareCommits(repository, effects, 3);
  const git = loadBenchAddon();
  const handle = git.open(repository);
  const once = await measure(effects, async () => {
    let tipOid = baseOid;
    for (const snapshotOid of commitOids) tipOid = await git.mergeAndCommit(handle, tipOid, snapshotOid);
    await git.updateRef(handle, "refs/heads/fan-in", tipOid);
  });
  return { sample: { cold: null, warm: [once], extra: {} } };
}

export const libgit2: Peer = {
  fanOut,
  create,
  snapshot: async (job) => ({ sample: { cold: null, warm: (await changeAndReset(job)).snapshots, extra: {} } }),
  reset: async (job) => ({ sample: { cold: null, warm: (await changeAndReset(job)).resets, extra: {} } }),
  merge,
  fanIn,
};
