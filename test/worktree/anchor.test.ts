// The anchor holds what anybody still needs, also when one who needs the same fails.
import { expect, test } from "vitest";
import { runRefs } from "../../src/effect/effect-id.js";
import { openGit } from "../../src/git/git.js";
import { resolveOptions } from "../../src/options.js";
import type { Run } from "../../src/run.js";
import { Anchor } from "../../src/worktree/anchor.js";
import { Gate } from "../support/manager.js";
import { createRepository } from "../support/repository.js";

test("of two who hold one commit the first fails: it is on the anchor for the second", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const git = await openGit({ path: repository.path, threads: 1, lockTimeoutMs: 1_000, stopTimeoutMs: 1_000 });
  const options = resolveOptions({});
  const repositoryOf = { repository: await git.describe(), git, options };
  const run = { id: "run-1", instanceId: "one", refs: runRefs("run-1"), ...repositoryOf } as unknown as Run;
  const [reached, go] = [new Gate(), new Gate()];
  let rooms = 0;
  const anchor = new Anchor(run, async () => {
    if (++rooms > 1) return;
    reached.open();
    await go.opened;
    throw new Error("no room");
  });
  const [commitOid, treeOid] = [await repository.oid("HEAD"), await repository.oid("HEAD^{tree}")];
  const first = anchor.hold(commitOid, treeOid);
  await reached.opened;
  const second = anchor.hold(commitOid, treeOid);
  go.open();
  await expect(first).rejects.toThrow("no room");
  await second;
  const parents = () => repository.git("log", "-1", "--format=%P", run.refs.anchor("one"));
  expect(await parents()).toBe(commitOid);
  // Held once more in vain: what is on disk stays there.
  rooms = 0;
  await expect(anchor.hold(commitOid, treeOid)).rejects.toThrow("no room");
  await anchor.hold(await repository.commit("second", { "b.txt": "b\n" }), treeOid);
  expect((await parents()).split(" ")).toContain(commitOid);
  await git.close();
});
