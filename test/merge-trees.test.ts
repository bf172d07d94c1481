import { beforeAll, describe, expect, test } from "vitest";
import { mergeTrees } from "../src/merge-trees.js";
import type { FileChanges, FileTree } from "./support/file-tree.js";
import { gitResult } from "./support/git.js";
import { createRepository, type TestRepository } from "./support/repository.js";

const lines = (count: number, changed: Record<number, string> = {}) =>
  Array.from({ length: count }, (_, i) => `${changed[i] ?? `line ${i}`}\n`).join("");

const base: FileTree = {
  "a.txt": lines(20),
  "b/c.txt": lines(5),
  "b/d.sh": { executable: "#!/bin/sh\n" },
  "gone.txt": lines(12),
  link: { symlink: "a.txt" },
};

const cases: [what: string, ours: FileChanges, theirs: FileChanges][] = [
  ["different files", { "a.txt": "ours\n" }, { "b/c.txt": "theirs\n", new: "new\n" }],
  ["different places of one file", { "a.txt": lines(20, { 2: "ours" }) }, { "a.txt": lines(20, { 15: "theirs" }) }],
  ["the same place of one file", { "a.txt": lines(20, { 2: "ours" }) }, { "a.txt": lines(20, { 2: "theirs" }) }],
  ["the same change", { "a.txt": "same\n" }, { "a.txt": "same\n" }],
  ["deleted and changed", { "gone.txt": null }, { "gone.txt": lines(12, { 3: "theirs" }) }],
  ["both added", { "x/y": "ours\n" }, { "x/y": "theirs\n" }],
  ["renamed and changed", { "gone.txt": null, "moved.txt": lines(12) }, { "gone.txt": lines(12, { 3: "theirs" }) }],
  ["mode and content", { "b/d.sh": "#!/bin/sh\n" }, { "b/d.sh": { executable: "#!/bin/sh\ntrue\n" } }],
  ["a symbolic link", { link: { symlink: "b/c.txt" } }, { "a.txt": "theirs\n" }],
];

let repository: TestRepository;
beforeAll(async () => {
  repository = await createRepository({ tree: base });
});

/** What git makes of it: its tree (with markers where there are conflicts) and the conflicted paths. */
async function oracle(ours: string, theirs: string): Promise<{ treeOid: string; conflicted: string[] }> {
  const args = ["merge-tree", "--write-tree", "--no-messages", "--name-only", "-z", ours, theirs];
  const { stdout } = await gitResult(repository.path, args);
  const [treeOid = "", ...conflicted] = stdout.toString().split("\0").filter(Boolean);
  return { treeOid, conflicted };
}

async function commits(
  name: string,
  ours: FileChanges,
  theirs: FileChanges,
): Promise<{ ours: string; theirs: string }> {
  const root = await repository.oid("main");
  const on = (side: string, changes: FileChanges) =>
    repository.commitBeside(`refs/heads/${name}-${side}`, side, changes, root);
  return { ours: await on("ours", ours), theirs: await on("theirs", theirs) };
}

describe("a merge is what git makes of it, and on disk", () => {
  test.each(cases)("%s", async (what, ours, theirs) => {
    const sides = await commits(what.replaceAll(" ", "-"), ours, theirs);
    const expected = await oracle(sides.ours, sides.theirs);
    const merged = await mergeTrees(repository.path, { base: "main", ...sides });
    expect([...new Set(merged.conflicts.map(({ path }) => path))].sort()).toEqual(expected.conflicted.sort());
    if (expected.conflicted.length > 0) {
      expect(merged.treeOid).toBeNull();
    } else {
      expect(merged.treeOid).toBe(expected.treeOid);
    }
    await repository.fsck();
  });
});

test("with content a conflict carries its file with the labels, and the tree is written", async () => {
  const sides = await commits("labels", { "a.txt": "ours\n" }, { "a.txt": "theirs\n" });
  const labels = { ours: "the target", theirs: "effect-7" };
  const { treeOid, conflicts } = await mergeTrees(repository.path, { base: "main", ...sides, labels, content: true });
  const text = "<<<<<<< the target\nours\n=======\ntheirs\n>>>>>>> effect-7\n";
  expect(conflicts).toMatchObject([{ path: "a.txt", kind: "content", content: text }]);
  expect(`${await repository.git("cat-file", "-p", `${treeOid}:a.txt`)}\n`).toBe(text);
});

test("trees can be merged as well as commits, by oid", async () => {
  const sides = await commits("trees", { "a.txt": "ours\n" }, { new: "theirs\n" });
  const [baseTree, oursTree, theirsTree] = await Promise.all(
    ["main", sides.ours, sides.theirs].map((name) => repository.oid(`${name}^{tree}`)),
  );
  const request = { base: baseTree ?? "", ours: oursTree ?? "", theirs: theirsTree ?? "" };
  const { treeOid } = await mergeTrees(repository.path, request);
  expect(treeOid).toBe((await oracle(sides.ours, sides.theirs)).treeOid);
});

test("neither refs, index nor working tree change, and nothing but objects is left behind", async () => {
  const sides = await commits("untouched", { "a.txt": "ours\n" }, { new: "theirs\n" });
  const look = () =>
    Promise.all([repository.status(), repository.git("for-each-ref"), repository.git("ls-files", "-s")]);
  const before = await look();
  const { treeOid } = await mergeTrees(repository.path, { base: "main", ...sides });
  expect(await look()).toEqual(before);
  expect(await repository.git("cat-file", "-t", treeOid ?? "")).toBe("tree");
});

test("a side that is not there is named", async () => {
  const missing = "1".repeat(40);
  for (const theirs of ["nowhere", missing]) {
    await expect(mergeTrees(repository.path, { base: "main", ours: "main", theirs })).rejects.toMatchObject({
      code: "ERR_NOT_FOUND",
      message: expect.stringContaining(`theirs: "${theirs}" names no commit or tree`),
    });
  }
});

test("an abort ends it", async () => {
  const request = { base: "main", ours: "main", theirs: "main", signal: AbortSignal.abort() };
  await expect(mergeTrees(repository.path, request)).rejects.toMatchObject({ code: "ERR_ABORTED" });
});
