// Brings the disk to rest before something is measured. Ext4 without a journal steps over the inodes of files that were
// removed within the last minutes, one by one, whenever it makes a file near them: whoever comes next is ten times slower.
// So the bench removes late, and gives each job a region of the disk to itself: in a folder that is marked as a top
// (chattr +T) ext4 puts every new folder far from the others. Where that cannot be had it waits after a large removal.
// Measured, 20,000 files: 0.45 s of system time in fresh regions, 5 s in one where as many were removed just before.
import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

const restSeconds = 75;
const largeRemoval = 5_000;

export class Disk {
  readonly #note: string;
  readonly #say: (text: string) => void;
  #spread = false;

  constructor(cache: string, say: (text: string) => void) {
    this.#note = join(cache, "last-removal.json");
    this.#say = say;
  }

  /** Puts the folders that will be made in this one far from each other. */
  async spread(folder: string): Promise<void> {
    this.#spread = (await exitCode("chattr", ["+T", folder])) === 0;
  }

  /** Everything written is on disk, and no large removal is near. */
  async settle(): Promise<void> {
    await exitCode("sync", []);
    if (this.#spread) return;
    const last = await this.#lastRemoval();
    const left = last + restSeconds * 1000 - Date.now();
    if (left <= 0) return;
    this.#say(`waiting ${Math.ceil(left / 1000)} s, because files were removed just now and ext4 would be slow`);
    await setTimeout(left);
  }

  /** To be told after each removal; noted on disk, because the next bench may start at once. */
  async removed(files: number): Promise<void> {
    if (files < largeRemoval) return;
    // The wait begins when the removal is on disk, not when it is only remembered.
    await exitCode("sync", []);
    await mkdir(join(this.#note, ".."), { recursive: true });
    await writeFile(this.#note, JSON.stringify({ removedAt: Date.now() }));
  }

  async #lastRemoval(): Promise<number> {
    try {
      return Number((JSON.parse(await readFile(this.#note, "utf8")) as { removedAt: unknown }).removedAt) || 0;
    } catch {
      return 0;
    }
  }
}

/** Null: the command is not there. */
function exitCode(command: string, args: readonly string[]): Promise<number | null> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: "ignore" });
    child.on("error", () => resolve(null));
    child.on("close", resolve);
  });
}
