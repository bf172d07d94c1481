// Many effects through one manager, in waves: what grows with their number should not.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { WorktreeManager } from "../../dist/index.js";
import { EditPlan } from "../edits.js";
import { measure } from "../measure.js";
import type { Job, Measure, Taken } from "../trial.js";
import { landAll } from "./ours.js";

const waveEffects = 100;
/** Between two looks at the packs: they are to be few at every moment, not only when a wave has ended. */
const lookMs = 10;

export async function soak({ repository, effects, concurrency }: Job): Promise<Taken> {
  const plan = await EditPlan.of(repository);
  const manager = await WorktreeManager.open(repository, { limits: { worktrees: concurrency } });
  const warm: Measure[] = [];
  const samples = { settled: [] as number[], rssMb: [] as number[], openFiles: [] as number[] };
  const further = { threads: [] as number[], packs: [] as number[] };
  const watch = watchPacks(repository);
  for (let settled = 0; settled < effects; ) {
    const wave = plan.round(Math.min(waveEffects, effects - settled, plan.mostEffects));
    warm.push(await measure(wave.length, () => landAll(manager, wave)));
    settled += wave.length;
    samples.settled.push(settled);
    samples.rssMb.push(process.memoryUsage.rss() / 2 ** 20);
    samples.openFiles.push((await readdir("/proc/self/fd")).length);
    further.threads.push(await threads());
    further.packs.push(await watch.most());
  }
  watch.end();
  return {
    sample: { cold: null, warm, extra: { ...samples, ...further } },
    finish: async () => {
      const closing = await measure(1, () => manager.close());
      return { closeMs: closing.wallMs, packsAfterClose: await packs(repository) };
    },
  };
}

/** The most packs since they were asked for last. */
function watchPacks(repository: string): { most(): Promise<number>; end(): void } {
  let most = 0;
  const look = async () => {
    most = Math.max(most, await packs(repository));
  };
  const timer = setInterval(() => void look(), lookMs);
  return {
    most: async () => {
      await look();
      const seen = most;
      most = 0;
      return seen;
    },
    end: () => clearInterval(timer),
  };
}

async function threads(): Promise<number> {
  return Number(/^Threads:\s+(\d+)/m.exec(await readFile("/proc/self/status", "utf8"))?.[1]);
}

async function packs(repository: string): Promise<number> {
  const names = await readdir(join(repository, ".git/objects/pack"));
  return names.filter((name) => name.endsWith(".pack")).length;
}
