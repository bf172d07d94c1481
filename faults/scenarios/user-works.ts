// The user works in the main tree during a run: writes files that the effects change, and others, in place or by rename as editors do,
// removes some, and tries to commit. In every second case the process is killed in the middle of a landing, and the user goes on. The
// last bytes that the user gave a file are in it, or were put aside; no effect that landed is off the branch.
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gitResult } from "../../test/support/git.js";
import { faultAddon } from "../built.js";
import { layGround } from "../ground.js";
import { judgeLasting } from "../oracle.js";
import { seeded } from "../random.js";
import type { Case, Finding, Plan, Problem, Scenario } from "../scenario.js";
import { unasked } from "../two-lives.js";
import { type WalkOrder, walk } from "../walk.js";
import { copyWorld, type World } from "../world.js";

const paths = [
  "src/a/one.txt",
  "src/a/two.txt",
  "src/b/deep/four.txt",
  "src/d/file",
  "src/clash.txt",
  "src/g/old.txt",
  "docs/a.txt",
];
const own = ["notes/one.txt", "notes/two.txt", "grown/mine.txt"];
const landingSteps = [
  "landing.noted",
  "landing.moved",
  "landing.staged",
  "landing.path",
  "landing.settled",
  "landing.publishing",
];

export const userWorks: Scenario = {
  name: "user-works",
  shows: "the user writes, renames, removes and commits meanwhile",
  amounts: { quick: 8, full: 400 },
  measures: ["lost", "crashes", "userBytesLost"],
  async plan({ folder, seed }): Promise<Plan> {
    const { template } = await layGround(folder);
    const cases = Array.from({ length: 400 }, (_, number): Case => {
      const random = seeded(seed * 1_000 + number);
      const step = landingSteps[Math.floor(random() * landingSteps.length)] as string;
      const env = { COPPICE_FAILPOINT: step, COPPICE_FAILPOINT_NTH: String(1 + Math.floor(random() * 3)) };
      const order = number % 2 === 0 ? {} : { addon: faultAddon, env };
      return {
        name: number % 2 === 0 ? `${number}` : `${number}-killed-at-${step}`,
        take: async (place) => besides(await copyWorld(template, place), order, random),
      };
    });
    return { cases };
  },
};

async function besides(world: World, order: WalkOrder, random: () => number): Promise<Finding> {
  const user = new User(world.repository, random);
  const working = user.work();
  const first = await walk(world, order);
  const second = await walk(world);
  user.stop();
  await working;
  const kills = first.ended.signal === "SIGKILL" ? 1 : 0;
  const problems = [...unasked(first, kills > 0), ...unasked(second, false)];
  problems.push(...(await judgeLasting(world, [first.acknowledged, second.acknowledged])), ...(await user.judge()));
  return { faults: user.acts, kills, problems };
}

class User {
  readonly #repository: string;
  readonly #random: () => number;
  /** What each file was given last; null: the user removed it. */
  readonly #last = new Map<string, string | null>();
  #stopped = false;
  acts = 0;

  constructor(repository: string, random: () => number) {
    this.#repository = repository;
    this.#random = random;
  }

  stop(): void {
    this.#stopped = true;
  }

  async work(): Promise<void> {
    while (!this.#stopped) {
      await new Promise((resolve) => setTimeout(resolve, this.#random() * 6));
      // What stands in the way (a folder where a file was) is the effects' right, and no work of the user's.
      await this.#act().catch(() => {});
    }
  }

  async #act(): Promise<void> {
    const path = this.#pick([...paths, ...own, ...own]);
    const file = join(this.#repository, path);
    const what = this.#random();
    this.acts += 1;
    if (what < 0.02) await gitResult(this.#repository, ["commit", "--quiet", "--all", "--message=the user's"]);
    else if (what < 0.1 && own.includes(path)) await rm(file).then(() => this.#last.set(path, null));
    else await this.#write(path, file, what < 0.55);
  }

  async #write(path: string, file: string, inPlace: boolean): Promise<void> {
    const text = `the user's ${path}, version ${this.acts}\n`;
    await mkdir(dirname(file), { recursive: true });
    if (inPlace) await writeFile(file, text);
    else {
      // Not beside it: a file that is there for a moment only would come into the way of an effect's folder.
      const fresh = join(dirname(this.#repository), `editor-${this.acts}`);
      await writeFile(fresh, text);
      await rename(fresh, file);
    }
    this.#last.set(path, text);
  }

  async judge(): Promise<Problem[]> {
    const everything = await allTexts(this.#repository);
    const lost = [...this.#last].filter(([, text]) => text !== null && !everything.has(text));
    return lost.map(([path, text]) => ({ kind: "userBytesLost", what: `${path}: ${JSON.stringify(text)} is nowhere` }));
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random() * items.length)] as T;
  }
}

/** Of every small file of the working tree, and of what was put aside in the git directory. */
async function allTexts(folder: string): Promise<Set<string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.parentPath.includes("/.git/objects"));
  const texts = await Promise.all(
    files.map((entry) => readFile(join(entry.parentPath, entry.name), "utf8").catch(() => "")),
  );
  return new Set(texts);
}
