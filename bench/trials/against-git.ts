// A trial that puts one operation of ours beside git's for it, and libgit2's where that has one.
import { type PeerFigures, peerFigures, ratio, type Trial } from "../reading.js";
import type { Operation, PeerName, Settings } from "../trial.js";

export interface AgainstGit {
  question: string;
  operation: Operation;
  defaults: { files: number; effects: number };
  peers: readonly PeerName[];
  /** How many operations, and how often, a peer does. */
  amount: (peer: PeerName, settings: Settings) => { effects: number; rounds: number };
}

export function againstGit({ question, operation, defaults, peers: able, amount }: AgainstGit): Trial {
  return {
    question,
    defaults: { ...defaults, peers: able },
    peers: able,
    take: async (settings, run) => {
      const { files, effects } = settings;
      const peers: PeerFigures[] = [];
      for (const peer of settings.peers) {
        const wanted = { operation, ...amount(peer, settings) };
        peers.push(peerFigures(peer, files, wanted.effects, await run.take(peer, files, wanted)));
      }
      const of = (name: PeerName) => peers.find(({ peer }) => peer === name);
      const ours = of("ours");
      return {
        figures: {
          ...{ files, effects },
          ratioGit: ratio(of("git")?.warmWallMs, ours?.warmWallMs),
          ratioGitCpu: ratio(of("git")?.warmCpuMs, ours?.warmCpuMs),
          ratioLibgit2: ratio(of("libgit2")?.warmWallMs, ours?.warmWallMs),
        },
        peers,
      };
    },
  };
}
