// What effects do to files: each appends a line to three files that no other effect of its round touches, so that every
// merge is clean and every peer does the same. The order is the same in every process and on every machine.
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { git } from "./git-command.js";

export const filesPerEffect = 3;
const largestFile = 200_000;

export interface Edit {
  /** Of the effect: unique over all rounds. */
  id: string;
  paths: readonly string[];
  line: string;
}

export class EditPlan {
  readonly #paths: readonly string[];
  #round = 0;
  #next = 0;

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** Text files of the commit, far from each other. */
  static async of(repository: string): Promise<EditPlan> {
    const listed = await git(repository, ["ls-tree", "-r", "-z", "--long", "HEAD"]);
    const files = listed.split("\0").flatMap((line) => {
      const found = /^100\d{3} blob \S+ +(\d+)\t(.*)$/s.exec(line);
      return found && Number(found[1]) < largestFile && !found[2]?.endsWith(".bin") ? [found[2] as string] : [];
    });
    return new EditPlan(scattered(files));
  }

  /** How many effects of one round can edit files of their own. */
  get mostEffects(): number {
    return Math.floor(this.#paths.length / filesPerEffect);
  }

  /** @param paths that each effect edits */
  round(effects: number, paths = filesPerEffect): Edit[] {
    this.#round += 1;
    return Array.from({ length: effects }, (_, index) => ({
      id: `r${this.#round}-e${index}`,
      paths: Array.from({ length: paths }, () => this.#take()),
      line: `// round ${this.#round}, effect ${index}\n`,
    }));
  }

  #take(): string {
    const path = this.#paths[this.#next % this.#paths.length];
    if (path === undefined) throw new Error("the repository has no text files to edit");
    this.#next += 1;
    return path;
  }
}

/** The same function for every peer, so that the task costs the same everywhere. */
export async function applyEdit(root: string, { paths, line }: Edit): Promise<void> {
  for (const path of paths) await appendFile(join(root, path), line);
}

/** A fixed step through the list, prime to its length: neighbours in the list are far apart in the repository. */
function scattered(paths: readonly string[]): string[] {
  const count = paths.length;
  let step = Math.max(1, Math.round(count * 0.618));
  while (count > 0 && greatestDivisor(step, count) !== 1) step += 1;
  return paths.map((_, index) => paths[(index * step) % count] as string);
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
