// What `close` waits for: everything that was handed in before it, begun or not. `abort` is what stops.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Outcome, TaskContext } from "../../src/index.js";
import { expectSound, Gate, openManager } from "../support/manager.js";
import { createRepository } from "../support/repository.js";

const tree = { "a.txt": "a\n" };
const writing = async ({ resolve, effectId }: TaskContext<undefined>) => writeFile(resolve(effectId), "");
const kinds = (outcomes: readonly Outcome[]) => outcomes.map(({ kind }) => kind);

/** The first one says that it has begun, and waits. */
function held(ids: readonly string[]) {
  const begun = new Gate();
  const go = new Gate();
  const ran: string[] = [];
  const requests = ids.map((id, index) => ({
    id,
    task: async (context: TaskContext<undefined>) => {
      ran.push(id);
      if (index === 0) {
        begun.open();
        await Promise.race([go.opened, new Promise((resolve) => context.signal.addEventListener("abort", resolve))]);
      }
      await writing(context);
    },
  }));
  return { requests, begun: begun.opened, go: () => go.open(), ran };
}

test("effects that their call's concurrency holds back run and land before close resolves", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository);
  const { requests, begun, go, ran } = held(["one", "two", "three"]);
  const call = manager.parallel.allSettled(requests, { concurrency: 1 });
  const mapped = manager.parallel.mapSettled(["four", "five"], (id) => ({ id, task: writing }), { concurrency: 1 });
  await begun;
  expect(ran).toEqual(["one"]);
  const closing = manager.close();
  await expect(manager.run({ id: "late", task: writing })).rejects.toMatchObject({ code: "ERR_CLOSED" });
  await expect(manager.parallel.all([{ id: "late", task: writing }])).rejects.toMatchObject({ code: "ERR_CLOSED" });
  go();
  await closing;
  expect(kinds(await call)).toEqual(["landed", "landed", "landed"]);
  expect(kinds(await mapped)).toEqual(["landed", "landed"]);
  expect(ran).toEqual(["one", "two", "three"]);
  await expectSound(repository);
});

test.each(["batch", "latest", "working-tree", "HEAD"])(
  "closed in the same moment as the call: base %s",
  async (base) => {
    const repository = await createRepository({ tree });
    const manager = await openManager(repository);
    const call = manager.parallel.allSettled(
      ["one", "two"].map((id) => ({ id, task: writing })),
      { base },
    );
    const single = manager.run({ id: "three", task: writing });
    await manager.close();
    expect(kinds([...(await call), await single])).toEqual(["landed", "landed", "landed"]);
    await expectSound(repository);
  },
);

test("abort ends what has begun, and what has not begun never does; close waits until all have settled", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository);
  const { requests, begun, ran } = held(["one", "two", "three"]);
  const call = manager.parallel.allSettled(requests, { concurrency: 1 });
  await begun;
  const closing = manager.close();
  manager.abort();
  await closing;
  expect(kinds(await call)).toEqual(["aborted", "aborted", "aborted"]);
  expect(ran).toEqual(["one"]);
  await expectSound(repository);
});

test("of a stream what it has taken settles, and the next request is refused", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, { limits: { worktrees: 1 } });
  const { requests, begun, go, ran } = held(["one", "two"]);
  const taken: string[] = [];
  async function* source() {
    for (const request of requests) {
      taken.push(request.id);
      yield request;
      await begun;
      await closed.opened;
    }
  }
  const closed = new Gate();
  const outcomes: Outcome[] = [];
  const reading = (async () => {
    for await (const outcome of manager.stream(source())) outcomes.push(outcome);
  })();
  await begun;
  const closing = manager.close();
  go();
  await closing;
  closed.open();
  await expect(reading).rejects.toMatchObject({ code: "ERR_CLOSED" });
  expect([taken, ran, kinds(outcomes)]).toEqual([["one", "two"], ["one"], ["landed"]]);
  await expectSound(repository);
});

test("leases are released, with their work kept; who still waits for one is refused", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, { runId: "run-1", limits: { worktrees: 1 } });
  const lease = await manager.acquire("first");
  await writeFile(`${lease.path}/new.txt`, "new\n");
  const waiting = manager.acquire("second");
  const refused = expect(waiting).rejects.toMatchObject({ code: "ERR_CLOSED" });
  await manager.close();
  await refused;
  expect(await repository.git("show", "refs/coppice/run-1/effects/first:new.txt")).toBe("new");
  await expectSound(repository);
});

test("a lease that is being made is given or refused, and never left behind", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository);
  const leases = Promise.allSettled(["one", "two", "three"].map((id) => manager.acquire(id)));
  await manager.close();
  for (const lease of await leases)
    if (lease.status === "rejected") expect(lease.reason).toMatchObject({ code: "ERR_CLOSED" });
  await expectSound(repository);
});

test("a signal that has fired before: the effects settle as aborted, and nothing runs", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository);
  const signal = AbortSignal.abort();
  expect((await manager.run({ id: "one", task: writing }, { signal })).kind).toBe("aborted");
  const outcomes = await manager.parallel.allSettled(
    ["two", "three"].map((id) => ({ id, task: writing })),
    { signal },
  );
  expect(kinds(outcomes)).toEqual(["aborted", "aborted"]);
  await manager.close();
  await expectSound(repository);
});

test("abort ends a resolver that never answers, also of a lease that is driven by hand and of kept work", async () => {
  const repository = await createRepository({ tree });
  const keeping = await openManager(repository, { runId: "run-1", onConflict: "keep" });
  const base = await repository.oid("HEAD");
  await repository.commit("the user's", { "a.txt": "the user's\n" });
  const task = ({ resolve }: TaskContext<undefined>) => writeFile(resolve("a.txt"), "effect\n");
  expect(await keeping.run({ id: "kept", task }, { base })).toMatchObject({ kind: "conflicted" });
  await keeping.close();
  const asked = [new Gate(), new Gate()];
  let questions = 0;
  const onConflict = () => {
    asked[questions++]?.open();
    return new Promise<null>(() => {});
  };
  const manager = await openManager(repository, { runId: "run-1", onConflict, limits: { resolverTimeoutMs: 0 } });
  const landing = manager.landKept("kept");
  await asked[0]?.opened;
  const lease = await manager.acquire("driven", { base });
  await writeFile(join(lease.path, "a.txt"), "driven\n");
  const driven = lease.land();
  manager.abort();
  const gaveUp = "the resolver gave no answer: it was aborted";
  for (const outcome of [await landing, await driven])
    expect(outcome).toMatchObject({ kind: "conflicted", resolutions: [{ policy: "resolver", gaveUp }] });
});
