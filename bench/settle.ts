// Brings the disk to rest before something is measured. Ext4 without a journal steps over the inodes of files removed within
// the last minute, one by one, whenever it makes a file: that makes whoever comes next ten times slower. So the bench
// removes late, and after a large removal it waits.
import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

const restSeconds = 75;
const largeRemoval = 5_000;

export class Disk {
  readonly #note: string;
  readonly #say: (text: string) => void;

  constructor(cache: string, say: (text: string) => void) {
    this.#note = join(cache, "last-removal.json");
    this.#say = say;
  }

  /** Everything written is on disk, and no large removal is recent. */
  async settle(): Promise<void> {
    await synced();
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
    await synced();
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

function synced(): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn("sync", [], { stdio: "ignore" });
    child.on("error", () => resolve());
    child.on("close", () => resolve());
  });
}
