// Early warnings: two tasks that run have changed the same path.
import { appendFile, mkdir, rm, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import type { Events, ManagerOptions, TaskContext, WorktreeManager } from "../../src/index.js";
import { Gate, openManager } from "../support/manager.js";
import { createRepository, type TestRepository } from "../support/repository.js";

type Act = (resolve: TaskContext<undefined>["resolve"]) => Promise<unknown>;

const tree = { "a.txt": "a\n", "b.txt": "b\n", "dir/c.txt": "c\n", ".gitignore": "*.log\n" };

/** Both act, and neither ends before both have. */
async function both(manager: WorktreeManager, acts: Record<string, Act>, until: Promise<unknown> = Promise.resolve()) {
  const done = Object.keys(acts).map(() => new Gate());
  const all = Promise.all(done.map((gate) => gate.opened));
  return manager.parallel.allSettled(
    Object.entries(acts).map(([id, act], index) => ({
      id,
      task: async ({ resolve }: TaskContext<undefined>) => {
        await act(resolve);
        done[index]?.open();
        await all;
        await until;
      },
    })),
  );
}

async function listening(repository: TestRepository, options: ManagerOptions = {}) {
  const manager = await openManager(repository, options);
  const overlaps: Omit<Events["effects:overlap"], "time">[] = [];
  const heard = new Gate();
  manager.on("effects:overlap", ({ path, effectIds }) => {
    overlaps.push({ path, effectIds });
    heard.open();
  });
  return { manager, overlaps, heard };
}

test("a path that two tasks have changed is told of while both run, once, with both effects", async () => {
  const repository = await createRepository({ tree });
  const { manager, overlaps, heard } = await listening(repository);
  const act: Act = async (resolve) => {
    await writeFile(resolve("a.txt"), "changed\n");
    await appendFile(resolve("a.txt"), "again\n");
  };
  // The tasks end only once it has been told of.
  await both(manager, { one: act, two: act }, heard.opened);
  expect(overlaps).toEqual([{ path: "a.txt", effectIds: expect.arrayContaining(["one", "two"]) }]);
});

test("what two tasks change at different paths, ignored files and new folders are no overlap", async () => {
  const repository = await createRepository({ tree });
  const { manager, overlaps } = await listening(repository);
  const noise: Act = async (resolve) => {
    await writeFile(resolve("build.log"), "");
    await mkdir(resolve("new"), { recursive: true });
  };
  await both(manager, {
    one: async (resolve) => {
      await noise(resolve);
      await writeFile(resolve("a.txt"), "one\n");
    },
    two: async (resolve) => {
      await noise(resolve);
      await writeFile(resolve("b.txt"), "two\n");
    },
  });
  expect(overlaps).toEqual([]);
});

test("each pair and path is told of, also a path that one has removed, and at the latest when a task ends", async () => {
  const repository = await createRepository({ tree });
  const { manager, overlaps } = await listening(repository);
  await both(manager, {
    one: (resolve) => rm(resolve("dir/c.txt")),
    two: async (resolve) => {
      await writeFile(resolve("dir/c.txt"), "two\n");
      await writeFile(resolve("a.txt"), "two\n");
    },
    three: (resolve) => writeFile(resolve("a.txt"), "three\n"),
  });
  const told = overlaps.map(({ path, effectIds }) => `${path} ${[...effectIds].sort().join(" ")}`);
  expect(told.sort()).toEqual(["a.txt three two", "dir/c.txt one two"]);
});

test("what an earlier effect did in the same worktree is not the next one's", async () => {
  const repository = await createRepository({ tree });
  const { manager, overlaps } = await listening(repository, { limits: { worktrees: 2 }, onConflict: "theirs" });
  const act: Act = (resolve) => writeFile(resolve("a.txt"), "changed\n");
  await both(manager, { one: act, two: (resolve) => writeFile(resolve("b.txt"), "two\n") });
  await both(manager, {
    three: (resolve) => writeFile(resolve("b.txt"), "3\n"),
    four: (resolve) => writeFile(resolve("dir/c.txt"), "4\n"),
  });
  expect(overlaps).toEqual([]);
});

test("nobody listens, or nothing is tracked: nothing is asked", async () => {
  const repository = await createRepository({ tree });
  const act: Act = (resolve) => writeFile(resolve("a.txt"), "changed\n");
  const { manager, overlaps } = await listening(repository, { tracking: "off" });
  await both(manager, { one: act, two: act });
  expect(overlaps).toEqual([]);
});
