import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { repairRun } from "../../src/babysitter/run-repair.js";
import { temporaryFolder } from "../support/repository.js";

test("what a dead process has left half-written goes, and what is whole or alive stays", async () => {
  const runDir = await temporaryFolder("run");
  const journal = join(runDir, "journal");
  await mkdir(journal);
  // No process has the first number; the second is this one.
  const names = ["000001.A.json", "000002.B.json.tmp-4194305-1", `000003.C.json.tmp-${process.pid}-${Date.now()}`];
  for (const name of names) await writeFile(join(journal, name), "{}");
  await writeFile(join(runDir, "run.lock"), "");
  await utimes(join(runDir, "run.lock"), 1, 1);
  await repairRun(runDir);
  expect(await readdir(journal)).toEqual([names[0], names[2]]);
  expect(await readdir(runDir)).toEqual(["journal"]);
  await writeFile(join(runDir, "run.lock"), '{"pid":1}');
  await repairRun(runDir);
  expect(await readdir(runDir)).toEqual(["journal", "run.lock"]);
});

test("what a process with the number of this one left goes, as in a container that is started again", async () => {
  const runDir = await temporaryFolder("run");
  const [journal, lock] = [join(runDir, "journal"), join(runDir, "run.lock")];
  await mkdir(journal);
  await writeFile(join(journal, `000001.A.json.tmp-${process.pid}-1700000000000`), "{");
  await writeFile(lock, JSON.stringify({ pid: process.pid, owner: "runtime:commitEffectResult" }));
  await repairRun(runDir);
  expect([await readdir(journal), await readdir(runDir)]).toEqual([[], ["journal", "run.lock"]]);
  await utimes(lock, 1_700_000_000, 1_700_000_000);
  await repairRun(runDir);
  expect(await readdir(runDir)).toEqual(["journal"]);
});

test("an unfinished lock goes, also one whose time is still to come", async () => {
  const runDir = await temporaryFolder("run");
  await writeFile(join(runDir, "run.lock"), "");
  await utimes(join(runDir, "run.lock"), 4_000_000_000, 4_000_000_000);
  await repairRun(runDir);
  expect(await readdir(runDir)).toEqual([]);
});

test("what a dead process left goes also when another process, or a thread, has its number by now", async () => {
  const runDir = await temporaryFolder("run");
  const [journal, lock] = [join(runDir, "journal"), join(runDir, "run.lock")];
  await mkdir(journal);
  const living = spawn("sleep", ["600"]);
  onTestFinished(() => void living.kill("SIGKILL"));
  await once(living, "spawn");
  const pid = living.pid as number;
  const hourAgo = Date.now() - 3_600_000;
  const threads = process.platform === "linux" ? (await readdir("/proc/self/task")).map(Number) : [];
  const thread = threads.find((id) => id !== process.pid);
  const left = [`000001.A.json.tmp-${pid}-${hourAgo}`];
  if (thread !== undefined) left.push(`000002.B.json.tmp-${thread}-${Date.now()}`);
  const kept = `000003.C.json.tmp-${pid}-${Date.now()}`;
  for (const name of [...left, kept]) await writeFile(join(journal, name), "{");
  const lockedAt = (ms: number) => JSON.stringify({ pid, owner: "runtime", acquiredAt: new Date(ms).toISOString() });
  await writeFile(lock, lockedAt(Date.now()));
  await repairRun(runDir);
  // Elsewhere than on Linux nobody says when a process began, and a number that is in use counts as its writer's.
  const gone = process.platform === "linux" ? [] : left;
  expect([await readdir(journal), await readdir(runDir)]).toEqual([
    [...gone, kept],
    ["journal", "run.lock"],
  ]);
  if (process.platform !== "linux") return;
  await writeFile(lock, lockedAt(hourAgo));
  await utimes(lock, hourAgo / 1000, hourAgo / 1000);
  await repairRun(runDir);
  expect(await readdir(runDir)).toEqual(["journal"]);
});
