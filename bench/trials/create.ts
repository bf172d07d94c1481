// What a new worktree costs beside a checked-out one.
import { type PeerFigures, peerFigures, ratio, type Trial } from "../reading.js";
import type { PeerName } from "../trial.js";

export const create: Trial = {
  question: "a new worktree, checked out",
  defaults: { files: 20_000, effects: 1, peers: ["floor", "ours", "tuned", "libgit2", "git"] },
  peers: ["floor", "ours", "tuned", "libgit2", "git"],
  take: async (settings, run) => {
    const { files } = settings;
    const peers: PeerFigures[] = [];
    for (const peer of settings.peers) {
      const wanted = { operation: "create" as const, effects: 1, rounds: files > 40_000 ? 2 : 3 };
      peers.push(peerFigures(peer, files, wanted.rounds, await run.take(peer, files, wanted)));
    }
    const of = (name: PeerName) => peers.find(({ peer }) => peer === name);
    return {
      figures: {
        files,
        ratioFloorCpu: ratio(of("ours")?.warmCpuMs, of("floor")?.warmCpuMs),
        ratioGitCpu: ratio(of("git")?.warmCpuMs, of("ours")?.warmCpuMs),
        ratioFloorWall: ratio(of("ours")?.warmWallMs, of("floor")?.warmWallMs),
        ratioGitWall: ratio(of("git")?.warmWallMs, of("ours")?.warmWallMs),
        ratioTunedWall: ratio(of("tuned")?.warmWallMs, of("ours")?.warmWallMs),
        ratioLibgit2Cpu: ratio(of("libgit2")?.warmCpuMs, of("ours")?.warmCpuMs),
      },
      peers,
    };
  },
};
