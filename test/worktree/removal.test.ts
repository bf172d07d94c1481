// A worktree is taken away in two steps, its folder and its admin directory; a death between them must not leave a riddle.
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { type Git, openGit } from "../../src/git/git.js";
import { recoverRepository } from "../../src/index.js";
import { removeWorktree } from "../../src/worktree/dead-worktree.js";
import { listWorktrees, lockReason } from "../../src/worktree/list.js";
import { requireBuilt } from "../support/built.js";
import { expectSound } from "../support/manager.js";
import { createRepository, temporaryFolder } from "../support/repository.js";

beforeAll(requireBuilt, 120_000);

/** Its folder goes, and then nothing more happens. */
function dyingAfterTheFolder(git: Git, elsewhere: string): Git {
  const removeFolder = async ({ path }: { path: string }) => {
    await rename(path, elsewhere);
    throw new Error("died");
  };
  return new Proxy(git, {
    get(target, name) {
      if (name === "removeWorktree") return removeFolder;
      const member = target[name as keyof Git] as unknown;
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

test("a leased worktree whose removal died halfway is gone after recovery", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const git = await openGit({ path: repository.path });
  try {
    const baseOid = await repository.oid("HEAD");
    const path = join(repository.path, "../project.worktrees/w01");
    const reason = lockReason.leased("run-1", "effect-1", baseOid);
    await git.addWorktree({
      name: "w01",
      path,
      baseOid,
      lockReason: reason,
      copyFrom: null,
      track: false,
      reserveBytes: 0,
    });
    const [worktree] = await listWorktrees(git);
    if (worktree === undefined) throw new Error("the worktree is not listed");
    const dying = dyingAfterTheFolder(git, join(await temporaryFolder(), "gone"));
    await expect(removeWorktree(dying, worktree)).rejects.toThrow("died");
  } finally {
    await git.close();
  }
  const { removed, left } = await recoverRepository(repository.path);
  expect(removed.map(({ name }) => name)).toEqual(["w01"]);
  expect(left).toEqual([]);
  await expectSound(repository);
});
