// What has landed and is put back by somebody else's commit is told, by the process that landed it and by one that replays it.
import { execFile } from "node:child_process";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { EffectRequest, Events, TaskContext, WorktreeManager } from "../../src/index.js";
import { expectSound, Gate, openManager } from "../support/manager.js";
import { createRepository, type TestRepository } from "../support/repository.js";

const tree = { "a.txt": "a\n", "b.txt": "b\n" };

function writes(id: string, path: string, text: string): EffectRequest {
  return { id, task: ({ resolve }: TaskContext<undefined>) => writeFile(resolve(path), text) };
}

function listen(manager: WorktreeManager): Events["warning"][] {
  const warnings: Events["warning"][] = [];
  manager.on("warning", (warning) => warnings.push(warning));
  return warnings;
}

/** A program that says once that it was called, and then waits: what git runs in the middle of a command. Both pipes block. */
async function gateIn(repository: TestRepository, name: string) {
  const folder = dirname(repository.path);
  const [program, reached, open] = [name, "reached", "open"].map((each) => join(folder, each)) as [
    string,
    string,
    string,
  ];
  await promisify(execFile)("mkfifo", [reached, open]);
  const lines = ["#!/bin/sh", `if mkdir ${folder}/once; then echo reached > ${reached}; cat ${open}; fi 2>/dev/null`];
  await writeFile(program, `${[...lines, "printf 'token\\0/\\0'"].join("\n")}\n`);
  await chmod(program, 0o755);
  return { folder, program, reached: () => readFile(reached), letGo: () => writeFile(open, "") };
}

test("a git that had read the index before a landing, and a commit after it: the next landing tells", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository);
  const warnings = listen(manager);
  await repository.write({ "a.txt": "the user's\n" });
  await repository.git("stash", "push", "--quiet");
  // Between reading the index and taking its lock git asks its file system monitor.
  const gate = await gateIn(repository, "monitor");
  const monitored = ["-c", `core.fsmonitor=${gate.program}`, "-c", "core.fsmonitorHookVersion=2"];
  const applied = repository.git(...monitored, "stash", "apply", "--quiet");
  await gate.reached();
  const landed = await manager.run(writes("grow", "new file.txt", "grown\n"));
  expect(landed).toMatchObject({ kind: "landed" });
  await gate.letGo();
  await applied;
  await repository.git("commit", "--quiet", "--all", "--message=the user's");
  // What this is about: nobody has removed the file, and the commit has.
  expect(await repository.git("show", "--name-status", "--format=", "HEAD")).toBe("M\ta.txt\nD\tnew file.txt");
  const reverting = await repository.oid("HEAD");
  await manager.run(writes("other", "b.txt", "other\n"));
  await manager.close();
  expect(warnings).toMatchObject([{ code: "EFFECT_REVERTED", effectId: "grow" }]);
  const message = warnings[0]?.message ?? "";
  expect(message).toContain("'new file.txt'");
  const [look, restore] = [...message.matchAll(/'(git .*?-- 'new file\.txt')'/g)].map(
    ([, command]) => command as string,
  );
  const typed = async (command = "") =>
    (await promisify(execFile)("sh", ["-c", command], { cwd: repository.path })).stdout;
  expect(await typed(look)).toContain(reverting);
  await typed(restore);
  expect(await repository.git("diff", "--cached", "--name-status")).toBe("A\tnew file.txt");
});

test("a git reset that had looked at the branch before a landing: it is told which commit the branch has lost", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository);
  const warnings = listen(manager);
  const before = await repository.oid("HEAD");
  await repository.write({ "b.txt": "staged\n" });
  await repository.git("add", "b.txt");
  // When the index is written, and before it moves the branch to where that was at first.
  const gate = await gateIn(repository, "post-index-change");
  const reset = repository.git("-c", `core.hooksPath=${gate.folder}`, "reset", "--quiet");
  await gate.reached();
  const landed = await manager.run(writes("grow", "new.txt", "grown\n"));
  expect(landed).toMatchObject({ kind: "landed", commitOid: await repository.oid("main") });
  await gate.letGo();
  await reset;
  // What this is about: nobody has asked for that.
  expect(await repository.oid("main")).toBe(before);
  await manager.close();
  expect(warnings).toMatchObject([{ code: "EFFECT_REVERTED", effectId: "grow" }]);
  const [reflog, merge] = [...(warnings[0]?.message ?? "").matchAll(/'(git (?:reflog|merge) [^']*)'/g)];
  const { stdout } = await promisify(execFile)("sh", ["-c", reflog?.[1] ?? ""], { cwd: repository.path });
  expect(stdout).toContain("coppice: land grow");
  await promisify(execFile)("sh", ["-c", merge?.[1] ?? ""], { cwd: repository.path });
  expect(await repository.git("show", "HEAD:new.txt")).toBe("grown");
  expect(await repository.git("status", "--porcelain")).toBe(" M b.txt");
});

test("a commit of the user's that puts an effect back is told when the manager closes, once, with every path", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, { runId: "run-1" });
  const warnings = listen(manager);
  const task = async ({ resolve }: TaskContext<undefined>) => {
    await writeFile(resolve("a.txt"), "effect\n");
    await writeFile(resolve("new.txt"), "new\n");
  };
  await manager.run({ id: "one", task });
  await manager.run(writes("two", "b.txt", "two\n"));
  await repository.git("revert", "--no-edit", "HEAD~1");
  await manager.close();
  expect(warnings).toMatchObject([{ code: "EFFECT_REVERTED", effectId: "one" }]);
  expect(warnings[0]?.message).toContain("a.txt new.txt,");
  await expectSound(repository);
  // Whoever is told by the ledger that it has landed learns of it, too.
  const second = await openManager(repository, { runId: "run-1" });
  const again = listen(second);
  expect(await second.run({ id: "one", task })).toMatchObject({ kind: "landed", replayed: true });
  expect(await second.run(writes("three", "c.txt", "three\n"))).toMatchObject({ kind: "landed" });
  await second.close();
  expect(again).toMatchObject([{ code: "EFFECT_REVERTED", effectId: "one" }]);
});

test("only what is gone is told: of two effects on one path the later one", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository);
  const warnings = listen(manager);
  const told = new Gate();
  manager.on("warning", () => told.open());
  await manager.run(writes("one", "a.txt", "one\n"));
  await manager.run(writes("two", "a.txt", "two\n"));
  await repository.commit("as it was", { "a.txt": "one\n" });
  await manager.run(writes("three", "b.txt", "three\n"));
  // Beside everything else, so perhaps later than the outcome.
  await told.opened;
  expect(warnings).toMatchObject([{ effectId: "two" }]);
  await repository.commit("as it was", { "a.txt": "a\n" });
  await manager.close();
  expect(warnings).toMatchObject([{ effectId: "two" }, { effectId: "one" }]);
});

test("what the user goes on with, and what an effect puts back itself, is not told", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository);
  const warnings = listen(manager);
  await manager.run(writes("one", "a.txt", "one\n"));
  await repository.commit("on top", { "a.txt": "one\nand more\n", "mine.txt": "mine\n" });
  await manager.run(writes("two", "b.txt", "two\n"));
  await manager.run(writes("three", "b.txt", "b\n"));
  await repository.commit("something else", { "mine.txt": "mine, too\n" });
  await manager.run(writes("four", "c.txt", "four\n"));
  await manager.close();
  expect(warnings).toEqual([]);
});
