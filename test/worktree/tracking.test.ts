// Tracking as a manager uses it: which snapshots are verified, and what is said of a scan and of a defect.

import { link, readdir, readlink, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commandTask, type Events, type ManagerOptions } from "../../src/index.js";
import { resolveOptions } from "../../src/options.js";
import { mustVerify } from "../../src/worktree/tracking.js";
import { openManager } from "../support/manager.js";
import { createRepository, temporaryFolder } from "../support/repository.js";

const tree = { "a.txt": "one\n", "src/b.txt": "two\n" };

async function watchedManager(options: ManagerOptions = {}) {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository, { trackingAudit: 0, limits: { worktrees: 1 }, ...options });
  const scanned: Events["worktree:scanned"][] = [];
  const missed: Events["tracking:missed"][] = [];
  manager.on("worktree:scanned", (event) => scanned.push(event));
  manager.on("tracking:missed", (event) => missed.push(event));
  return { repository, manager, scanned, missed };
}

test.runIf(process.platform === "linux")(
  "effects in a warm worktree are tracked from the first to the last",
  async () => {
    const { repository, manager, scanned, missed } = await watchedManager();
    for (const name of ["one", "two", "three"]) {
      const outcome = await manager.run({
        id: name,
        task: async ({ resolve }) => writeFile(resolve(`${name}.txt`), `${name}\n`),
      });
      expect(outcome.kind).toBe("landed");
    }
    expect(scanned).toEqual([]);
    expect(missed).toEqual([]);
    expect(await repository.git("ls-files")).toBe("a.txt\none.txt\nsrc/b.txt\nthree.txt\ntwo.txt");
  },
);

test.runIf(process.platform === "linux")(
  "what a child process writes through a name outside is found, told and landed",
  async () => {
    const { repository, manager, scanned, missed } = await watchedManager();
    // Of a worktree that was just made everything racy is suspect.
    await manager.run({ id: "first", task: async () => {} });
    const outside = join(await temporaryFolder(), "a");
    const script = `ln a.txt ${outside} && echo more >> ${outside}`;
    const outcome = await manager.run({ id: "hidden", task: commandTask("sh", ["-c", script]) });
    expect(outcome.kind).toBe("landed");
    expect(await repository.git("show", "HEAD:a.txt")).toBe("one\nmore");
    expect(missed.map(({ worktree, paths }) => ({ worktree, paths }))).toEqual([{ worktree: "w01", paths: ["a.txt"] }]);
    // From then on that worktree is scanned, and the outside name leads into no other task.
    await writeFile(outside, "somebody else\n");
    const next = await manager.run({ id: "next", task: async ({ resolve }) => writeFile(resolve("c.txt"), "three\n") });
    expect(next.kind).toBe("landed");
    expect(scanned.map(({ step, reason }) => ({ step, reason }))).toEqual([
      { step: "reset", reason: "tracking missed a change before" },
      { step: "snapshot", reason: "tracking missed a change before" },
    ]);
    expect(await repository.git("show", "HEAD:a.txt")).toBe("one\nmore");
  },
);

test.runIf(process.platform === "linux")("a changed file with another name is no matter for tracking", async () => {
  const { repository, manager, scanned } = await watchedManager();
  const outcome = await manager.run({
    id: "linked",
    task: async ({ resolve }) => {
      await link(resolve("a.txt"), resolve("alias"));
      await writeFile(resolve("alias"), "both\n");
      await rm(resolve("src/b.txt"));
    },
  });
  expect(outcome.kind).toBe("landed");
  expect(scanned.map(({ step, reason }) => ({ step, reason }))).toEqual([
    { step: "snapshot", reason: "a file that changed has another name" },
  ]);
  expect(await repository.git("show", "HEAD:a.txt")).toBe("both");
});

test("without tracking everything is scanned, and nothing is said of it", async () => {
  const { manager, scanned } = await watchedManager({ tracking: "off" });
  for (const id of ["one", "two"]) {
    const outcome = await manager.run({ id, task: async ({ resolve }) => writeFile(resolve(id), id) });
    expect(outcome.kind).toBe("landed");
  }
  expect(scanned).toEqual([]);
});

test("child processes are always verified, others as often as asked", () => {
  const always = resolveOptions({ trackingAudit: 1 });
  const never = resolveOptions({ trackingAudit: 0 });
  expect(mustVerify(always, "this process")).toBe(true);
  expect(mustVerify(never, "this process")).toBe(false);
  expect(mustVerify(never, "child process")).toBe(true);
});

/** The system has 128 of them for all programs of a user. */
async function watchesOpen(): Promise<number> {
  const folder = "/proc/self/fd";
  const links = await Promise.all((await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => "")));
  return links.filter((target) => target === "anon_inode:inotify").length;
}

test.runIf(process.platform === "linux")("a worktree that is kept is watched no longer", async () => {
  const { manager } = await watchedManager();
  const before = await watchesOpen();
  const outcome = await manager.run({ id: "piped", task: commandTask("mkfifo", ["pipe"]) });
  expect(outcome.kept?.worktreePath).not.toBeNull();
  expect(await watchesOpen()).toBe(before);
});
