// What grows with the number of effects of one manager: memory, open files, threads, packs.
import { figure, type PeerFigures, peerFigures, type Trial } from "../reading.js";
import { slope } from "../statistics.js";

/** Of the run: caches fill and code is compiled. */
const warmUp = 0.2;

export const soak: Trial = {
  question: "what grows while one manager settles many effects",
  defaults: { files: 20_000, effects: 10_000, peers: ["ours"] },
  peers: ["ours"],
  take: async (settings, run) => {
    const { files, effects } = settings;
    const peers: PeerFigures[] = [];
    for (const peer of settings.peers) {
      const wanted = { operation: "soak" as const, effects, rounds: 1 };
      peers.push(peerFigures(peer, files, effects, await run.take(peer, files, wanted)));
    }
    const reports = await run.finish();
    const series = (name: string) => (peers[0]?.extra[name] ?? []) as readonly number[];
    const settled = series("settled");
    const steady = settled
      .map((x, index) => ({ x, y: series("rssMb")[index] as number }))
      .filter(({ x }) => x > effects * warmUp);
    const last = (name: string) => series(name).at(-1) ?? null;
    const firstSteady = (name: string) => series(name)[settled.length - steady.length] ?? null;
    return {
      figures: {
        ...{ files, effects },
        rssMbPer1000: settled.length === 0 ? null : figure(slope(steady) * 1000),
        openFiles: last("openFiles"),
        threads: last("threads"),
        packs: settled.length === 0 ? null : Math.max(...series("packs")),
        openFilesAfterWarmUp: firstSteady("openFiles"),
        threadsAfterWarmUp: firstSteady("threads"),
        rssMb: figure(last("rssMb")),
        wallMsPerEffect: figure(peers[0]?.warmWallMs),
        packsAfterClose: reports.ours?.packsAfterClose ?? null,
        closeMs: figure(reports.ours?.closeMs),
      },
      peers,
    };
  },
};
