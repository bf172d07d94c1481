// What a module task can rely on in a pooled process beyond what holds in a thread.
import { spawnSync } from "node:child_process";
import { closeSync, fstatSync, openSync } from "node:fs";
import { rename } from "node:fs/promises";
import { expect, test } from "vitest";
import type { Json } from "../../src/task.js";
import { temporaryFolder } from "../support/repository.js";
import { TaskGate } from "../support/task-gate.js";
import { isAlive } from "./alive.js";
import { failureOf, fixture, openRunner, record } from "./request.js";

const folder = (name: string, input?: Json) => fixture("folder.task.mjs", name, input, "process");
const plain = (name: string) => fixture("plain.task.mjs", name, undefined, "process");
const waiting = (name: string, input?: Json) => fixture("waiting.task.mjs", name, input, "process");

test("its working directory is the worktree of each effect in turn", async () => {
  const runner = openRunner({ processes: 1 });
  for (const _ of [1, 2]) {
    const { request } = await record(folder("where"));
    expect(await runner.run(request)).toEqual({ cwd: request.path, PWD: request.path });
  }
});

test("no process stays in the folder when the effect is over", async () => {
  const runner = openRunner({ processes: 1 });
  const { request } = await record(folder("where"));
  await runner.run(request);
  const inside = spawnSync("sh", ["-c", `ls -l /proc/*/cwd 2>/dev/null | grep -F -- "-> ${request.path}"`]);
  expect(String(inside.stdout)).toBe("");
  await rename(request.path, `${request.path}-renamed`);
});

test("a folder that is not there fails the effect and spares the process", async () => {
  const runner = openRunner({ processes: 1 });
  const error = await failureOf(runner.run((await record(folder("where"), { path: "/no/such/worktree" })).request));
  expect(error).toMatchObject({ code: "ERR_NATIVE", details: { path: "/no/such/worktree" } });
  expect(await runner.run((await record(folder("where"))).request)).toBeDefined();
});

test("inherits what its request's descriptors lead to now, whatever a process was started with", async () => {
  const runner = openRunner({ processes: 1 });
  for (const path of ["/", await temporaryFolder(), "/"]) {
    // The same number each time: it is free again.
    const descriptor = openSync(path, "r");
    const { request } = await record(folder("descriptor", 4), { inheritDescriptors: [descriptor] });
    expect(await runner.run(request)).toBe(fstatSync(descriptor).ino);
    closeSync(descriptor);
  }
});

test("is the same process for the same descriptors", async () => {
  const runner = openRunner({ processes: 1 });
  const descriptor = openSync("/", "r");
  const who = async () => runner.run((await record(plain("who"), { inheritDescriptors: [descriptor] })).request);
  expect(await who()).toEqual(await who());
  closeSync(descriptor);
});

test("takes its children with it when it is made to end", async () => {
  const gate = await TaskGate.create();
  const abort = new AbortController();
  const recorded = await record(waiting("startsChild", { gate: gate.path }), { signal: abort.signal, graceMs: 0 });
  const failure = failureOf(openRunner().run(recorded.request));
  await gate.reached("effect");
  const { pid } = recorded.progress[0] as { pid: number };
  expect(await isAlive(pid)).toBe(true);
  abort.abort();
  expect((await failure).code).toBe("ERR_ABORTED");
  expect(await isAlive(pid)).toBe(false);
});

test("leaves no child behind when it settles, and is not used again", async () => {
  const gate = await TaskGate.create();
  const runner = openRunner({ processes: 1 });
  const recorded = await record(waiting("startsChild", { gate: gate.path, forget: true }));
  const { pid } = (await runner.run(recorded.request)) as { pid: number };
  expect(await isAlive((recorded.progress[0] as { pid: number }).pid)).toBe(false);
  expect(await isAlive(pid)).toBe(false);
});

test("makes room for a command when processes rest", async () => {
  const gate = await TaskGate.create();
  const runner = openRunner({ processes: 2 });
  const pids = await Promise.all(
    ["a", "b"].map(async (effectId) => {
      const { request } = await record(waiting("default", { gate: gate.path }), { effectId });
      const value = runner.run(request);
      // Both at once, so that there are two.
      await Promise.all([gate.reached("a"), gate.reached("b")]);
      await gate.release(effectId);
      return ((await value) as { pid: number }).pid;
    }),
  );
  expect(await Promise.all(pids.map(isAlive))).toEqual([true, true]);
  const command = { kind: "command", command: "true", args: [], env: {}, stdin: null } as const;
  await runner.run((await record(command)).request);
  const alive = await Promise.all(pids.map(isAlive));
  expect(alive.filter(Boolean)).toHaveLength(1);
});
