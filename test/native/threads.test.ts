// The addon in processes and workers that end while it is at work. Each runs in a process of its own: a crash of native
// code would take the test runner with it.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { fsck, git } from "../support/git.js";
import { createRepository } from "../support/repository.js";

let repository: string;
beforeAll(async () => {
  const files = Array.from({ length: 100 }, (_, i) => [`folder${i % 7}/file${i}.txt`, `file ${i}\n`.repeat(50)]);
  ({ path: repository } = await createRepository({ tree: Object.fromEntries(files) }));
});

interface Ended {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

function run(fixture: string, args: readonly string[], nodeArgs: readonly string[] = []): Promise<Ended> {
  const file = fileURLToPath(new URL(`fixtures/${fixture}`, import.meta.url));
  return new Promise((resolve, reject) => {
    // A limit against hanging: a child that never ends must not outlive the test.
    const limit = { timeout: 55_000, killSignal: "SIGKILL" } as const;
    const child = spawn(process.execPath, [...nodeArgs, file, ...args], {
      ...limit,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output.stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output.stderr += text;
    });
    child.on("error", reject);
    child.on("close", (exitCode, signal) => resolve({ exitCode, signal, ...output }));
  });
}

test("66 terminations of a worker with native calls under way crash nothing and leave no thread", async () => {
  const ended = await run("terminate-workers.mjs", [repository, "66"]);
  expect(ended).toMatchObject({ exitCode: 0, signal: null, stderr: "" });
  expect(JSON.parse(ended.stdout)).toEqual({ terminated: 66, nativeThreads: 0 });
  // Whatever checkout was cut off: the repository is sound, and no worktree is half registered.
  await fsck(repository);
  expect(await git(repository, ["worktree", "list", "--porcelain"])).not.toContain("prunable");
});

describe("a process ends as it was told to", () => {
  const ends: [how: string, exitCode: number, stdout: string][] = [
    ["exit", 7, ""],
    ["exit at once", 7, ""],
    ["exit in a landing", 7, "true\n"],
    ["exit over workers", 7, ""],
    ["exit in a worker", 0, "worker 5, native threads 0\n"],
    ["loaded", 0, "1.9.1\n"],
    ["idle", 0, "refs/heads/main\n"],
    ["pending", 0, "refs/heads/main\n"],
  ];
  test.each(ends)("%s", async (how, exitCode, stdout) => {
    // Several times: what goes wrong here goes wrong by the timing of threads.
    for (let time = 0; time < 5; time++) {
      expect(await run("end-process.mjs", [how, repository])).toEqual({ exitCode, signal: null, stdout, stderr: "" });
    }
  });

  test("no lock is left behind", async () => {
    await run("end-process.mjs", ["exit in a landing", repository]);
    expect(existsSync(`${repository}/.git/index.lock`)).toBe(false);
  });

  test("throw", async () => {
    const ended = await run("end-process.mjs", ["throw", repository]);
    expect(ended).toMatchObject({ exitCode: 1, signal: null, stdout: "" });
    expect(ended.stderr).toContain("Error: uncaught");
  });
});

test("a session that was dropped without close ends its threads when it is collected", async () => {
  const ended = await run("end-process.mjs", ["collected", repository], ["--expose-gc"]);
  expect(ended).toEqual({ exitCode: 0, signal: null, stdout: "native threads some, then 0\n", stderr: "" });
});
