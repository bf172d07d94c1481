// A small tmpfs that really gets full: in bytes or in inodes. Needs root.
import { execFile } from "node:child_process";
import { mkdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const whole = ["size=64m", "nr_inodes=20000"];

export interface Room {
  readonly of: "bytes" | "inodes";
  readonly free: number;
}

/** Why there can be none; null: there can. */
export async function whyNoMounts(folder: string): Promise<string | null> {
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

/** Mounted as long as `act` takes. */
export async function onDisk<T>(disk: string, act: () => Promise<T>): Promise<T> {
  await mkdir(disk);
  await mount(disk, whole);
  try {
    return await act();
  } finally {
    await unmount(disk);
  }
}

export async function freeUp(disk: string): Promise<void> {
  await mount(disk, ["remount", ...whole]);
}

/** Makes the disk as small as what it holds, and so much more. */
export async function leave(disk: string, { of, free }: Room): Promise<void> {
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
