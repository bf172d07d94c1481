// The table of trials: one row each.
import type { Trial } from "./reading.js";
import type { PeerName } from "./trial.js";
import { create } from "./trials/create.js";
import { fanIn } from "./trials/fan-in.js";
import { fanOut } from "./trials/fan-out.js";
import { ledger } from "./trials/ledger.js";
import { merge } from "./trials/merge.js";
import { reset } from "./trials/reset.js";
import { scaling } from "./trials/scaling.js";
import { snapshot } from "./trials/snapshot.js";
import { soak } from "./trials/soak.js";

export const trials: Readonly<Record<string, Trial>> = {
  create,
  reset,
  snapshot,
  merge,
  "fan-in": fanIn,
  "fan-out": fanOut,
  scaling,
  soak,
  ledger,
};

const scripted: readonly PeerName[] = ["floor", "ours", "tuned", "libgit2", "git", "simple-git"];

/** The runs that the report is made of: each trial at its own size, and what the pictures need besides. */
export const reportedRuns: readonly { trial: string; effects?: number; peers?: readonly PeerName[] }[] = [
  { trial: "create" },
  { trial: "reset" },
  { trial: "snapshot" },
  { trial: "merge" },
  { trial: "fan-in" },
  { trial: "fan-out", peers: fanOut.peers },
  { trial: "fan-out", effects: 10, peers: scripted },
  { trial: "fan-out", effects: 1_000, peers: scripted },
  { trial: "scaling", peers: [...scripted, "isomorphic-git"] },
  { trial: "soak" },
];
