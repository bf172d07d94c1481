// What an effect starts from: the tip, a commit that the caller names, or what is not committed yet.

import { CoppiceError } from "./errors.js";
import { commitNamed } from "./merge/target.js";
import type { Rooms } from "./rooms.js";

/** A commit to start from, which may have to be held as long as somebody works from it. */
export interface Base {
  take(): Promise<string>;
  /** Whoever took it has settled. Harmless when nobody has taken it. */
  giveUp(): void;
  /** What an effect that started from it starts from when its task runs again: what is there then, of the same sort. */
  again(): Base;
}

/** For one call whose effects share it, or for one effect. */
export function baseNamed(rooms: Rooms, name: string): Base {
  // A commit that was named is what the conflict came from: only the tip has what the task contradicted.
  const again = () => baseNamed(rooms, name === "working-tree" ? name : "latest");
  if (name !== "working-tree") return { take: () => resolveBase(rooms, name), giveUp: () => {}, again };
  const { workingTree } = rooms;
  let takenOid: string | null = null;
  return {
    take: async () => {
      takenOid = await workingTree.take();
      return takenOid;
    },
    giveUp: () => {
      if (takenOid !== null) workingTree.giveUp(takenOid);
      takenOid = null;
    },
    again,
  };
}

/** Throws ERR_BASE_NOT_FOUND, ERR_TARGET_GONE. */
export async function resolveBase({ run, target }: Pick<Rooms, "run" | "target">, name: string): Promise<string> {
  if (name === "latest" || name === "batch") return target.tip();
  const commitOid = await commitNamed(run.git, name);
  if (commitOid !== null) return commitOid;
  throw new CoppiceError(
    "ERR_BASE_NOT_FOUND",
    `base ${JSON.stringify(name)} does not name a commit of this repository`,
  );
}
