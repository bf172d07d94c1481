// Brings the disk to rest before something is measured. Ext4 without a journal steps over the inodes of files that were
// removed within the last minutes, one by one, whenever it makes a file near them: whoever comes next is ten times slower.
// So the bench removes late, and looks for a good region of the disk for each job: in a folder that is marked as a top
// (chattr +T) ext4 puts every new folder far from the others; a few files tell which of some places is fast, and the job
// gets the fastest. Where that cannot be had it waits after a large removal.
// Measured, 20,000 files in eight places: 0.4 to 5.5 s of system time, and the files made to find out told which.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

const restSeconds = 75;
const largeRemoval = 5_000;
const mostPlaces = 6;
const [probeFolders, filesPerProbeFolder] = [512, 8];

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

  /** A new folder in `folder`, where making files is fast. What was made to find out stays: removing it would slow us down. */
  async region(folder: string, name: string, files: number): Promise<string> {
    const places = this.#spread && files >= largeRemoval ? mostPlaces : 1;
    const tried: { path: string; cpu: number }[] = [];
    for (let place = 1; place <= places; place++) {
      const path = join(folder, `${name}-${place}`);
      mkdirSync(path);
      tried.push({ path, cpu: places === 1 ? 0 : probe(path) });
    }
    return tried.reduce((best, each) => (each.cpu < best.cpu ? each : best)).path;
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

/** Microseconds of system time that a few thousand small files take. */
function probe(folder: string): number {
  const before = process.cpuUsage();
  for (let i = 0; i < probeFolders; i++) {
    mkdirSync(join(folder, `probe/${i}`), { recursive: true });
    for (let k = 0; k < filesPerProbeFolder; k++) writeFileSync(join(folder, `probe/${i}/${k}`), "x");
  }
  return process.cpuUsage(before).system;
}

/** Null: the command is not there. */
function exitCode(command: string, args: readonly string[]): Promise<number | null> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: "ignore" });
    child.on("error", () => resolve(null));
    child.on("close", resolve);
  });
}
