// A worktree that cannot be given back is the pool's trouble: its effect lands, and the next one gets another worktree.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { commandTask, type TaskContext } from "../../src/index.js";
import { expectSound, openManager } from "../support/manager.js";
import { createRepository } from "../support/repository.js";

/** From now on its reason cannot be written. */
async function spoilReason(worktree: string): Promise<void> {
  const admin = (await readFile(join(worktree, ".git"), "utf8")).replace("gitdir: ", "").trim();
  await rm(join(admin, "locked"));
  await mkdir(join(admin, "locked"));
}

test("a worktree whose reason cannot be written holds nobody up", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const manager = await openManager(repository, { limits: { worktrees: 1 } });
  const warnings: string[] = [];
  manager.on("warning", ({ code }) => warnings.push(code));
  const spoil = async ({ path, resolve }: TaskContext<undefined>) => {
    await writeFile(resolve("spoilt.txt"), "work\n");
    await spoilReason(path);
  };
  const write = ({ resolve }: TaskContext<undefined>) => writeFile(resolve("next.txt"), "work\n");
  const outcomes = await manager.parallel.allSettled([
    { id: "spoil", task: spoil },
    { id: "next", task: write },
  ]);
  expect(outcomes.map(({ kind }) => kind)).toEqual(["landed", "landed"]);
  expect(warnings).toEqual(["WORKTREE_NOT_RELEASED"]);
  await manager.close();
  await expectSound(repository);
});

test.runIf(process.platform === "linux")(
  "what a task left running, and holds nothing open, never writes into a later effect's worktree",
  async () => {
    const repository = await createRepository({ tree: { "a.txt": "a\n" } });
    const manager = await openManager(repository, { limits: { worktrees: 1 } });
    const warnings: string[] = [];
    manager.on("warning", ({ code }) => warnings.push(code));
    const beat = join(repository.path, "..", "beat");
    const daemon = `cd /; while :; do echo late >> "$COPPICE_WORKTREE/late.txt"; echo $$ >> ${beat}; done`;
    const script = `exec 3>&- 4>&-; setsid sh -c '${daemon}' < /dev/null > /dev/null 2>&1 & while [ ! -s ${beat} ]; do :; done`;
    const beats = async () => (await readFile(beat, "utf8")).split("\n");
    const { value: before } = (await manager.run({ id: "look", task: async ({ path }) => path })) as { value: string };
    const bad = await manager.run({ id: "daemon", task: commandTask("sh", ["-ec", script]) });
    const pid = Number((await beats())[0]);
    onTestFinished(() => void process.kill(pid, "SIGKILL"));
    const next = await manager.run({
      id: "next",
      task: async ({ path, resolve }) => {
        const start = (await beats()).length;
        // Until it has written again.
        while ((await beats()).length < start + 3) await new Promise(setImmediate);
        await writeFile(resolve("next.txt"), "work\n");
        return path;
      },
    });
    expect(bad.kind).toBe("landed");
    expect(next).toMatchObject({ kind: "landed", changes: [{ path: "next.txt" }] });
    expect((next as { value: string }).value).not.toBe(before);
    expect(warnings).toEqual(["WORKTREE_HELD"]);
  },
);
