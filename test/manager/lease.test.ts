// Leases driven by hand.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { coppiceRefs, expectSound, openManager } from "../support/manager.js";
import { createRepository } from "../support/repository.js";

const tree = { "a.txt": "a\n", "b.txt": "b\n" };

test("a lease is edited, looked at, landed, moved to the new tip, and landed again", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, { runId: "run-1" });
  const lease = await manager.acquire("by-hand");
  expect(await lease.diff()).toEqual({ changes: [], patch: "" });
  await writeFile(join(lease.path, "a.txt"), "first\n");
  const diff = await lease.diff();
  expect(diff.changes.map((change) => change.path)).toEqual(["a.txt"]);
  expect(diff.patch).toContain("-a\n+first\n");
  const first = await lease.land({ message: "First" });
  expect(first).toMatchObject({ kind: "landed", effectId: "by-hand" });
  await lease.reset("HEAD");
  expect(lease.baseOid).toBe(await repository.oid("HEAD"));
  await writeFile(join(lease.path, "b.txt"), "second\n");
  expect(await lease.land({ message: "Second" })).toMatchObject({ kind: "landed", attempt: 2 });
  await lease.release();
  await expect(lease.snapshot()).rejects.toMatchObject({ code: "ERR_CLOSED" });
  await manager.close();
  expect(await repository.git("log", "--format=%s", "-2")).toBe("Second\nFirst");
  expect(await coppiceRefs(repository)).toEqual(["refs/coppice/run-1/ledger"]);
  await expectSound(repository);
});

test("releasing keeps what has not landed; discarding drops it", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, { runId: "run-1" });
  const kept = await manager.acquire("kept");
  await writeFile(join(kept.path, "a.txt"), "kept\n");
  await kept.release();
  const dropped = await manager.acquire("dropped");
  expect(await readFile(join(dropped.path, "a.txt"), "utf8")).toBe("a\n");
  await writeFile(join(dropped.path, "a.txt"), "dropped\n");
  await dropped.discard();
  expect(await manager.kept()).toMatchObject([{ runId: "run-1", effectId: "kept" }]);
  expect(await repository.git("show", "refs/coppice/run-1/effects/kept:a.txt")).toBe("kept");
  const landed = await manager.landKept("kept", { message: "After all" });
  expect(landed).toMatchObject({ kind: "landed" });
  expect(await manager.kept()).toEqual([]);
  await manager.close();
  expect(await readFile(join(repository.path, "a.txt"), "utf8")).toBe("kept\n");
  await expectSound(repository);
});

test("a lease that is still held at close is released, and its work kept", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, { runId: "run-1" });
  const lease = await manager.acquire("forgotten");
  await writeFile(join(lease.path, "new.txt"), "work of hours\n");
  await manager.close();
  expect(await repository.git("show", "refs/coppice/run-1/effects/forgotten:new.txt")).toBe("work of hours");
  await expectSound(repository);
});

test("kept work can be dropped, and dropping twice says what there is", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, { runId: "run-1" });
  const lease = await manager.acquire("gone");
  await writeFile(join(lease.path, "a.txt"), "x\n");
  await lease.release();
  await manager.dropKept("gone");
  await expect(manager.dropKept("gone")).rejects.toMatchObject({ code: "ERR_KEPT_NOT_FOUND" });
});

test("dispose releases", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, { runId: "run-1" });
  {
    await using lease = await manager.acquire("scoped");
    await writeFile(join(lease.path, "a.txt"), "scoped\n");
  }
  expect(await manager.kept()).toHaveLength(1);
});
