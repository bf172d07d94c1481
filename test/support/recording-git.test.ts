import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { git } from "./git.js";
import { recordingGit } from "./recording-git.js";
import { temporaryFolder } from "./repository.js";

test("a started git is recorded and fails; the oracle is another one", async () => {
  const recording = await recordingGit();
  expect(await recording.calls()).toEqual([]);
  const env = { ...process.env, PATH: recording.searchPath };
  expect(spawnSync("git", ["status", "--short"], { env }).status).toBe(99);
  expect(await git(await temporaryFolder(), ["--version"], { env })).toMatch(/^git version 2\./);
  expect(await recording.calls()).toEqual(["status --short"]);
});
