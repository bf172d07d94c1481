// What an effect costs in repositories of different sizes. The smallest cannot give more effects files of their own, so
// every size runs as few.
import { figure, type PeerFigures, ratio, type Trial } from "../reading.js";
import type { PeerName } from "../trial.js";
import { cpuMsPerEffect, fanOut, takeFanOut } from "./fan-out.js";

const sizes = [200, 20_000, 80_000];

export const scaling: Trial = {
  question: "CPU of an effect by the size of the repository, warm",
  defaults: { files: 80_000, effects: 50, peers: ["floor", "ours"] },
  peers: fanOut.peers,
  take: async (settings, run) => {
    const smaller = sizes.filter((size) => size < settings.files);
    const measured = settings.repo === null ? [...smaller, settings.files] : [settings.files];
    const peers: PeerFigures[] = [];
    const cpu: Record<string, number | null> = {};
    const warm: Record<string, number | null> = {};
    for (const files of measured) {
      const effects = Math.min(settings.effects, await run.mostEffects(files));
      const here: PeerFigures[] = [];
      for (const peer of settings.peers)
        here.push(await takeFanOut(settings, run, { peer, files, effects, watched: 0 }));
      const of = (name: PeerName) => here.find(({ peer }) => peer === name);
      cpu[files] = cpuMsPerEffect(of("ours"), of("floor"));
      warm[files] = figure(of("ours")?.warmWallMs);
      peers.push(...here);
    }
    await run.finish();
    const [smallest, largest] = [String(measured[0]), String(measured.at(-1))];
    return {
      figures: {
        effects: settings.effects,
        cpuMsPerEffect: cpu,
        ratioLargeToSmall: ratio(cpu[largest], cpu[smallest]),
        warmMsPerEffect: warm,
      },
      peers,
    };
  },
};
