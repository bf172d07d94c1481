// A user who works in the main tree, by chance but repeatably: writes in place and as editors do, renames, removes, turns files into
// folders and links, commits, resets, stashes, and looks at another branch. Keeps account of the bytes that each path was given last; a
// byte that the user has thrown away himself is off the account.
import { mkdir, readdir, readFile, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { git, gitBytes, gitResult } from "../test/support/git.js";
import type { Problem } from "./scenario.js";
import { otherBranch } from "./world.js";

/** The effects change these, too. */
const shared = [
  "src/a/one.txt",
  "src/a/two.txt",
  "src/b/deep/four.txt",
  "src/d/file",
  "src/clash.txt",
  "src/g/old.txt",
  "docs/a.txt",
];
const own = ["notes/one.txt", "notes/two.txt", "grown/mine.txt", "notes/turning", "notes/moving"];
/** These turn from one kind into another. */
const turning = ["notes/turning", "src/d/file", "src/e", "src/f/plain"];
const longestPauseMs = 6;
/** Somebody else has the lock for a moment; or landings go on and on. */
const mostTries = 60;

export class User {
  readonly #repository: string;
  readonly #random: () => number;
  /** What is at each path, as far as the user knows: the text of a file, or where a link leads. */
  readonly #last = new Map<string, string>();
  /** What each kind of act is called, and how often it is done. */
  readonly #acts: readonly (readonly [weight: number, act: () => Promise<unknown>])[] = [
    [40, () => this.#write(this.#pick([...shared, ...own, ...own]), true)],
    [33, () => this.#write(this.#pick([...shared, ...own, ...own]), false)],
    [6, () => this.#remove(this.#pick(own))],
    [6, () => this.#move(this.#pick(own), this.#pick(own))],
    [7, () => this.#turn(this.#pick(turning))],
    [2, () => this.#git("add", "--all", "notes")],
    [2, () => this.#git("commit", "--quiet", "--all", "--message=the user's")],
    [2, () => this.#git("reset", "--quiet")],
    [1, () => this.#putAside(async () => {})],
    [1, () => this.#lookElsewhere()],
  ];
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
      await new Promise((resolve) => setTimeout(resolve, this.#random() * longestPauseMs));
      this.acts += 1;
      // What stands in the way (a folder where a file was) is the effects' right, and no work of the user's.
      await this.#nextAct()().catch(() => {});
    }
  }

  /** What was given last is at its place, put aside, or in a commit, a stash or the index. */
  async judge(): Promise<Problem[]> {
    const there = await textsBelow(this.#repository);
    const missing = [...this.#last].filter(([, text]) => !there.has(text));
    if (missing.length === 0) return [];
    const recorded = await recordedTexts(this.#repository);
    const lost = missing.filter(([, text]) => !recorded.has(text));
    return lost.map(([path, text]) => ({ kind: "userBytesLost", what: `${path}: ${JSON.stringify(text)} is nowhere` }));
  }

  #nextAct(): () => Promise<unknown> {
    const all = this.#acts.reduce((sum, [weight]) => sum + weight, 0);
    let at = this.#random() * all;
    for (const [weight, act] of this.#acts) {
      at -= weight;
      if (at < 0) return act;
    }
    throw new Error("no act was chosen");
  }

  async #write(path: string, inPlace: boolean): Promise<void> {
    const file = join(this.#repository, path);
    const text = this.#words(path);
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

  async #remove(path: string): Promise<void> {
    const forgotten = this.#forget(path);
    try {
      await rm(join(this.#repository, path), { recursive: true });
    } catch (error) {
      for (const [known, text] of forgotten) this.#last.set(known, text);
      throw error;
    }
  }

  async #move(from: string, to: string): Promise<void> {
    if (from === to) return;
    const text = this.#last.get(from);
    await rename(join(this.#repository, from), join(this.#repository, to));
    // What was there has gone, by the user's own hand.
    this.#forget(to);
    this.#forget(from);
    if (text !== undefined) this.#last.set(to, text);
  }

  /** Into a folder, a link or a file, whatever it was. */
  async #turn(path: string): Promise<void> {
    const place = join(this.#repository, path);
    const text = this.#words(path);
    await this.#remove(path).catch(() => {});
    const into = this.#pick(["folder", "link", "file"]);
    if (into === "folder") await mkdir(place);
    if (into === "link") await symlink(text, place);
    else await writeFile(into === "file" ? place : join(place, "within.txt"), text);
    this.#last.set(into === "folder" ? `${path}/within.txt` : path, text);
  }

  /**
   * `git stash`, something else, and `git stash pop`; where that conflicts the stash stays. It stays, too, where git complains and is
   * content all the same: with a folder in the place of a file it then has brought back only a part ("appears as both a file and as a
   * directory"), and would throw away the rest.
   */
  async #putAside(meanwhile: () => Promise<void>): Promise<void> {
    const before = await this.#stashes();
    // Else git throws away what is not tracked and lies where a tracked file was.
    await this.#git("add", "--all");
    const { exitCode: failed } = await this.#git("stash", "push", "--quiet");
    // What is staged and could not be stashed is lost to the next checkout, where a folder stands in the place of a file.
    if (failed !== 0) return;
    const stashed = (await this.#stashes()) > before;
    await meanwhile();
    if (!stashed) return;
    const { exitCode, stderr } = await this.#git("stash", "apply", "--quiet");
    if (exitCode === 0 && stderr === "") await this.#git("stash", "drop", "--quiet");
    // Conflicts in the index would stop everything else; what they are about is in the stash.
    if (exitCode !== 0) await this.#git("reset", "--quiet");
  }

  async #stashes(): Promise<number> {
    return (await git(this.#repository, ["stash", "list"])).split("\n").filter((line) => line !== "").length;
  }

  async #lookElsewhere(): Promise<void> {
    await this.#putAside(async () => {
      await this.#git("checkout", "--quiet", otherBranch);
      await this.#write(this.#pick(own), true).catch(() => {});
      // What is in the way there is committed there.
      for (let turn = 0; turn < mostTries && (await this.#branch()) !== "main"; turn++) {
        const { exitCode } = await this.#git("checkout", "--quiet", "main");
        if (exitCode === 0) break;
        await this.#git("add", "--all", "notes");
        await this.#git("commit", "--quiet", "--all", "--message=elsewhere");
      }
    });
  }

  async #branch(): Promise<string> {
    return git(this.#repository, ["rev-parse", "--abbrev-ref", "HEAD"]);
  }

  /** Tried again while somebody holds a lock. */
  async #git(...args: readonly string[]) {
    for (let turn = 0; ; turn++) {
      const result = await gitResult(this.#repository, args);
      if (result.exitCode === 0 || turn >= mostTries || !/\.lock|cannot lock/i.test(result.stderr)) return result;
      await new Promise((resolve) => setTimeout(resolve, 5 + this.#random() * 20));
    }
  }

  #words(path: string): string {
    return `the user's ${path}, version ${this.acts}\n`;
  }

  #forget(path: string): (readonly [string, string])[] {
    const forgotten = [...this.#last].filter(([known]) => known === path || known.startsWith(`${path}/`));
    for (const [known] of forgotten) this.#last.delete(known);
    return forgotten;
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random() * items.length)] as T;
  }
}

/** Of every small file and link of the working tree, and of what was put aside in the git directory. */
async function textsBelow(folder: string): Promise<Set<string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const texts = await Promise.all(
    entries
      .filter(({ parentPath }) => !parentPath.includes("/.git/objects"))
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        if (entry.isSymbolicLink()) return readlink(path);
        return entry.isFile() ? readFile(path, "utf8").catch(() => "") : "";
      }),
  );
  return new Set(texts);
}

/** Of every blob that a ref, a reflog, a stash or the index reaches. */
async function recordedTexts(repository: string): Promise<Set<string>> {
  const objects = await git(repository, ["rev-list", "--objects", "--all", "--reflog", "--indexed-objects"]);
  const oids = objects.split("\n").map((line) => line.split(" ")[0]);
  const texts = new Set<string>();
  const printed = await gitBytes(repository, ["cat-file", "--batch"], { input: `${oids.join("\n")}\n` });
  // Each is "<oid> <type> <size>", its bytes, and a line break.
  for (let at = 0; at < printed.length; ) {
    const end = printed.indexOf("\n", at);
    const [oid, type, size] = printed.toString("latin1", at, end).split(" ");
    if (size === undefined) throw new Error(`git has not printed object ${oid}, but: ${type}`);
    at = end + 1 + Number(size) + 1;
    if (type === "blob") texts.add(printed.toString("utf8", end + 1, at - 1));
  }
  return texts;
}
