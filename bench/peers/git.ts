// The git command as people script it: a worktree and a branch for each effect, merged into the checked-out branch.
import { join } from "node:path";
import { concurrently, Turn } from "../concurrently.js";
import { applyEdit, type Edit, EditPlan } from "../edits.js";
import { git, headOf } from "../git-command.js";
import { measure } from "../measure.js";
import { prepareCommits } from "../prepared-commits.js";
import { changeEightPaths } from "../small-change.js";
import type { Job, Measure, Peer, Taken } from "../trial.js";
import { requireDone } from "../verify.js";

/** Runs git in a folder. simple-git is another one. */
export type Run = (folder: string, args: readonly string[]) => Promise<unknown>;

/** @param atOnce true: a worktree goes as soon as it is merged; false: when all are merged, still within the time */
export async function scriptedFanOut(job: Job, run: Run, { atOnce }: { atOnce: boolean }): Promise<Taken> {
  const { repository, folder, effects, concurrency } = job;
  const edits = (await EditPlan.of(repository)).round(effects);
  const merging = new Turn();
  const pathOf = ({ id }: Edit) => join(folder, id);
  const remove = async (edit: Edit) => {
    await run(repository, ["worktree", "remove", "--force", pathOf(edit)]);
    await run(repository, ["branch", "-q", "-D", edit.id]);
  };
  const whole = await measure(effects, async () => {
    await concurrently(edits, concurrency, async (edit) => {
      const path = pathOf(edit);
      await run(repository, ["worktree", "add", "-q", "-b", edit.id, path]);
      await applyEdit(path, edit);
      await run(path, ["add", "-A"]);
      await run(path, ["commit", "-q", "-m", `Effect ${edit.id}`]);
      await merging.take(() => run(repository, ["merge", "-q", "--no-edit", edit.id]));
      if (atOnce) await remove(edit);
    });
    if (!atOnce) await concurrently(edits, concurrency, remove);
  });
  await requireDone(repository, edits);
  return { sample: { cold: whole, warm: [], extra: {} } };
}

async function create({ repository, folder, rounds }: Job): Promise<Taken> {
  const warm: Measure[] = [];
  for (let round = 0; round < rounds; round++)
    warm.push(
      await measure(1, () => git(repository, ["worktree", "add", "-q", "--detach", join(folder, `w${round}`)])),
    );
  return { sample: { cold: null, warm, extra: {} } };
}

async function reset(job: Job): Promise<Taken> {
  return { sample: { cold: null, warm: (await changeAndReset(job)).resets, extra: {} } };
}

async function snapshot(job: Job): Promise<Taken> {
  return { sample: { cold: null, warm: (await changeAndReset(job)).snapshots, extra: {} } };
}

async function changeAndReset({ repository, folder, rounds }: Job) {
  const path = join(folder, "w");
  const baseOid = await headOf(repository);
  await git(repository, ["worktree", "add", "-q", "--detach", path]);
  const plan = await EditPlan.of(repository);
  const snapshots: Measure[] = [];
  const resets: Measure[] = [];
  for (let round = 0; round < rounds; round++) {
    await changeEightPaths(path, plan);
    snapshots.push(
      await measure(1, async () => {
        await git(path, ["add", "-A"]);
        await git(path, ["commit", "-q", "-m", "Effect"]);
      }),
    );
    // A reset that has work to do: the same change once more, uncommitted.
    await git(path, ["reset", "-q", "--soft", baseOid]);
    resets.push(
      await measure(1, async () => {
        await git(path, ["reset", "-q", "--hard", baseOid]);
        await git(path, ["clean", "-fdq"]);
      }),
    );
  }
  return { snapshots, resets };
}

async function merge({ repository, effects, rounds }: Job): Promise<Taken> {
  const { commitOids } = await prepareCommits(repository, effects * 2, 5);
  const warm: Measure[] = [];
  for (let round = 0; round < rounds; round++)
    warm.push(
      await measure(effects, async () => {
        for (let i = 0; i < effects; i++)
          await git(repository, ["merge-tree", "--write-tree", ...commitOids.slice(2 * i, 2 * i + 2)]);
      }),
    );
  return { sample: { cold: null, warm, extra: {} } };
}

async function fanIn({ repository, effects }: Job): Promise<Taken> {
  const { baseOid, commitOids } = await prepareCommits(repository, effects, 3);
  const once = await measure(effects, async () => {
    let tipOid = baseOid;
    for (const [index, snapshotOid] of commitOids.entries()) {
      const treeOid = await git(repository, ["merge-tree", "--write-tree", tipOid, snapshotOid]);
      tipOid = await git(repository, ["commit-tree", treeOid, "-p", tipOid, "-m", `Effect ${index}`]);
    }
    await git(repository, ["update-ref", "refs/heads/fan-in", tipOid]);
  });
  return { sample: { cold: null, warm: [once], extra: {} } };
}

const command: Run = (folder, args) => git(folder, args);

export const gitScript: Peer = {
  fanOut: (job) => scriptedFanOut(job, command, { atOnce: false }),
  create,
  reset,
  snapshot,
  merge,
  fanIn,
};

export const gitScriptInPlace: Peer = { fanOut: (job) => scriptedFanOut(job, command, { atOnce: true }) };
