// Order belongs to a call: request order and determinism for all and map, as they settle for stream and run.
import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import type { TaskContext, WorktreeManager } from "../../src/index.js";
import { expectSound, Gate, openManager } from "../support/manager.js";
import { createRepository, type TestRepository } from "../support/repository.js";

const subjects = (repository: TestRepository, range: string) =>
  repository.git("log", "--reverse", "--format=%s", range);

test("one held effect does not pin the pool: the other 99 all snapshot with two worktrees, and land after it", async () => {
  const repository = await createRepository({ tree: { "seed.txt": "seed\n" } });
  const manager = await openManager(repository, { limits: { worktrees: 2 } });
  const held = new Gate();
  const all = new Gate();
  let snapshots = 0;
  manager.on("effect:snapshotted", () => {
    snapshots += 1;
    if (snapshots === 99) all.open();
  });
  const ids = Array.from({ length: 100 }, (_, index) => `effect-${index}`);
  const mapped = manager.parallel.map(ids, (id, index) => ({
    id,
    message: id,
    task: async ({ resolve }: TaskContext<undefined>) => {
      if (index === 0) await held.opened;
      await writeFile(resolve(`${id}.txt`), `${id}\n`);
      return index;
    },
  }));
  await all.opened;
  expect(await subjects(repository, "HEAD")).toBe("initial");
  held.open();
  expect(await mapped).toEqual(ids.map((_, index) => index));
  await manager.close();
  expect(await subjects(repository, "HEAD~100..HEAD")).toBe(ids.join("\n"));
  await expectSound(repository);
});

test("the same effects, run ID and dates give the same commits whatever the timing", async () => {
  const oids: string[] = [];
  for (const worktrees of [1, 3, 8]) {
    const repository = await createRepository({ tree: { "a.txt": "a\n" } });
    const manager = await openManager(repository, { runId: "same", limits: { worktrees } });
    // Each effect waits for a later one, so that they settle in another order each time the pool is larger.
    const gates = Array.from({ length: 12 }, () => new Gate());
    const window = worktrees;
    await manager.parallel.map(gates, (_, index) => ({
      id: `e${index}`,
      task: async ({ resolve }: TaskContext<undefined>) => {
        const last = index % window === window - 1 || index === gates.length - 1;
        if (!last) await gates[index + 1]?.opened;
        await writeFile(resolve(`f${index}.txt`), `${index}\n`);
        gates[index]?.open();
      },
    }));
    await manager.close();
    oids.push(await repository.oid("HEAD"));
  }
  expect(new Set(oids).size).toBe(1);
});

test("order settled lands what is ready first", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const manager = await openManager(repository);
  const landed = new Gate();
  manager.on("target:landed", () => landed.open());
  await manager.parallel.allSettled(
    [
      {
        id: "slow",
        message: "slow",
        task: async ({ resolve }) => {
          await landed.opened;
          await writeFile(resolve("slow.txt"), "");
        },
      },
      { id: "fast", message: "fast", task: ({ resolve }) => writeFile(resolve("fast.txt"), "") },
    ],
    { order: "settled" },
  );
  expect(await subjects(repository, "HEAD~2..HEAD")).toBe("fast\nslow");
});

test("stream takes the next request only when a worktree is free for it, and yields as they settle", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const manager = await openManager(repository, { limits: { worktrees: 2 } });
  const held = new Gate();
  const taken: string[] = [];
  async function* requests() {
    for (const id of ["held", "b", "c", "d", "e"]) {
      taken.push(id);
      yield {
        id,
        task: async ({ resolve }: TaskContext<undefined>) => {
          if (id === "held") await held.opened;
          await writeFile(resolve(`${id}.txt`), "");
          return id;
        },
      };
    }
  }
  const order: string[] = [];
  for await (const outcome of manager.stream(requests())) {
    order.push(outcome.effectId);
    if (order.length === 4) held.open();
  }
  expect(order).toEqual(["b", "c", "d", "e", "held"]);
  expect(taken).toEqual(["held", "b", "c", "d", "e"]);
});

test("leaving a stream early takes no further request and loses nothing that ran", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const manager = await openManager(repository, { limits: { worktrees: 1 } });
  let taken = 0;
  function* requests() {
    for (;;) {
      const id = `e${taken++}`;
      yield { id, task: ({ resolve }: TaskContext<undefined>) => writeFile(resolve(`${id}.txt`), "") };
    }
  }
  for await (const outcome of manager.stream(requests())) {
    expect(outcome.kind).toBe("landed");
    break;
  }
  const commits = Number(await repository.git("rev-list", "--count", "HEAD")) - 1;
  expect(commits).toBeGreaterThanOrEqual(1);
  expect(commits).toBeLessThanOrEqual(taken);
  await manager.close();
  await expectSound(repository);
});

test("a batch starts from one tip, latest from the tip at admission", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const first = await repository.oid("HEAD");
  const manager: WorktreeManager = await openManager(repository, { limits: { worktrees: 1 } });
  const requests = (prefix: string) =>
    [1, 2].map((n) => ({
      id: `${prefix}${n}`,
      task: ({ resolve }: TaskContext<undefined>) => writeFile(resolve(`${prefix}${n}.txt`), ""),
    }));
  const batch = await manager.parallel.allSettled(requests("batch"));
  expect(batch.map((outcome) => outcome.baseOid)).toEqual([first, first]);
  const second = await repository.oid("HEAD");
  const one = await manager.run(requests("run")[0] as typeof requests extends () => (infer R)[] ? R : never);
  expect(one.baseOid).toBe(second);
});
