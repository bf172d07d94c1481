// A disk that is really full: a small tmpfs that holds the repository and its worktrees, with a little more room from case to case, and
// one with few inodes. What fails says so; what is acknowledged holds; with room again everything comes to its end.
import { execFile } from "node:child_process";
import { mkdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Ground, layGround } from "../ground.js";
import type { Case, Finding, Plan, Scenario } from "../scenario.js";
import { liveThroughErrors } from "../two-lives.js";
import { copyWorld } from "../world.js";

const run = promisify(execFile);

/** What a walk needs in the end, and somewhat more. */
const enough = { bytes: 2 << 20, inodes: 400 };
const steps = 150;
const whole = ["size=64m", "nr_inodes=20000"];
/** A task that writes meets the full disk itself. */
const codes = ["ERR_NO_SPACE", "ERR_TASK_FAILED", "ERR_COMMAND_FAILED"];

interface Room {
  readonly of: "bytes" | "inodes";
  readonly free: number;
}

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

async function whyNoMounts(folder: string): Promise<string | null> {
  const place = join(folder, "mount");
  await mkdir(place);
  try {
    await mount(place, ["size=64k"]);
    await unmount(place);
    return null;
  } catch (error) {
    return `a small disk is mounted for it, which needs root: ${(error as Error).message.split("\n").at(-1)}`;
  }
}

function filled({ template, expected }: Ground, room: Room): Case {
  return {
    name: `${room.of}-${room.free}`,
    async take(place): Promise<Finding> {
      const disk = join(place, "disk");
      await mkdir(disk);
      await mount(disk, whole);
      try {
        // What was acknowledged is written down elsewhere.
        const world = { ...(await copyWorld(template, disk)), folder: place };
        await leave(disk, room);
        const freeUp = () => mount(disk, ["remount", ...whole]);
        return await liveThroughErrors(world, expected, {}, { freeUp, codes });
      } finally {
        await unmount(disk);
      }
    },
  };
}

/** Makes the disk as small as what it holds, and so much more. */
async function leave(disk: string, { of, free }: Room): Promise<void> {
  const { blocks, bfree, bsize, files, ffree } = await statfs(disk);
  if (of === "bytes") await mount(disk, ["remount", `size=${(blocks - bfree) * bsize + free}`]);
  else await mount(disk, ["remount", `nr_inodes=${files - ffree + free}`]);
}

async function mount(place: string, options: readonly string[]): Promise<void> {
  await run("mount", ["-t", "tmpfs", "-o", options.join(","), "coppice-faults", place]);
}

async function unmount(place: string): Promise<void> {
  await run("umount", [place]);
}
