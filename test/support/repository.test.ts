import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readFiles } from "./file-tree.js";
import { GitFailed, git, gitResult } from "./git.js";
import { createRepository } from "./repository.js";

const tree = {
  "a.txt": "one\n",
  "bin/run": { executable: "#!/bin/sh\n" },
  link: { symlink: "a.txt" },
  'odd/"näme"\\x': "quoted\n",
};

test("git runs without the configuration and the identity of whoever runs the tests", async () => {
  const repository = await createRepository({ tree });
  const origins = await repository.git("config", "--list", "--show-origin", "--name-only");
  expect(origins.split("\n").filter((line) => !line.startsWith("file:.git/config"))).toEqual([]);
  expect(await repository.git("log", "--format=%an %ae %at %cn %ct")).toBe(
    "A U Thor author@example.com 1700000000 C O Mitter 1700000000",
  );
});

test("the same description gives the same commit", async () => {
  const oids = await Promise.all([1, 2].map(async () => (await createRepository({ tree })).oid("HEAD")));
  expect(oids[0]).toBe(oids[1]);
  expect(oids[0]).toMatch(/^[0-9a-f]{40}$/);
});

test("a described tree lies on disk, and in the commit, as described", async () => {
  const repository = await createRepository({ tree });
  expect(await readFiles(repository.path)).toEqual(tree);
  expect(await repository.status()).toBe("");
  expect((await repository.git("ls-tree", "-r", "--format=%(objectmode)", "HEAD")).split("\n").sort()).toEqual([
    "100644",
    "100644",
    "100755",
    "120000",
  ]);
});

test("a file can become a folder and a folder a file", async () => {
  const repository = await createRepository({ tree: { x: "file\n", "y/z": "folder\n" } });
  await repository.commit("swap", { x: null, "x/inner": "folder\n", "y/z": null, y: "file\n" });
  expect(await readFiles(repository.path)).toEqual({ "x/inner": "folder\n", y: "file\n" });
});

test("commits beside the working tree leave it alone and equal commits through it", async () => {
  const repository = await createRepository({ tree });
  const before = await repository.oid("HEAD");
  const changes = { "a.txt": null, "new/b": "b\n", 'odd/"näme"\\x': { executable: "changed\n" } };
  const beside = await repository.commitBeside("refs/heads/beside", "second", changes, before);
  expect(await repository.oid("HEAD")).toBe(before);
  expect(await readFiles(repository.path)).toEqual(tree);
  await repository.commit("second", changes);
  expect(await repository.oid(`${beside}^{tree}`)).toBe(await repository.oid("HEAD^{tree}"));
});

test("many commits go through one import, with merges and roots", async () => {
  const repository = await createRepository({ bare: true, tree: { base: "base\n" } });
  const base = await repository.oid("HEAD");
  const [ours, theirs, merge, root] = await repository.import([
    { ref: "refs/heads/ours", message: "ours", changes: { a: "a\n" }, parents: [base] },
    { ref: "refs/heads/theirs", message: "theirs", changes: { b: "b\n" }, parents: [base] },
    { ref: "refs/heads/ours", message: "merge", changes: { b: "b\n" }, parents: [0, 1] },
    { ref: "refs/heads/theirs", message: "root", changes: { c: "c\n" } },
  ]);
  expect(await repository.git("rev-list", "--parents", "-1", "refs/heads/ours")).toBe(`${merge} ${ours} ${theirs}`);
  expect(await repository.git("rev-list", "--parents", "-1", "refs/heads/theirs")).toBe(root);
  expect(await repository.git("ls-tree", "--name-only", "refs/heads/theirs")).toBe("c");
  await repository.fsck();
});

test("a linked worktree lies beside the repository, detached or on a branch", async () => {
  const repository = await createRepository({ tree });
  const detached = await repository.addWorktree("detached");
  const onBranch = await repository.addWorktree("other", { branch: "other" });
  expect(await gitResult(detached, ["symbolic-ref", "HEAD"])).toMatchObject({ exitCode: 128 });
  expect(await git(onBranch, ["symbolic-ref", "HEAD"])).toBe("refs/heads/other");
  expect(existsSync(join(onBranch, "a.txt"))).toBe(true);
});

test("a failing git throws what it said", async () => {
  const repository = await createRepository();
  const failure = await repository.git("cat-file", "-p", "HEAD").catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(GitFailed);
  expect(String(failure)).toContain("git cat-file -p HEAD ended with 128");
  expect(String(failure)).toContain("Not a valid object name HEAD");
});

test("fsck throws on a damaged repository", async () => {
  const repository = await createRepository({ tree });
  await repository.fsck();
  await repository.git("update-ref", "--no-deref", "refs/heads/broken", "HEAD");
  await repository.git("pack-refs", "--all");
  await repository.write({ ".git/refs/heads/broken": `${"1".repeat(40)}\n` });
  await expect(repository.fsck()).rejects.toThrow(GitFailed);
});
