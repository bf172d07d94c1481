// What an outcome costs in a ledger of many entries, beside one of few.
import { extraOf, figure, type PeerFigures, peerFigures, ratio, type Trial } from "../reading.js";

const few = 100;

export const ledger: Trial = {
  question: `finding and recording one outcome in a ledger that holds so many already, and in one of ${few}`,
  defaults: { files: 200, effects: 100_000, peers: ["ours"] },
  peers: ["ours"],
  take: async ({ files, effects, peers: wanted }, run) => {
    const peers: PeerFigures[] = [];
    for (const peer of wanted) {
      for (const entries of [few, effects]) {
        const answer = await run.take(peer, files, { operation: "ledger", effects: entries, rounds: 1 });
        peers.push(peerFigures(peer, files, entries, answer));
      }
    }
    const [small, large] = peers;
    const figureOf = (name: string) => figure(extraOf(large, name));
    return {
      figures: {
        entries: effects,
        ratioFind: ratio(extraOf(large, "findMs"), extraOf(small, "findMs")),
        ratioRecord: ratio(extraOf(large, "recordMs"), extraOf(small, "recordMs")),
        ratioRecordCpu: ratio(extraOf(large, "recordCpuMs"), extraOf(small, "recordCpuMs")),
        firstFindMs: figureOf("firstFindMs"),
        findMs: figureOf("findMs"),
        missMs: figureOf("missMs"),
        recordMs: figureOf("recordMs"),
        fillMs: figureOf("fillMs"),
        rssMb: figureOf("rssMb"),
        findMsOfFew: figure(extraOf(small, "findMs")),
        recordMsOfFew: figure(extraOf(small, "recordMs")),
        rssMbOfFew: figure(extraOf(small, "rssMb")),
      },
      peers,
    };
  },
};
