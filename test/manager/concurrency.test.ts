import { expect, test } from "vitest";
import { Gate, openManager } from "../support/manager.js";
import { createRepository } from "../support/repository.js";

test("a call runs as many effects at once as it asks for, in the order of its requests", async () => {
  const repository = await createRepository({ tree: { a: "a\n" } });
  const manager = await openManager(repository);
  let running = 0;
  let most = 0;
  const begun: string[] = [];
  const both = new Gate();
  const task = async ({ effectId }: { effectId: string }) => {
    begun.push(effectId);
    most = Math.max(most, ++running);
    if (running === 2) both.open();
    await both.opened;
    running--;
  };
  const ids = Array.from({ length: 6 }, (_, index) => `e${index}`);
  await manager.parallel.all(
    ids.map((id) => ({ id, task })),
    { concurrency: 2 },
  );
  expect(most).toBe(2);
  expect([...begun].sort()).toEqual(ids);
  // Which of the two that get their worktrees at the same time begins first is theirs to find out.
  for (const [place, id] of begun.entries()) expect(Math.abs(ids.indexOf(id) - place)).toBeLessThanOrEqual(1);
});

test("what the ledger has of an effect can be asked for", async () => {
  const repository = await createRepository({ tree: { a: "a\n" } });
  const manager = await openManager(repository, { runId: "run-1" });
  expect(await manager.describe()).toEqual({ workingDirectory: repository.path, tipOid: await repository.oid("HEAD") });
  expect(await manager.recorded("one")).toBeNull();
  await manager.run({ id: "one", task: () => 7 });
  expect(await manager.recorded("one")).toMatchObject({ kind: "unchanged", value: 7, replayed: true });
});
