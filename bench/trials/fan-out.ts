// What many effects cost from the request to the landed commit. Cold: from nothing, the pool included. Warm: a further
// fan-out of the same manager, or with the same pool.
import { extraOf, figure, type PeerFigures, peerFigures, ratio, type Trial } from "../reading.js";
import type { TrialRun } from "../run-trial.js";
import type { PeerName, Settings } from "../trial.js";

/** The fan-out during which the event loop is watched. */
const watchedEffects = 1_000;
const everyPeer: readonly PeerName[] = [
  ...(["floor", "ours", "tuned", "libgit2", "isomorphic-git", "es-git", "git", "simple-git", "git-in-place"] as const),
];

export const fanOut: Trial = {
  question: "effects of three edited files each, from the request to the landed commit",
  defaults: { files: 20_000, effects: 100, peers: ["floor", "ours", "tuned", "git", "simple-git", "es-git"] },
  peers: everyPeer,
  take: async (settings, run) => {
    const { files, effects, concurrency } = settings;
    const mostEffects = await run.mostEffects(files);
    const peers: PeerFigures[] = [];
    for (const peer of settings.peers)
      peers.push(await takeFanOut(settings, run, { peer, files, effects: Math.min(effects, mostEffects) }));
    const reports = await run.finish();
    return {
      figures: { files, effects, concurrency, ...fanOutFigures(peers), closeMs: figure(reports.ours?.closeMs) },
      peers,
    };
  },
};

/** Fewer effects for a slow peer; the pool of tuned git is paid by all of its effects, so it runs them all. */
export async function takeFanOut(
  settings: Settings,
  run: TrialRun,
  {
    peer,
    files,
    effects,
    watched = watchedEffects,
  }: { peer: PeerName; files: number; effects: number; watched?: number },
): Promise<PeerFigures> {
  const most: Partial<Record<PeerName, number>> = {
    git: scriptedEffects(files, settings.concurrency),
    "simple-git": scriptedEffects(files, settings.concurrency),
    "git-in-place": scriptedEffects(files, settings.concurrency),
    libgit2: scriptedEffects(files, settings.concurrency),
    "es-git": scriptedEffects(files, settings.concurrency),
    "isomorphic-git": files > 2_000 ? 2 : 8,
    tuned: 200,
  };
  const effectsRun = Math.min(effects, most[peer] ?? effects);
  const rounds = peer === "tuned" ? 1 : effects > 200 ? 2 : 7;
  const wanted = {
    operation: "fanOut" as const,
    effects: effectsRun,
    rounds,
    watchedEffects: peer === "ours" ? watched : 0,
  };
  return spreadPool(peerFigures(peer, files, effectsRun, await run.take(peer, files, wanted)), effects);
}

/** A pool is made once, however many effects use it: fewer effects must not make it dearer for each. */
function spreadPool(figures: PeerFigures, effects: number): PeerFigures {
  const spread = 1 / figures.effectsRun - 1 / effects;
  const less = (perEffectMs: number | null, pool: string) =>
    perEffectMs === null ? null : perEffectMs - (extraOf(figures, pool) ?? 0) * spread;
  return {
    ...figures,
    coldWallMs: less(figures.coldWallMs, "poolMs"),
    coldCpuMs: less(figures.coldCpuMs, "poolCpuMs"),
  };
}

/** Each of its effects writes the whole repository once more: two waves, or as many as make 200,000 files. */
function scriptedEffects(files: number, concurrency: number): number {
  return Math.max(2 * concurrency, Math.ceil(200_000 / files));
}

export function fanOutFigures(peers: readonly PeerFigures[]): Record<string, number | null> {
  const of = (name: PeerName) => peers.find(({ peer }) => peer === name);
  const [ours, tuned, git, simpleGit, floor] = [of("ours"), of("tuned"), of("git"), of("simple-git"), of("floor")];
  const effects = ours?.effectsRun ?? 0;
  return {
    coldMs: figure(ours && scale(ours.coldWallMs, effects)),
    warmMs: figure(ours && scale(ours.warmWallMs, effects)),
    cpuMsPerEffect: cpuMsPerEffect(ours, floor),
    ratioGitCold: ratio(git?.coldWallMs, ours?.coldWallMs),
    ratioGitWarm: ratio(git?.coldWallMs, ours?.warmWallMs),
    ratioTunedCold: ratio(tuned?.coldWallMs, ours?.coldWallMs),
    ratioTunedWarm: ratio(tuned?.warmWallMs, ours?.warmWallMs),
    ratioSimpleGit: ratio(simpleGit?.coldWallMs, ours?.warmWallMs),
    ratioSimpleGitCold: ratio(simpleGit?.coldWallMs, ours?.coldWallMs),
    ratioGitInPlaceCold: ratio(of("git-in-place")?.coldWallMs, ours?.coldWallMs),
    ratioGitInPlaceWarm: ratio(of("git-in-place")?.coldWallMs, ours?.warmWallMs),
    ratioLibgit2Cold: ratio(of("libgit2")?.coldWallMs, ours?.coldWallMs),
    ratioLibgit2Warm: ratio(of("libgit2")?.warmWallMs, ours?.warmWallMs),
    ratioGitWarmCpu: ratio(git?.coldCpuMs, ours?.warmCpuMs),
    ratioTunedWarmCpu: ratio(tuned?.warmCpuMs, ours?.warmCpuMs),
    floorRatio: ratio(ours?.warmWallMs, floor?.warmWallMs),
    eventLoopP99Ms: figure(extraOf(ours, "eventLoopP99Ms")),
    eventLoopMaxMs: figure(extraOf(ours, "eventLoopMaxMs")),
    eventLoopEffects: extraOf(ours, "watchedEffects"),
  };
}

/** Ours alone: what the edits of the tasks take by themselves is measured at the floor and taken off. */
export function cpuMsPerEffect(ours: PeerFigures | undefined, floor: PeerFigures | undefined): number | null {
  const task = extraOf(floor, "editCpuMsPerEffect");
  if (ours?.warmCpuMs == null || task === null) return null;
  return figure(ours.warmCpuMs - task);
}

function scale(perEffectMs: number | null, effects: number): number | null {
  return perEffectMs === null ? null : perEffectMs * effects;
}
