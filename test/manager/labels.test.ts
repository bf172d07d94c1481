// Labels of a request: in every event of its effect, in its outcome, and in the ledger for whoever opens it later. They decide nothing.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commandTask, type EventName, inspectRepository, type Labels, type TaskContext } from "../../src/index.js";
import { startDying } from "../support/dying.js";
import { openManager } from "../support/manager.js";
import { createRepository } from "../support/repository.js";
import { TaskGate } from "../support/task-gate.js";

const tree = { "a.txt": "a\n" };
const labels = { "ticket.id": "T-17", "run/dir": "/somewhere/else" };
const conflicting = (text: string) => ({
  task: ({ resolve }: TaskContext<undefined>) => writeFile(resolve("a.txt"), text),
});

test("every event of an effect carries its labels, and those of others do not", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, {
    onConflict: "rerun",
    provision: { setup: { command: "sh", args: ["-c", "echo ready"] } },
  });
  const names: EventName[] = [
    "effect:requested",
    "setup:started",
    "setup:output",
    "setup:ended",
    "effect:acquired",
    "task:started",
    "task:progress",
    "task:output",
    "task:ended",
    "effect:snapshotted",
    "effect:released",
    "effect:merged",
    "effect:rerun",
    "conflict:resolved",
    "effect:settled",
  ];
  const seen = new Map<EventName, Record<string, Labels>>(names.map((name) => [name, {}]));
  for (const name of names) {
    manager.on(name, (event) => {
      const { effectId, labels: carried } = event as { effectId: string; labels: Labels };
      const before = seen.get(name)?.[effectId];
      if (before !== undefined) expect(carried).toEqual(before);
      Object.assign(seen.get(name) ?? {}, { [effectId]: carried });
    });
  }
  await manager.parallel.all([
    { id: "plain", ...conflicting("plain\n") },
    {
      id: "labelled",
      labels,
      task: async ({ resolve, progress, attempt }) => {
        progress(attempt);
        await writeFile(resolve("a.txt"), "labelled\n");
      },
    },
    { id: "wins", labels: { side: "theirs" }, onConflict: "theirs", ...conflicting("wins\n") },
    { id: "says", labels: { by: "sh" }, task: commandTask("echo", ["hello"]) },
  ]);
  const expected: Record<string, Labels> = { labelled: labels, wins: { side: "theirs" }, says: { by: "sh" } };
  for (const [name, effects] of seen) {
    for (const [id, carried] of Object.entries(effects))
      expect(carried, `${name} of ${id}`).toEqual(expected[id] ?? {});
    expect(Object.keys(effects), name).not.toEqual([]);
  }
  expect(seen.get("effect:rerun")).toEqual({ labelled: labels });
  expect(seen.get("conflict:resolved")).toEqual({ wins: { side: "theirs" } });
  expect(seen.get("task:output")).toEqual({ says: { by: "sh" } });
});

test("they are in the outcome, and in the ledger after the manager was opened again", async () => {
  const repository = await createRepository({ tree });
  const first = await openManager(repository, { runId: "run-1" });
  const requests = [
    { id: "lands", labels, ...conflicting("1\n") },
    { id: "loses", labels: { of: "loses" }, ...conflicting("2\n") },
    { id: "fails", labels: { of: "fails" }, task: () => Promise.reject(new Error("no")) },
    { id: "plain", task: () => 1 },
  ];
  const outcomes = await first.parallel.allSettled(requests);
  const expected = [
    ["landed", labels],
    ["conflicted", { of: "loses" }],
    ["failed", { of: "fails" }],
    ["unchanged", {}],
  ];
  expect(outcomes.map((outcome) => [outcome.kind, outcome.labels])).toEqual(expected);
  await first.close();
  const second = await openManager(repository, { runId: "run-1" });
  const recorded = await Promise.all(requests.map(({ id }) => second.recorded(id)));
  expect(recorded.map((outcome) => [outcome?.kind, outcome?.labels])).toEqual(expected);
  expect(await second.kept()).toMatchObject([{ effectId: "loses", labels: { of: "loses" } }]);
  await second.close();
  expect((await inspectRepository(repository.path)).kept).toMatchObject([{ labels: { of: "loses" } }]);
});

test("the same effect with other labels is the same effect: it is replayed, with those that it settled by", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, { runId: "run-1" });
  const task = () => 1;
  await manager.run({ id: "one", task, labels });
  expect(await manager.run({ id: "one", task, labels: { other: "x" } })).toMatchObject({ replayed: true, labels });
  expect((await manager.run({ id: "one", task })).labels).toEqual(labels);
});

test("kept work that lands later still has them; one that runs again has the new ones", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, { runId: "run-1" });
  await repository.write({ "a.txt": "mine\n" });
  await manager.run({ id: "one", labels, ...conflicting("effect\n") });
  await repository.git("checkout", "--quiet", "a.txt");
  expect(await manager.landKept("one")).toMatchObject({ kind: "landed", labels });
  let fails = true;
  const flaky = { id: "two", task: () => (fails ? Promise.reject(new Error("no")) : 2) };
  await manager.run({ ...flaky, labels });
  fails = false;
  expect(await manager.run({ ...flaky, labels: { again: "yes" } })).toMatchObject({ labels: { again: "yes" } });
});

test("what recovery keeps of an effect has the labels of the last time that it settled", async () => {
  const repository = await createRepository({ tree });
  const gate = await TaskGate.create();
  const first = await openManager(repository, { runId: "run-1" });
  await first.run({ id: "one", labels, task: () => Promise.reject(new Error("no")) });
  await first.close();
  const dying = startDying(repository, {
    act: "run",
    effects: [{ id: "one", script: "echo half > half.txt", wait: true }],
    options: { runId: "run-1" },
    gate: gate.path,
  });
  await gate.reached("one");
  await dying.kill();
  const second = await openManager(repository, { runId: "run-1" });
  expect(await second.recorded("one")).toMatchObject({ kind: "aborted", attempt: 2, labels });
  expect(await second.kept()).toMatchObject([{ effectId: "one", labels }]);
});

test("kept work is listed, without labels, when the ledger of its run is not there any more", async () => {
  const repository = await createRepository({ tree });
  const first = await openManager(repository, { runId: "run-1" });
  await repository.write({ "a.txt": "mine\n" });
  await first.run({ id: "one", labels, ...conflicting("effect\n") });
  await first.close();
  await writeFile(join(repository.path, ".git/refs/coppice/run-1/ledger"), `${"a".repeat(40)}\n`);
  const second = await openManager(repository, { runId: "run-2" });
  expect(await second.kept()).toMatchObject([{ runId: "run-1", effectId: "one", labels: {} }]);
});

const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, ""]));

test.each([
  ["32 of them", many(32)],
  ["the longest name", { ["n".repeat(63)]: "x" }],
  ["the longest value", { name: "x".repeat(4096) }],
  ["any text as a value", { name: "ü €  = {}" }],
])("%s may be given", async (_, given) => {
  const manager = await openManager(await createRepository({ tree }));
  expect((await manager.run({ id: "one", task: () => 1, labels: given })).labels).toEqual(given);
});

test.each([
  ["33 of them", many(33), /at most 32/],
  ["an empty name", { "": "x" }, /name/],
  ["a name too long", { ["n".repeat(64)]: "x" }, /63/],
  ["a name with a blank", { "a b": "x" }, /"effect one: labels\.a b"/],
  ["a name of a prototype", JSON.parse('{"__proto__":"x"}'), /labels\.__proto__/],
  ["a value too long", { name: "x".repeat(4097) }, /4096/],
  ["a value with a line break", { name: "a\nb" }, /control/],
  ["a value that is no text", { name: 1 }, /"effect one: labels\.name"/],
  ["nesting", { name: { more: "x" } }, /"effect one: labels\.name"/],
  ["a list", ["x"], /labels/],
])("%s is refused by name, and nothing runs", async (_, given, message) => {
  const manager = await openManager(await createRepository({ tree }), { runId: "run-1" });
  const running = manager.run({ id: "one", task: () => 1, labels: given as never });
  await expect(running).rejects.toMatchObject({ code: "ERR_OPTION", message: expect.stringMatching(message) });
  expect(await manager.recorded("one")).toBeNull();
});
