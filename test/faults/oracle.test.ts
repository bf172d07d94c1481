// The oracle of the fault harness can say no: whatever must never be is put into a world by hand, and it is found. And the product's
// addon has nobody who listens to failpoints.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { faultAddon } from "../../faults/built.js";
import { type Ground, layGround } from "../../faults/ground.js";
import { judge, judgeAtOnce } from "../../faults/oracle.js";
import { sample } from "../../faults/random.js";
import { type Acknowledged, walk } from "../../faults/walk.js";
import { copyWorld, type World } from "../../faults/world.js";
import { buildNativeFaults } from "../../scripts/bootstrap/native.mjs";
import { requireBuilt } from "../support/built.js";
import { git } from "../support/git.js";
import { temporaryFolder } from "../support/repository.js";
import { projectFolder } from "../tidy/sources.js";

let ground: Ground;
beforeAll(async () => {
  await requireBuilt();
  await buildNativeFaults();
  ground = await layGround(await temporaryFolder("ground"));
}, 300_000);

async function walked(): Promise<{ world: World; acknowledged: readonly Acknowledged[] }> {
  const world = await copyWorld(ground.template, await temporaryFolder("world"));
  return { world, acknowledged: (await walk(world)).acknowledged };
}

const harm: Record<string, { kind: string; act(world: World): Promise<unknown> }> = {
  "a landed effect is off the branch": {
    kind: "lost",
    act: ({ repository }) => git(repository, ["update-ref", "refs/heads/main", "main~1"]),
  },
  "kept work has no ref": {
    kind: "lost",
    act: ({ repository }) => git(repository, ["update-ref", "-d", "refs/coppice/faults/effects/fail"]),
  },
  "an object is gone": {
    kind: "lost",
    act: async ({ repository }) => {
      await git(repository, ["update-ref", "refs/heads/other", "main"]);
      await writeFile(join(repository, ".git/refs/heads/other"), `${"1".repeat(40)}\n`);
    },
  },
  "a file of the tree is old": {
    kind: "mixed",
    act: ({ repository, baseOid }) => git(repository, ["checkout", "--quiet", baseOid, "--", "src/a/one.txt"]),
  },
  "a file of the user's is another": {
    kind: "userBytesLost",
    act: ({ repository }) => writeFile(join(repository, "notes/untracked.txt"), "overwritten\n"),
  },
  "a lock is left": {
    kind: "leftovers",
    act: ({ repository }) => writeFile(join(repository, ".git/index.lock"), ""),
  },
  "a worktree is left": {
    kind: "leftovers",
    act: ({ repository }) => git(repository, ["worktree", "add", "--quiet", "--detach", "../project.worktrees/w01"]),
  },
};

test("nothing is found where nothing is wrong", async () => {
  const { world, acknowledged } = await walked();
  expect(await judgeAtOnce(world, acknowledged)).toEqual([]);
  expect(await judge(world, ground.expected, [acknowledged])).toEqual([]);
});

for (const [what, { kind, act }] of Object.entries(harm)) {
  test(`${what}: found`, async () => {
    const { world, acknowledged } = await walked();
    await act(world);
    const problems = await judge(world, ground.expected, [acknowledged]);
    expect(problems.map((problem) => problem.kind)).toContain(kind);
  });
}

test("an effect that settled otherwise than it must is found", async () => {
  const { world, acknowledged } = await walked();
  const other = acknowledged.map((entry) => (entry.effectId === "edit" ? { ...entry, kind: "failed" } : entry));
  expect((await judge(world, ground.expected, [other])).map(({ what }) => what)).toEqual([
    "edit settled at last as failed instead of landed",
  ]);
});

test("a process that is to die at a step dies there", async () => {
  const world = await copyWorld(ground.template, await temporaryFolder("world"));
  const env = { COPPICE_FAILPOINT: "landing.moved", COPPICE_FAILPOINT_NTH: "1" };
  const { ended, finished } = await walk(world, { addon: faultAddon, env });
  expect([ended.signal, finished]).toEqual(["SIGKILL", false]);
});

test("the product's addon has no listener to failpoints", async () => {
  const product = await readFile(join(projectFolder, "build/Release/coppice.node"));
  expect(product.includes("COPPICE_FAILPOINT")).toBe(false);
  expect((await readFile(faultAddon)).includes("COPPICE_FAILPOINT")).toBe(true);
});

test("a sample is the same for the same seed, and in order", () => {
  const items = Array.from({ length: 100 }, (_, index) => index);
  const chosen = sample(items, 10, 7);
  expect(chosen).toEqual(sample(items, 10, 7));
  expect(chosen).toEqual([...chosen].sort((a, b) => a - b));
  expect(chosen).not.toEqual(sample(items, 10, 8));
});
