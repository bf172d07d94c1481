// Redelivery under a run ID that was passed: an effect that has landed is not run again, one that has not is.
import { appendFile, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { dropKeptWork, type TaskContext } from "../../src/index.js";
import { coppiceRefs, expectSound, openManager } from "../support/manager.js";
import { createRepository } from "../support/repository.js";

const tree = { "a.txt": "a\n" };

test("landed and unchanged outcomes are replayed by another manager of the same run, value and all", async () => {
  const repository = await createRepository({ tree });
  let runs = 0;
  const requests = [
    {
      id: "edit",
      task: async ({ resolve }: TaskContext<undefined>) => {
        runs += 1;
        await writeFile(resolve("a.txt"), "edited\n");
        return { nested: ["value", 1, null] };
      },
    },
    {
      id: "look",
      task: () => {
        runs += 1;
        return "looked";
      },
    },
  ];
  const first = await openManager(repository, { runId: "run-1" });
  const settled = await first.parallel.allSettled(requests);
  await first.close();
  const second = await openManager(repository, { runId: "run-1" });
  const replayed = await second.parallel.allSettled(requests);
  await second.close();
  expect(runs).toBe(2);
  expect(replayed).toMatchObject([
    { kind: "landed", replayed: true, value: { nested: ["value", 1, null] }, commitOid: await repository.oid("HEAD") },
    { kind: "unchanged", replayed: true, value: "looked" },
  ]);
  expect(replayed[0]?.changes).toEqual(settled[0]?.changes);
  const fresh = await openManager(repository);
  await fresh.parallel.allSettled(requests);
  expect(runs).toBe(4);
  await fresh.close();
  await expectSound(repository);
});

test("the same effect with another task is refused, and nothing runs", async () => {
  const repository = await createRepository({ tree });
  const first = await openManager(repository, { runId: "run-1" });
  await first.run({ id: "one", task: () => 1 });
  await first.close();
  const second = await openManager(repository, { runId: "run-1" });
  expect(await second.run({ id: "one", task: () => 2 })).toMatchObject({
    kind: "failed",
    error: { code: "ERR_EFFECT_REUSED" },
  });
});

test("a failed effect runs again, and what it had kept stays under its attempt number", async () => {
  const repository = await createRepository({ tree });
  let fails = true;
  const request = {
    id: "flaky",
    task: async ({ resolve, attempt }: TaskContext<undefined>) => {
      await writeFile(resolve("a.txt"), `attempt ${attempt}\n`);
      if (fails) throw new Error("not yet");
    },
  };
  const manager = await openManager(repository, { runId: "run-1" });
  expect(await manager.run(request)).toMatchObject({ kind: "failed", attempt: 1 });
  expect(await manager.run(request)).toMatchObject({ kind: "failed", attempt: 2 });
  fails = false;
  expect(await manager.run(request)).toMatchObject({ kind: "landed", attempt: 3 });
  await manager.close();
  expect(await coppiceRefs(repository)).toEqual([
    "refs/coppice/run-1/attempts/flaky/1",
    "refs/coppice/run-1/attempts/flaky/2",
    "refs/coppice/run-1/ledger",
  ]);
  expect(await repository.git("show", "refs/coppice/run-1/attempts/flaky/1:a.txt")).toBe("attempt 1");
  expect(await repository.git("show", "HEAD:a.txt")).toBe("attempt 3");
  await expectSound(repository);
});

test("an effect that another process of the run works on is not run twice", async () => {
  const repository = await createRepository({ tree });
  const [first, second] = [
    await openManager(repository, { runId: "run-1" }),
    await openManager(repository, { runId: "run-1" }),
  ];
  const lease = await first.acquire("one");
  expect(await second.run({ id: "one", task: () => 1 })).toMatchObject({
    kind: "failed",
    error: { code: "ERR_EFFECT_CLAIMED" },
  });
  await lease.discard();
  expect(await second.run({ id: "one", task: () => 1 })).toMatchObject({ kind: "unchanged" });
});

test("what another living process of the run has landed since is not run again", async () => {
  const repository = await createRepository({ tree });
  const [first, second] = [
    await openManager(repository, { runId: "run-1" }),
    await openManager(repository, { runId: "run-1" }),
  ];
  let runs = 0;
  const task = async ({ resolve }: TaskContext<undefined>) => {
    runs += 1;
    await appendFile(resolve("a.txt"), "once\n");
  };
  // Both have read the ledger before.
  for (const [index, manager] of [first, second].entries())
    await manager.run({ id: `early-${index}`, task: () => null });
  const landed = await first.run({ id: "one", task });
  expect(landed.kind).toBe("landed");
  expect(await second.run({ id: "one", task })).toMatchObject({ kind: "landed", replayed: true });
  expect(runs).toBe(1);
  // And what it records then takes nothing away from what the other one has.
  await second.run({ id: "two", task: () => 2 });
  expect(await first.run({ id: "two", task: () => 2 })).toMatchObject({ replayed: true, value: 2 });
  expect(await repository.git("show", "HEAD:a.txt")).toBe("a\nonce");
  for (const manager of [first, second]) await manager.close();
  await expectSound(repository);
});

test("an effect whose commit the user amends is not run again, whatever lands after it", async () => {
  const repository = await createRepository({ tree });
  let runs = 0;
  const edit = {
    id: "edit",
    task: async ({ resolve }: TaskContext<undefined>) => {
      runs += 1;
      await appendFile(resolve("a.txt"), "edited\n");
    },
  };
  const add = { id: "add", task: ({ resolve }: TaskContext<undefined>) => writeFile(resolve("b.txt"), "b\n") };
  const first = await openManager(repository, { runId: "run-1" });
  await first.run(edit);
  await repository.git("commit", "-q", "--amend", "-m", "With a better message");
  expect(await first.recorded("edit")).toMatchObject({ kind: "landed" });
  expect(await first.run(add)).toMatchObject({ kind: "landed" });
  await first.close();
  const second = await openManager(repository, { runId: "run-1" });
  expect(await second.run(edit)).toMatchObject({ kind: "landed", replayed: true });
  await second.close();
  expect(runs).toBe(1);
  expect(await repository.git("show", "HEAD:a.txt")).toBe("a\nedited");
  await expectSound(repository);
});

test("an effect whose kept work was dropped runs again, also after a gc", async () => {
  const repository = await createRepository({ tree });
  let fails = true;
  const request = {
    id: "flaky",
    task: async ({ resolve, attempt }: TaskContext<undefined>) => {
      await writeFile(resolve("a.txt"), `attempt ${attempt}\n`);
      if (fails) throw new Error("not yet");
    },
  };
  const first = await openManager(repository, { runId: "run-1" });
  await first.run(request);
  await first.close();
  await dropKeptWork(repository.path, { runId: "run-1", effectId: "flaky" });
  await repository.git("gc", "-q", "--prune=now");
  const second = await openManager(repository, { runId: "run-1" });
  expect(await second.run(request)).toMatchObject({ kind: "failed", attempt: 2, error: { code: "ERR_TASK_FAILED" } });
  fails = false;
  expect(await second.run(request)).toMatchObject({ kind: "landed", attempt: 3 });
  await second.close();
  // What was dropped is nowhere; what was kept after that is.
  expect(await coppiceRefs(repository)).toEqual(["refs/coppice/run-1/attempts/flaky/2", "refs/coppice/run-1/ledger"]);
  await expectSound(repository);
});

test("kept work that no record tells of is set aside before its effect runs again", async () => {
  const repository = await createRepository({ tree });
  const ref = "refs/coppice/run-1/effects/flaky";
  await repository.write({ "a.txt": "kept\n" });
  await repository.git("commit", "-qam", "kept");
  await repository.git("update-ref", ref, "HEAD");
  await repository.git("reset", "-q", "--hard", "HEAD~1");
  const keptOid = await repository.oid(ref);
  const manager = await openManager(repository, { runId: "run-1" });
  const task = async ({ resolve }: TaskContext<undefined>) => {
    await writeFile(resolve("a.txt"), "again\n");
    throw new Error("not yet");
  };
  expect(await manager.run({ id: "flaky", task })).toMatchObject({ kind: "failed", attempt: 2 });
  await manager.close();
  expect(await repository.oid("refs/coppice/run-1/attempts/flaky/1")).toBe(keptOid);
  expect(await repository.git("show", `${ref}:a.txt`)).toBe("again");
});
