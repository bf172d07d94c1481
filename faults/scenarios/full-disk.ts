// A disk that is really full: a small tmpfs that holds the repository and its worktrees, with a little more room from case to case, and
// one with few inodes. What fails says so; what is acknowledged holds; with room again everything comes to its end.
import { join } from "node:path";
import { freeUp, leave, onDisk, type Room, whyNoMounts } from "../disk.js";
import { type Ground, layGround } from "../ground.js";
import type { Case, Finding, Plan, Scenario } from "../scenario.js";
import { liveThroughErrors } from "../two-lives.js";
import { copyWorld } from "../world.js";

/** What a walk needs in the end, and somewhat more. */
const enough = { bytes: 2 << 20, inodes: 400 };
const steps = 150;
/** A task that writes meets the full disk itself. */
const codes = ["ERR_NO_SPACE", "ERR_TASK_FAILED", "ERR_COMMAND_FAILED"];

export const fullDisk: Scenario = {
  name: "full-disk",
  shows: "a tmpfs with ever more room, and with few inodes",
  amounts: { quick: 14, full: Number.POSITIVE_INFINITY },
  measures: ["lost", "mixed", "wrongSuccesses", "crashes", "userBytesLost", "leftovers"],
  async plan({ folder }): Promise<Plan> {
    const why = await whyNoMounts(folder);
    if (why !== null) return { skipped: why };
    const ground = await layGround(folder);
    const rooms = (["bytes", "inodes"] as const).flatMap((of) =>
      Array.from({ length: steps }, (_, step): Room => ({ of, free: Math.round((enough[of] * step) / steps) })),
    );
    return { cases: rooms.map((room) => filled(ground, room)) };
  },
};

function filled({ template, expected }: Ground, room: Room): Case {
  return {
    name: `${room.of}-${room.free}`,
    async take(place): Promise<Finding> {
      const disk = join(place, "disk");
      return onDisk(disk, async () => {
        // What was acknowledged is written down elsewhere.
        const world = { ...(await copyWorld(template, disk)), folder: place };
        await leave(disk, room);
        return liveThroughErrors(world, expected, {}, { freeUp: () => freeUp(disk), codes });
      });
    },
  };
}
