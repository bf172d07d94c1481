// Merges against git's own: generated histories must give the same tree (conflict markers included), the same verdict and
// the same conflicted paths, or differ in a way that docs/shortcomings.md lists.
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { isCoppiceError } from "../../src/errors.js";
import { type Git, openGit } from "../../src/git/git.js";
import type { FileTree } from "../support/file-tree.js";
import { createRepository, type TestRepository } from "../support/repository.js";
import { agree, type Compared, type ExpectedDifference, explain } from "./expected-difference.js";
import { buildHistory, type History, type Plan, plan } from "./history.js";
import { mergeByCoppice, mergeByGit, messagesOfGit, type Sides } from "./merge-tree.js";

const historiesPerSeed = 600;
const seeds = [1, 2, 3, 4];
const processesAtOnce = 4;
const timeoutMs = 600_000;

const opened: Git[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((git) => git.close()));
});

interface Setting {
  repository: TestRepository;
  git: Git;
}

async function setting(): Promise<Setting> {
  const repository = await createRepository({ bare: true });
  const git = await openGit({ path: repository.path, threads: 2 });
  opened.push(git);
  return { repository, git };
}

/** All histories as commits, by one process: a root for each base, and a child of it for each side. */
async function importHistories({ repository }: Setting, histories: readonly History[]): Promise<Sides[]> {
  const oids = await repository.import(
    histories.flatMap(({ base, ours, theirs }, index) => [
      { ref: `refs/heads/${index}/base`, message: "base", changes: base },
      { ref: `refs/heads/${index}/ours`, message: "ours", changes: changesTo(base, ours), parents: [3 * index] },
      { ref: `refs/heads/${index}/theirs`, message: "theirs", changes: changesTo(base, theirs), parents: [3 * index] },
    ]),
  );
  return histories.map((_, index) => {
    const [base = "", ours = "", theirs = ""] = oids.slice(3 * index);
    return { base, ours, theirs };
  });
}

function changesTo(base: FileTree, side: FileTree) {
  const gone = Object.keys(base).filter((path) => !(path in side));
  return { ...Object.fromEntries(gone.map((path) => [path, null])), ...side };
}

async function compare({ repository, git }: Setting, history: History, sides: Sides): Promise<Compared> {
  const [byGit, own] = await Promise.all([mergeByGit(repository.path, sides), mergeByCoppice(git, sides)]);
  const compared = { folder: repository.path, history, sides, byGit, own, differentPaths: [] };
  if (byGit.treeOid === "" || byGit.treeOid === own.treeOid) return compared;
  try {
    return { ...compared, differentPaths: await pathsThatDiffer(git, byGit.treeOid, own.treeOid) };
  } catch (error) {
    // Git 2.39 can write a tree with a mode that is none.
    if (!isCoppiceError(error, "ERR_CORRUPT")) throw error;
    return { ...compared, byGit: { ...byGit, treeOid: "" } };
  }
}

async function pathsThatDiffer(git: Git, oldTreeishOid: string, newTreeishOid: string): Promise<string[]> {
  const { changes } = await git.diff({ oldTreeishOid, newTreeishOid, patch: false, maxPatchBytes: 0 });
  return changes.map(({ path }) => path);
}

async function compareAlone(history: History): Promise<Compared> {
  const alone = await setting();
  const [sides] = await importHistories(alone, [history]);
  if (!sides) throw new Error("nothing was imported");
  return compare(alone, history, sides);
}

async function inTurn<T, R>(items: readonly T[], act: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += processesAtOnce) {
    const group = items.slice(start, start + processesAtOnce);
    results.push(...(await Promise.all(group.map((item, offset) => act(item, start + offset)))));
  }
  return results;
}

/** What a reader needs of a difference. */
async function shown(index: number, { folder, sides, byGit, own }: Compared): Promise<object> {
  const conflicts = own.conflicts.map(({ kind, path }) => `${kind}: ${path}`);
  return { index, byGit, own: { treeOid: own.treeOid, conflicts }, messages: await messagesOfGit(folder, sides) };
}

test.each(seeds)("generated histories of seed %i merge as git merges them", { timeout: timeoutMs }, async (seed) => {
  const place = await setting();
  const plans = fc.sample(plan, { numRuns: historiesPerSeed, seed });
  const histories = plans.map((one) => buildHistory(one));
  const sides = await importHistories(place, histories);
  const results = await inTurn(histories, (history, index) => compare(place, history, sides[index] as Sides));

  const unexplained: unknown[] = [];
  let explained = 0;
  for (const [index, result] of results.entries()) {
    if (agree(result)) continue;
    const cause = await explain(plans[index] as (typeof plans)[number], result, compareAlone);
    if (cause !== null) explained++;
    else unexplained.push(await shown(index, result));
  }
  expect(unexplained).toEqual([]);
  expect(explained).toBeLessThan(historiesPerSeed / 50);

  // The histories are worth something: both paths of the merge, both verdicts, and the kinds that files alone can give.
  const kinds = new Set(results.flatMap(({ own }) => own.conflicts.map(({ kind }) => kind)));
  expect([...kinds]).toEqual(expect.arrayContaining(["content", "modify/delete", "add/add", "type", "file/directory"]));
  expect([...kinds]).toEqual(expect.arrayContaining(["rename/delete", "rename/rename", "rename/add"]));
  expect(results.filter(({ own }) => own.pruned).length).toBeGreaterThan(historiesPerSeed / 5);
  expect(results.filter(({ own }) => !own.pruned).length).toBeGreaterThan(historiesPerSeed / 5);
  expect(results.filter(({ byGit }) => byGit.conflicted).length).toBeGreaterThan(historiesPerSeed / 10);
  expect(results.filter(({ byGit }) => !byGit.conflicted).length).toBeGreaterThan(historiesPerSeed / 10);
});

const ten = text(...Array.from({ length: 10 }, (_, index) => `line ${index}`));

function text(...lines: string[]) {
  return { kind: "text" as const, lines, ending: "\n", finalBreak: true, executable: false };
}

/** The cause of the one difference that a plan shows; "none" when git and we agree. */
async function differenceOf(example: Plan): Promise<ExpectedDifference | "none" | null> {
  const compared = await compareAlone(buildHistory(example));
  return agree(compared) ? "none" : explain(example, compared, compareAlone);
}

test("difference: a file that cannot follow its folder is named by us, not by git", async () => {
  const example: Plan = {
    base: [
      { path: "old/a", file: ten },
      { path: "old/b", file: text("b") },
    ],
    ours: [
      { do: "add", path: "old/c", file: text("c") },
      { do: "add", path: "new/c", file: text("in the way") },
    ],
    theirs: [{ do: "renameFolder", folder: 0, to: "new" }],
  };
  expect(await differenceOf(example)).toBe("unnamed-folder-rename");
});

test("difference: a file that a renamed folder brings below a file is kept by us, not by git", async () => {
  const example: Plan = {
    base: [{ path: "src/lib", file: ten }],
    ours: [
      { do: "toFolder", file: 0, name: "x", by: text("new") },
      { do: "add", path: "src/b", file: text("b") },
    ],
    theirs: [{ do: "renameFolder", folder: 0, to: "lib2" }],
  };
  expect(await differenceOf(example)).toBe("file-below-file");
});

test("difference: the old path of a file with two new names is listed by us also where a folder stands", async () => {
  const example: Plan = {
    base: [{ path: "lib", file: ten }],
    ours: [{ do: "toFolder", file: 0, name: "b", by: null }],
    theirs: [{ do: "rename", file: 0, path: "a" }],
  };
  expect(await differenceOf(example)).toBe("source-under-folder");
});

test("difference: a last line without a line break counts for us when renames are looked for", async () => {
  const last = "the last line, which is by far the longest of this file";
  const example: Plan = {
    base: [{ path: "old", file: { ...text("first", last), finalBreak: false } }],
    ours: [{ do: "edit", file: 0, line: 0, text: "ours", how: "replace" }],
    theirs: [
      { do: "remove", file: 0 },
      { do: "add", path: "new", file: { ...text("other", last), finalBreak: false } },
    ],
  };
  const fixedInGit = (await gitVersion()) >= 2.44;
  expect(await differenceOf(example)).toBe(fixedInGit ? "none" : "final-line");
});

test("difference: of several sources with one content, git's choice hangs on its hash order", async () => {
  const example: Plan = {
    base: [
      { path: "d/c", file: ten },
      { path: "d/e/c", file: ten },
    ],
    ours: [{ do: "edit", file: 1, line: 3, text: "ours", how: "replace" }],
    theirs: [
      { do: "rename", file: 0, path: "a/g.js" },
      { do: "rename", file: 1, path: "moved/c" },
    ],
  };
  expect(await differenceOf(example)).toBe("same-content");
});

test("difference: where git stops at its own assertion, we come to a conflict", async () => {
  const example: Plan = {
    base: [
      { path: "d/e/README", file: ten },
      { path: "src/README", file: text("another") },
    ],
    ours: [
      { do: "rename", file: 1, path: "d/e0" },
      { do: "rename", file: 0, path: "d/e2/README" },
      { do: "rename", file: 0, path: "d/e" },
    ],
    theirs: [
      { do: "rename", file: 0, path: "moved/e/README" },
      { do: "toFolder", file: 1, name: "b", by: null },
    ],
  };
  const compared = await compareAlone(buildHistory(example));
  if (compared.byGit.treeOid === "") expect(await explain(example, compared, compareAlone)).toBe("git-fails");
  expect(compared.own.conflicts.map(({ kind }) => kind)).toEqual([
    "rename/rename",
    "file/directory",
    "rename/add",
    "rename/rename",
  ]);
});

test("difference: a folder renamed into a renamed folder is a conflict for us", async () => {
  const example: Plan = {
    base: [
      { path: "d/e/README", file: ten },
      { path: "src/x/g.js", file: text("g") },
    ],
    ours: [
      { do: "add", path: "src/x/e", file: text("new") },
      { do: "renameFolder", folder: 1, to: "d/e2" },
    ],
    theirs: [{ do: "rename", file: 1, path: "d/e/e" }],
  };
  expect(await differenceOf(example)).toBe("chained-folder-renames");
});

test("difference: one without a known cause is not explained away", async () => {
  const example: Plan = {
    base: [{ path: "f", file: ten }],
    ours: [{ do: "mode", file: 0 }],
    theirs: [{ do: "remove", file: 0 }],
  };
  const compared = await compareAlone(buildHistory(example));
  const wrong = { ...compared, own: { ...compared.own, treeOid: compared.sides.ours }, differentPaths: ["f"] };
  expect(await explain(example, wrong, compareAlone)).toBeNull();
  const silent = { ...compared, own: { ...compared.own, conflicted: false, paths: [] } };
  expect(await explain(example, silent, compareAlone)).toBeNull();
});

async function gitVersion(): Promise<number> {
  const { repository } = await setting();
  return Number(/\d+\.\d+/.exec(await repository.git("--version"))?.[0]);
}
