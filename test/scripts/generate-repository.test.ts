import { createHash } from "node:crypto";
import { join } from "node:path";
import { expect, test } from "vitest";
import { generatedFiles, generateRepository } from "../../scripts/generate-repository.mjs";
import { fsck, git } from "../support/git.js";
import { temporaryFolder } from "../support/repository.js";

test("the same options give the same bytes, another seed others", () => {
  const digest = (seed: number) => {
    const hash = createHash("sha256");
    for (const file of generatedFiles({ files: 300, seed }))
      hash.update(`${file.mode} ${file.path}\0`).update(file.content);
    return hash.digest("hex");
  };
  expect(digest(7)).toBe(digest(7));
  expect(digest(7)).not.toBe(digest(8));
});

test("a generated repository holds what was asked for, every kind of file among it, and is clean", async () => {
  const folder = join(await temporaryFolder(), "generated");
  const { commitOid } = await generateRepository(folder, { files: 2000, meanBytes: 500 });
  expect(await git(folder, ["rev-parse", "HEAD"])).toBe(commitOid);
  const modes = (await git(folder, ["ls-tree", "-r", "--format=%(objectmode)", "HEAD"])).split("\n");
  expect(modes.length).toBe(2000);
  expect([...new Set(modes)].sort()).toEqual(["100644", "100755", "120000"]);
  expect(await git(folder, ["status", "--porcelain"])).toBe("");
  await fsck(folder);
});

test("a failing git is told in its own words", async () => {
  const folder = await temporaryFolder();
  await generateRepository(folder, { files: 5, bare: true });
  const twice = generateRepository(folder, { files: 4, bare: true });
  await expect(twice).rejects.toThrow(/git fast-import ended with 1: .*Not updating refs\/heads\/main/s);
});
