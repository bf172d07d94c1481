// The library starts no git: a whole fan-out runs with a git on PATH that records its calls and fails.
import { writeFile } from "node:fs/promises";
import { expect, test, vi } from "vitest";
import { commandTask, type TaskContext } from "../../src/index.js";
import { expectSound, openManager } from "../support/manager.js";
import { recordingGit } from "../support/recording-git.js";
import { createRepository } from "../support/repository.js";

test("a fan-out with landings, a conflict, a failure and kept work calls git not once", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n", "b.txt": "b\n" } });
  const recording = await recordingGit();
  vi.stubEnv("PATH", recording.searchPath);
  const manager = await openManager(repository, { runId: "run-1" });
  const outcomes = await manager.parallel.allSettled([
    { id: "a", task: ({ resolve }: TaskContext<undefined>) => writeFile(resolve("a.txt"), "1\n") },
    { id: "again", task: ({ resolve }: TaskContext<undefined>) => writeFile(resolve("a.txt"), "2\n") },
    { id: "fails", task: () => Promise.reject(new Error("no")) },
    { id: "command", task: commandTask("sh", ["-c", "echo c > c.txt"]) },
  ]);
  await manager.landKept("again").catch(() => null);
  await manager.dropKept("again");
  await manager.list();
  await manager.close();
  vi.unstubAllEnvs();
  expect(outcomes.map((outcome) => outcome.kind)).toEqual(["landed", "conflicted", "failed", "landed"]);
  expect(await recording.calls()).toEqual([]);
  await expectSound(repository);
});
