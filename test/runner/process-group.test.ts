import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ProcessGroup } from "../../src/runner/process-group.js";
import { temporaryFolder } from "../support/repository.js";
import { TaskGate } from "../support/task-gate.js";
import { gateProgram } from "./request.js";

/** A leader that waits at the gate, under a program's name that /proc shows without quotes. */
async function startLeader(gate: TaskGate): Promise<ChildProcess & { pid: number }> {
  const program = join(await temporaryFolder("program"), ") Z 1 (");
  await symlink(process.execPath, program);
  const child = spawn(program, [gateProgram, gate.path, "leader"], { detached: true, stdio: "ignore" });
  await gate.reached("leader");
  return child as ChildProcess & { pid: number };
}

test("ends whoever is in it, and says when nobody is left", async () => {
  const gate = await TaskGate.create();
  const child = await startLeader(gate);
  const group = new ProcessGroup(child.pid);
  expect([group.signal(0), await group.hasOthers()]).toEqual([true, false]);
  const exit = once(child, "exit");
  expect(await group.end(60_000)).toBe(true);
  expect(await exit).toEqual([null, "SIGTERM"]);
  expect(group.signal(0)).toBe(false);
  expect(await group.kill()).toBe(true);
});

test("kills", async () => {
  const gate = await TaskGate.create();
  const child = await startLeader(gate);
  const exit = once(child, "exit");
  expect(await new ProcessGroup(child.pid).kill()).toBe(true);
  expect(await exit).toEqual([null, "SIGKILL"]);
});
