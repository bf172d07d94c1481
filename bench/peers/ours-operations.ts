// The single operations of Coppice, each as the street uses it: through the contract with the addon.
import { join } from "node:path";
import { type Git, openGit } from "../../dist/git/git.js";
import { noLimits } from "../../dist/worktree/snapshot.js";
import { EditPlan } from "../edits.js";
import { headOf } from "../git-command.js";
import { measure } from "../measure.js";
import { prepareCommits } from "../prepared-commits.js";
import { changeEightPaths } from "../small-change.js";
import type { Job, Measure, Taken } from "../trial.js";

const person = { name: "A U Thor", email: "author@example.com", timeSeconds: 1_700_000_000, offsetMinutes: 0 };
/** Merged results that go to disk together, as a landing takes what is ready. */
const mergesPerFlush = 100;

export async function create({ repository, folder, rounds }: Job): Promise<Taken> {
  return withGit(repository, async (git) => {
    const baseOid = await headOf(repository);
    const warm: Measure[] = [];
    for (let round = 0; round < rounds; round++)
      warm.push(await measure(1, () => addWorktree(git, repository, folder, baseOid, `w${round}`)));
    return { sample: { cold: null, warm, extra: {} } };
  });
}

export async function reset(job: Job): Promise<Taken> {
  const { resets, extra } = await changeAndReset(job);
  return { sample: { cold: null, warm: resets, extra } };
}

export async function snapshot(job: Job): Promise<Taken> {
  const { snapshots, extra } = await changeAndReset(job);
  return { sample: { cold: null, warm: snapshots, extra } };
}

/**
 * The way of a worktree from effect to effect: change, snapshot on disk and reachable, back to the base. `scanned` of the
 * snapshots could not rely on tracking and looked at every file.
 */
async function changeAndReset({ repository, folder, rounds }: Job) {
  return withGit(repository, async (git) => {
    const baseOid = await headOf(repository);
    const plan = await EditPlan.of(repository);
    const { name, path } = await addWorktree(git, repository, folder, baseOid, "w");
    const snapshots: Measure[] = [];
    const resets: Measure[] = [];
    let anchorOid: string | null = null;
    let scanned = 0;
    for (let round = 0; round < rounds; round++) {
      await changeEightPaths(path, plan);
      let changed = 0;
      snapshots.push(
        await measure(1, async () => {
          const reply = await git.snapshot({
            ...{ name, path, baseOid, exclude: [], limits: noLimits },
            ...{ author: person, committer: person, message: "Effect", verify: false },
          });
          const moved = { refName: "refs/coppice/bench/anchor", newOid: reply.snapshotOid, expectedOid: anchorOid };
          await git.flush({ refs: [{ ...moved, compare: true, reflog: null }] });
          anchorOid = reply.snapshotOid;
          changed = reply.changes.length;
          if (reply.scanned !== null) scanned += 1;
        }),
      );
      if (changed !== 8) throw new Error(`the snapshot holds ${changed} changed paths instead of 8`);
      resets.push(await measure(1, () => git.reset({ name, path, baseOid, keepIgnored: false, keep: [] })));
    }
    return { snapshots, resets, extra: { scanned } };
  });
}

export async function merge({ repository, effects, rounds }: Job): Promise<Taken> {
  const { baseOid, commitOids } = await prepareCommits(repository, effects * 2, 5);
  return withGit(repository, async (git) => {
    const warm: Measure[] = [];
    for (let round = 0; round < rounds; round++)
      warm.push(
        await measure(effects, async () => {
          for (let i = 0; i < effects; i++)
            await mergeTwo(git, baseOid, commitOids[2 * i] as string, commitOids[2 * i + 1] as string);
        }),
      );
    return { sample: { cold: null, warm, extra: {} } };
  });
}

export async function fanIn({ repository, effects }: Job): Promise<Taken> {
  const { baseOid, commitOids } = await prepareCommits(repository, effects, 3);
  return withGit(repository, async (git) => {
    const refName = "refs/heads/fan-in";
    const once = await measure(effects, async () => {
      let tipOid = baseOid;
      for (let first = 0; first < effects; first += mergesPerFlush) {
        const expectedOid = first === 0 ? null : tipOid;
        const steps = commitOids.slice(first, first + mergesPerFlush).map((theirsOid, index) => {
          const message = `Effect ${first + index}`;
          return { baseOid, theirsOid, theirsLabel: "theirs", message, stopAtConflict: false, resolutions: [] };
        });
        const labels = { oursLabel: "ours", keepParents: false, author: person, committer: person };
        const reply = await git.mergeSequence({ tipOid, steps, ...labels });
        if (reply.steps.some(({ commitOid }) => commitOid === null))
          throw new Error("a merge of different files is conflicted");
        tipOid = reply.tipOid;
        await git.flush({ refs: [{ refName, newOid: tipOid, compare: true, expectedOid, reflog: null }] });
      }
    });
    return { sample: { cold: null, warm: [once], extra: { mergesPerFlush } } };
  });
}

async function mergeTwo(git: Git, baseOid: string, oursOid: string, theirsOid: string): Promise<string> {
  const labels = { oursLabel: "ours", theirsLabel: "theirs", content: false };
  const { treeOid } = await git.merge({ baseOid, oursOid, theirsOid, ...labels });
  if (treeOid === null) throw new Error("a merge of different files is conflicted");
  return treeOid;
}

async function addWorktree(git: Git, repository: string, folder: string, baseOid: string, name: string) {
  const path = join(folder, name);
  await git.addWorktree({
    name,
    path,
    baseOid,
    lockReason: "bench",
    copyFrom: repository,
    track: true,
    reserveBytes: 256 << 20,
  });
  return { name, path };
}

async function withGit<T>(repository: string, work: (git: Git) => Promise<T>): Promise<T> {
  const git = await openGit({ path: repository });
  try {
    return await work(git);
  } finally {
    await git.close();
  }
}
