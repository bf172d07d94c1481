// The pool as effects see it: worktrees are used again, one more is made when waiting is worse, and one that cannot be made
// stops nobody who has one.
import { writeFile } from "node:fs/promises";
import { beforeEach, expect, test, vi } from "vitest";
import type { TaskContext } from "../../src/index.js";
import { expectSound, Gate, linkedWorktrees, openManager } from "../support/manager.js";
import { createRepository } from "../support/repository.js";

/** What making a worktree meets: set by a test, asked at each making. */
const making = vi.hoisted(() => ({
  obstacle: (_number: number, _signal: AbortSignal): Promise<void> => Promise.resolve(),
}));
vi.mock("../../src/git/git.js", async (importOriginal) => {
  const original = await importOriginal<typeof import("../../src/git/git.js")>();
  return {
    ...original,
    openGit: async (options: Parameters<typeof original.openGit>[0]) => {
      const git = await original.openGit(options);
      const { addWorktree } = git;
      let number = 0;
      git.addWorktree = async (request, signal) => {
        await making.obstacle(++number, signal as AbortSignal);
        return addWorktree.call(git, request, signal);
      };
      return git;
    },
  };
});
beforeEach(() => {
  making.obstacle = () => Promise.resolve();
});

const tree = { "a.txt": "a\n", "b.txt": "b\n" };
const edit =
  (name: string) =>
  ({ resolve }: TaskContext<undefined>) =>
    writeFile(resolve(`${name}.txt`), `${name}\n`);

test("one after the other, effects use one worktree", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository);
  const created: boolean[] = [];
  manager.on("effect:acquired", (event) => created.push(event.created));
  for (const id of ["one", "two", "three"]) await manager.run({ id, task: edit(id) });
  expect(created).toEqual([true, false, false]);
  expect(await linkedWorktrees(repository)).toHaveLength(1);
});

test("an effect that another one waits for gets a worktree of its own", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository);
  const second = new Gate();
  const outcomes = await manager.parallel.allSettled([
    { id: "first", task: () => second.opened },
    { id: "second", task: async () => second.open() },
  ]);
  expect(outcomes.map((outcome) => outcome.kind)).toEqual(["unchanged", "unchanged"]);
});

test("when no further worktree can be made the effects take turns in those there are, and that is said", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository);
  const refused = new Gate();
  making.obstacle = async (number) => {
    if (number > 1) throw new Error("no space left");
  };
  const warnings: string[] = [];
  manager.on("warning", ({ code, message }) => {
    warnings.push(`${code}: ${message}`);
    refused.open();
  });
  const outcomes = await manager.parallel.allSettled([
    { id: "first", task: () => refused.opened },
    { id: "second", task: edit("second") },
    { id: "third", task: edit("third") },
  ]);
  expect(outcomes.map((outcome) => outcome.kind)).toEqual(["unchanged", "landed", "landed"]);
  expect(warnings).toEqual(["WORKTREE_NOT_MADE: no further worktree could be made, 1 go on: no space left"]);
  await manager.close();
  await expectSound(repository);
});

test("when not even the first can be made, each effect fails with the cause", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository);
  making.obstacle = () => Promise.reject(new Error("no space left"));
  const outcomes = await manager.parallel.allSettled(["one", "two"].map((id) => ({ id, task: edit(id) })));
  expect(outcomes).toMatchObject([
    { kind: "failed", error: { message: expect.stringContaining("no space left") } },
    { kind: "failed", error: { message: expect.stringContaining("no space left") } },
  ]);
  await manager.close();
  await expectSound(repository);
});

test("a worktree that nobody waits for any more is not made to the end", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository);
  const asked = new Gate();
  const stopped = new Gate();
  making.obstacle = (_number, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        stopped.open();
        reject(signal.reason);
      });
      asked.open();
    });
  const abort = new AbortController();
  const outcome = manager.run({ id: "one", task: edit("one"), signal: abort.signal });
  await asked.opened;
  abort.abort();
  expect((await outcome).kind).toBe("aborted");
  await stopped.opened;
  await manager.close();
  await expectSound(repository);
});
