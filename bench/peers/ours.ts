// Coppice itself, as it is built: dist/ and the addon. A fan-out goes through the public surface; single operations, which
// the surface hides, through the contract below it.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { WorktreeManager } from "../../dist/index.js";
import { applyEdit, type Edit, EditPlan } from "../edits.js";
import { measure } from "../measure.js";
import type { Job, Measure, Peer, Taken } from "../trial.js";
import { requireDone } from "../verify.js";
import { ledger } from "./ours-ledger.js";
import { create, fanIn, merge, reset, snapshot } from "./ours-operations.js";
import { soak } from "./ours-soak.js";

async function fanOut(job: Job): Promise<Taken> {
  const { repository, effects, concurrency, rounds } = job;
  const plan = await EditPlan.of(repository);
  const first = plan.round(effects);
  let manager: WorktreeManager | undefined;
  const cold = await measure(effects, async () => {
    manager = await WorktreeManager.open(repository, { limits: { worktrees: concurrency } });
    await landAll(manager, first);
  });
  const open = manager as WorktreeManager;
  const done = [...first];
  const warm: Measure[] = [];
  for (let round = 0; round < rounds; round++) {
    const edits = plan.round(effects);
    warm.push(await measure(effects, () => landAll(open, edits)));
    done.push(...edits);
  }
  const extra = { ...(await watchEventLoop(open, plan, job, done)) };
  await requireDone(repository, done);
  return {
    sample: { cold, warm, extra },
    finish: async () => ({ closeMs: (await measure(1, () => open.close())).wallMs }),
  };
}

/** Throws unless every effect lands. */
export async function landAll(manager: WorktreeManager, edits: readonly Edit[]): Promise<void> {
  const requests = edits.map((edit) => ({
    id: edit.id,
    task: async ({ path }: { path: string }) => {
      await applyEdit(path, edit);
      return null;
    },
  }));
  for (const outcome of await manager.parallel.allSettled(requests))
    if (outcome.kind !== "landed") throw new Error(`effect ${outcome.effectId} is ${outcome.kind}`);
}

/** How long the thread of the caller is held up while many effects run. */
async function watchEventLoop(manager: WorktreeManager, plan: EditPlan, job: Job, done: Edit[]) {
  if (job.watchedEffects === 0) return {};
  const watched = plan.round(Math.min(job.watchedEffects, plan.mostEffects));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const { wallMs, cpuMs } = await measure(watched.length, () => landAll(manager, watched));
  delay.disable();
  done.push(...watched);
  return {
    eventLoopP99Ms: delay.percentile(99) / 1e6,
    eventLoopMaxMs: delay.max / 1e6,
    watchedEffects: watched.length,
    watchedWallMs: wallMs,
    watchedCpuMs: cpuMs,
  };
}

export const ours: Peer = { fanOut, create, reset, snapshot, merge, fanIn, soak, ledger };
