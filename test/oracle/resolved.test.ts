// Conflicts that a policy decides, against git's own: generated histories (history.ts). Lines that contradict each other are
// `git merge -X ours`, `-X theirs`, and the merge driver "union"; everything else is, path by path, what `git checkout --ours` or
// `--theirs` would put there, and nothing beside these paths changes.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { type Git, openGit } from "../../src/git/git.js";
import type { Conflict, MergedStep, Resolution, ResolutionChoice } from "../../src/git/native.js";
import { gitResult } from "../support/git.js";
import { createRepository, type TestRepository, temporaryFolder } from "../support/repository.js";
import { buildHistory, plan } from "./history.js";
import type { Sides } from "./merge-tree.js";

const histories = 250;
const timeoutMs = 600_000;
const person = { name: "A", email: "a@example.com", timeSeconds: 1_700_000_000, offsetMinutes: 0 };

const opened: Git[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((git) => git.close()));
});

interface Setting {
  repository: TestRepository;
  git: Git;
  sides: Sides[];
}

async function generated(seed: number): Promise<Setting> {
  const repository = await createRepository();
  const plans = fc.sample(plan, { numRuns: histories, seed }).map((one) => buildHistory(one));
  const changesTo = (base: object, side: object) => ({
    ...Object.fromEntries(
      Object.keys(base)
        .filter((path) => !(path in side))
        .map((path) => [path, null]),
    ),
    ...side,
  });
  const oids = await repository.import(
    plans.flatMap(({ base, ours, theirs }, index) => [
      { ref: `refs/heads/${index}/base`, message: "base", changes: base },
      { ref: `refs/heads/${index}/ours`, message: "ours", changes: changesTo(base, ours), parents: [3 * index] },
      { ref: `refs/heads/${index}/theirs`, message: "theirs", changes: changesTo(base, theirs), parents: [3 * index] },
    ]),
  );
  const git = await openGit({ path: repository.path, threads: 2 });
  opened.push(git);
  const sides = plans.map((_, index) => {
    const [base = "", ours = "", theirs = ""] = oids.slice(3 * index);
    return { base, ours, theirs };
  });
  return { repository, git, sides };
}

async function merge(git: Git, { base, ours, theirs }: Sides, resolutions: Resolution[]): Promise<MergedStep> {
  const step = { baseOid: base, theirsOid: theirs, theirsLabel: theirs, message: "merged" };
  const { steps } = await git.mergeSequence({
    tipOid: ours,
    oursLabel: ours,
    steps: [{ ...step, stopAtConflict: resolutions.length === 0, resolutions }],
    keepParents: false,
    author: person,
    committer: person,
  });
  return steps[0] as MergedStep;
}

/** The conflicts, and the step with all of them decided in one way; null: there are none. */
async function resolved(git: Git, sides: Sides, choice: ResolutionChoice) {
  const { conflicts } = await merge(git, sides, []);
  if (conflicts.length === 0) return null;
  const resolutions = conflicts.map(({ path, kind }) => ({ path, kind, choice, mode: 0, content: [] }));
  const step = await merge(git, sides, resolutions);
  // What git is to look at must be on disk.
  await git.flush({ refs: [] });
  return { conflicts, step, treeish: step.commitOid ?? sides.ours };
}

/** Null: it is conflicted for git, too; undefined: git came to grief. */
async function mergedByGit({ path }: TestRepository, { ours, theirs }: Sides, side: "ours" | "theirs") {
  await gitResult(path, ["reset", "--quiet", "--hard"]);
  await gitResult(path, ["clean", "-ffdxq"]);
  const checkout = await gitResult(path, ["checkout", "--quiet", "--force", "--detach", ours]);
  if (checkout.exitCode !== 0) throw new Error(checkout.stderr);
  const { exitCode, stderr } = await gitResult(path, ["merge", "--quiet", "--no-edit", "-X", side, theirs]);
  if (stderr.includes("Assertion")) return undefined;
  return exitCode === 0 ? (await gitResult(path, ["rev-parse", "HEAD^{tree}"])).stdout.toString().trim() : null;
}

async function treeOf({ path }: TestRepository, treeish: string): Promise<Map<string, string>> {
  const { stdout } = await gitResult(path, ["ls-tree", "-r", "-z", treeish]);
  const lines = stdout
    .toString()
    .split("\0")
    .filter((line) => line !== "");
  return new Map(lines.map((line) => [line.slice(line.indexOf("\t") + 1), line.slice(0, line.indexOf("\t"))]));
}

async function treeOidOf(git: Git, name: string) {
  return (await git.resolve({ name })).treeOid;
}

const linesDecide = (conflicts: readonly Conflict[]) =>
  conflicts.every(({ kind }) => ["content", "add/add", "binary"].includes(kind));

test.each([
  ["ours", 11],
  ["theirs", 12],
] as const)("%s: contradicting lines as -X, everything else by path", { timeout: timeoutMs }, async (choice, seed) => {
  const { repository, git, sides } = await generated(seed);
  let compared = 0;
  const kinds = new Set<string>();
  for (const one of sides) {
    const result = await resolved(git, one, choice);
    if (result === null) continue;
    const { conflicts, step, treeish } = result;
    for (const { kind } of conflicts) kinds.add(kind);
    expect({ one, left: step.conflicts.map(({ path, kind }) => `${kind} ${path}`) }).toEqual({ one, left: [] });

    const byGit = await mergedByGit(repository, one, choice);
    if (linesDecide(conflicts) && byGit !== undefined && byGit !== null) {
      expect({ one, conflicts, treeOid: await treeOidOf(git, treeish) }).toEqual({ one, conflicts, treeOid: byGit });
      compared++;
    }

    // Whoever reads the result with git finds no marker that this merge has made.
    const [merged, side] = [await treeOf(repository, treeish), await treeOf(repository, one[choice])];
    const grep = await gitResult(repository.path, ["grep", "-l", "-e", `^<<<<<<<.*${one.ours}`, treeish]);
    expect({ one, marked: grep.stdout.toString() }).toEqual({ one, marked: "" });
    for (const { path, kind, base, ours, theirs } of conflicts) {
      if (["content", "add/add", "binary", "mode"].includes(kind)) continue;
      for (const at of new Set([path, ...[base, ours, theirs].flatMap((version) => (version ? [version.path] : []))]))
        expect({ one, kind, at, entry: merged.get(at) }).toEqual({ one, kind, at, entry: side.get(at) });
    }
  }
  expect(compared).toBeGreaterThan(histories / 40);
  expect([...kinds]).toEqual(expect.arrayContaining(["content", "modify/delete", "add/add", "file/directory"]));
  expect([...kinds]).toEqual(expect.arrayContaining(["rename/delete", "rename/rename", "rename/add"]));
});

test("union: as git's merge driver of that name", { timeout: timeoutMs }, async () => {
  const { repository, git, sides } = await generated(13);
  const attributes = join(await temporaryFolder("attributes"), "attributes");
  await writeFile(attributes, "* merge=union\n");
  let compared = 0;
  for (const one of sides) {
    const result = await resolved(git, one, "union");
    if (result === null) continue;
    const args = ["-c", `core.attributesFile=${attributes}`, "merge-tree", "--write-tree", "--no-messages", "-z"];
    const { exitCode, stdout, stderr } = await gitResult(repository.path, [...args, one.ours, one.theirs]);
    if (stderr.includes("Assertion")) continue;
    const clean = exitCode === 0;
    if (!linesDecide(result.conflicts)) continue;
    expect({ one, clean: result.step.conflicts.length === 0 }).toEqual({ one, clean });
    if (!clean) continue;
    const treeOid = stdout.toString().split("\0")[0]?.trim();
    expect({ one, treeOid: await treeOidOf(git, result.treeish) }).toEqual({ one, treeOid });
    compared++;
  }
  expect(compared).toBeGreaterThan(histories / 40);
});

test("an answer stands at its path alone, a removal leaves none", { timeout: timeoutMs }, async () => {
  const { repository, git, sides } = await generated(14);
  for (const [index, one] of sides.entries()) {
    const { conflicts } = await merge(git, one, []);
    if (conflicts.length === 0) continue;
    const given = ["answer ", `${index}\n`];
    const choice: ResolutionChoice = index % 2 === 0 ? "content" : "removed";
    const entry = { mode: choice === "content" ? 0o100755 : 0, content: choice === "content" ? given : [] };
    const step = await merge(
      git,
      one,
      conflicts.map(({ path, kind }) => ({ path, kind, choice, ...entry })),
    );
    if (step.conflicts.length > 0) {
      // Two conflicts about one path, with two answers: none of them is written.
      expect(conflicts.length).toBeGreaterThan(1);
      expect(step.commitOid).toBeNull();
      continue;
    }
    await git.flush({ refs: [] });
    const merged = await treeOf(repository, step.commitOid ?? one.ours);
    const grep = await gitResult(repository.path, [
      "grep",
      "-l",
      "-e",
      `^<<<<<<<.*${one.ours}`,
      step.commitOid ?? one.ours,
    ]);
    expect(grep.stdout.toString()).toBe("");
    for (const { path, kind, ours } of conflicts) {
      const place = kind === "rename/rename" ? (ours?.path ?? path) : path;
      if (choice === "removed") expect({ one, place, there: merged.has(place) }).toEqual({ one, place, there: false });
      else expect(merged.get(place)).toMatch(/^100755 /);
    }
  }
});
