import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repairRun } from "../../src/babysitter/run-repair.js";
import { temporaryFolder } from "../support/repository.js";

test("what a dead process has left half-written goes, and what is whole or alive stays", async () => {
  const runDir = await temporaryFolder("run");
  const journal = join(runDir, "journal");
  await mkdir(journal);
  // No process has the first number; the second is this one.
  const names = ["000001.A.json", "000002.B.json.tmp-4194305-1", `000003.C.json.tmp-${process.pid}-1`];
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
