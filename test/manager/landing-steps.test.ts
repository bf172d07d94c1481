// The user's git and editor act at each step of a landing (PROTOCOLS P2). A hook runs before the named native call, while the
// real call waits; nothing else is replaced.
import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeEach, expect, test, vi } from "vitest";
import type { Outcome, TaskContext } from "../../src/index.js";
import { gitResult } from "../support/git.js";
import { expectSound, openManager } from "../support/manager.js";
import { createRepository, type TestRepository } from "../support/repository.js";

const hooks = vi.hoisted(() => ({ before: new Map<string, () => Promise<unknown>>() }));
vi.mock("../../src/git/git.js", async (importOriginal) => {
  const original = await importOriginal<typeof import("../../src/git/git.js")>();
  return {
    ...original,
    openGit: async (options: Parameters<typeof original.openGit>[0]) =>
      new Proxy(await original.openGit(options), {
        get(git, name) {
          const method: unknown = Reflect.get(git, name, git);
          if (typeof method !== "function") return method;
          return (...args: unknown[]) => {
            const hook = hooks.before.get(String(name));
            if (hook === undefined) return method.apply(git, args);
            // Once: the next round of the same landing goes undisturbed.
            hooks.before.delete(String(name));
            return hook().then(() => method.apply(git, args));
          };
        },
      }),
  };
});
beforeEach(() => hooks.before.clear());

const tree = { "a.txt": "a\n", "b.txt": "b\n", "dir/c.txt": "c\n" };

const editing =
  (begin: () => unknown) =>
  async ({ resolve }: TaskContext<undefined>) => {
    begin();
    await writeFile(resolve("a.txt"), "landed\n");
    await writeFile(resolve("new.txt"), "landed\n");
    await rm(resolve("b.txt"));
  };

/** Runs one effect that writes `a.txt`, `new.txt` and removes `b.txt`, with the user acting before `step`. */
async function landWhile(repository: TestRepository, step: string, act: () => Promise<unknown>): Promise<Outcome> {
  const manager = await openManager(repository, { runId: "run-1", limits: { lockTimeoutMs: 5_000 } });
  const outcome = await manager.run({
    id: "one",
    task: editing(() => hooks.before.set(step, act)),
  });
  await manager.close();
  return outcome;
}

const read = (repository: TestRepository, path: string) => readFile(join(repository.path, path), "utf8");

test("before the locks: the user commits, and the effect is merged on top", async () => {
  const repository = await createRepository({ tree });
  const outcome = await landWhile(repository, "beginLanding", () =>
    repository.commit("mine", { "dir/c.txt": "mine\n" }),
  );
  expect(outcome.kind).toBe("landed");
  expect(await repository.git("log", "--format=%s")).toBe("Effect one\nmine\ninitial");
  expect(await read(repository, "dir/c.txt")).toBe("mine\n");
  expect(await repository.status()).toBe("");
  await expectSound(repository);
});

test("before the locks: the user commits the same line, and the effect conflicts", async () => {
  const repository = await createRepository({ tree });
  const outcome = await landWhile(repository, "beginLanding", () => repository.commit("mine", { "a.txt": "mine\n" }));
  expect(outcome).toMatchObject({ kind: "conflicted", conflicts: [{ path: "a.txt", kind: "content" }] });
  expect(await read(repository, "a.txt")).toBe("mine\n");
  await expectSound(repository);
});

test("before the locks: the user begins a merge, and the landing waits until it is over", async () => {
  const repository = await createRepository({ tree });
  await repository.commitBeside("refs/heads/other", "other", { "o.txt": "other\n" }, await repository.oid("HEAD"));
  const outcome = await landWhile(repository, "beginLanding", async () => {
    await repository.git("merge", "--quiet", "--no-ff", "--no-commit", "other");
    // It has been refused once by then, and gives the locks back.
    hooks.before.set("endLanding", async () => {
      hooks.before.set("beginLanding", () => repository.git("commit", "--quiet", "--no-edit"));
    });
  });
  expect(outcome.kind).toBe("landed");
  expect(await repository.git("log", "--first-parent", "--format=%s")).toBe(
    "Effect one\nMerge branch 'other'\ninitial",
  );
  expect(await read(repository, "o.txt")).toBe("other\n");
  expect(await repository.status()).toBe("");
  await expectSound(repository);
});

test("before the locks: the user begins a merge and stays in it, and the effect is kept", async () => {
  const repository = await createRepository({ tree });
  await repository.commitBeside("refs/heads/other", "other", { "o.txt": "other\n" }, await repository.oid("HEAD"));
  const outcome = await landWhile(repository, "beginLanding", () =>
    repository.git("merge", "--quiet", "--no-ff", "--no-commit", "other"),
  );
  expect(outcome).toMatchObject({
    kind: "failed",
    error: { code: "ERR_REPOSITORY_BUSY" },
    kept: { snapshotOid: expect.any(String) },
  });
  expect(await read(repository, "o.txt")).toBe("other\n");
  await repository.git("merge", "--abort");
  expect(await repository.status()).toBe("");
});

test("before the locks: the user checks out another branch, and the target moves without a working tree", async () => {
  const repository = await createRepository({ tree });
  const outcome = await landWhile(repository, "beginLanding", () =>
    repository.git("checkout", "--quiet", "-b", "other"),
  );
  expect(outcome.kind).toBe("landed");
  expect(await read(repository, "a.txt")).toBe("a\n");
  expect(await repository.git("show", "main:a.txt")).toBe("landed");
  expect(await repository.status()).toBe("");
});

test.each(["checkPaths", "flush", "moveTarget", "updatePaths"])(
  "before %s: the user's git commit, add and checkout wait for our lock",
  async (step) => {
    const repository = await createRepository({ tree });
    const refused: string[] = [];
    const outcome = await landWhile(repository, "beginLanding", async () => {
      hooks.before.set(step, async () => {
        await repository.write({ "notes.txt": "mine\n" });
        for (const args of [
          ["add", "notes.txt"],
          ["commit", "-qam", "mine"],
          ["checkout", "-qb", "other"],
        ]) {
          const result = await gitResult(repository.path, args);
          if (result.exitCode !== 0 && result.stderr.includes("index.lock")) refused.push(args[0] as string);
        }
      });
    });
    expect(refused).toEqual(["add", "commit", "checkout"]);
    expect(outcome.kind).toBe("landed");
    expect(await repository.status()).toBe("?? notes.txt");
    await expectSound(repository);
  },
);

test("before the check: the user edits a file of the effect, which is blocked", async () => {
  const repository = await createRepository({ tree });
  const outcome = await landWhile(repository, "checkPaths", () => repository.write({ "a.txt": "mine\n" }));
  expect(outcome).toMatchObject({ kind: "blocked", blocked: [{ path: "a.txt", reason: "modified" }] });
  expect(await repository.status()).toBe(" M a.txt");
  expect(await read(repository, "a.txt")).toBe("mine\n");
  await expectSound(repository);
});

test("before the commit point: plumbing moves the branch, and the batch is merged again", async () => {
  const repository = await createRepository({ tree });
  const outcome = await landWhile(repository, "moveTarget", () =>
    repository.commitBeside("refs/heads/main", "plumbing", { "dir/d.txt": "d\n" }),
  );
  expect(outcome.kind).toBe("landed");
  expect(await repository.git("log", "--format=%s")).toBe("Effect one\nplumbing\ninitial");
  // Plumbing left the working tree behind, as git itself would; ours is not mixed into it.
  expect(await repository.status()).toBe("D  dir/d.txt");
  expect(await read(repository, "a.txt")).toBe("landed\n");
});

test("before the commit point: plumbing deletes the branch", async () => {
  const repository = await createRepository({ tree });
  const outcome = await landWhile(repository, "moveTarget", () =>
    repository.git("update-ref", "-d", "refs/heads/main"),
  );
  expect(outcome).toMatchObject({ kind: "failed", error: { code: "ERR_TARGET_GONE" } });
  expect(await repository.git("show", "refs/coppice/run-1/effects/one:a.txt")).toBe("landed");
});

test.each([
  ["edits", { "a.txt": "mine\n" }],
  ["creates", { "new.txt": "mine\n" }],
  ["edits what goes", { "b.txt": "mine\n" }],
])("after the commit point: the user %s, and the bytes stay and are named", async (_, changes) => {
  const repository = await createRepository({ tree });
  const outcome = await landWhile(repository, "updatePaths", () => repository.write(changes));
  const [path, text] = Object.entries(changes)[0] as [string, string];
  if (outcome.kind !== "landed") throw new Error(outcome.kind);
  expect(outcome.displaced.map((displaced) => displaced.path)).toEqual([path]);
  const kept = outcome.displaced[0]?.keptPath;
  expect(await readFile(kept ?? join(repository.path, path), "utf8")).toBe(text);
  expect(await repository.git("show", "HEAD:a.txt")).toBe("landed");
  await expectSound(repository);
});

test("after the commit point: the user deletes a file of the effect, and it stays deleted and is named", async () => {
  const repository = await createRepository({ tree });
  const outcome = await landWhile(repository, "updatePaths", () => rm(join(repository.path, "a.txt")));
  expect(outcome).toMatchObject({ kind: "landed", displaced: [{ path: "a.txt", reason: "deleted" }] });
  expect(await repository.status()).toBe(" D a.txt");
  await expectSound(repository);
});

test("after the commit point: what stayed is named, also when the index cannot be written", async () => {
  const repository = await createRepository({ tree });
  const lock = join(repository.path, ".git/index.lock");
  hooks.before.set("endLanding", async () => {
    await rm(lock);
    await mkdir(lock);
  });
  const outcome = await landWhile(repository, "updatePaths", () => rm(join(repository.path, "a.txt")));
  expect(outcome).toMatchObject({ kind: "landed", displaced: [{ path: "a.txt", reason: "deleted" }] });
  await rm(lock, { recursive: true });
});

/** The files as they lie at one instant are what a death at that instant leaves. Gives a second repository with them. */
async function dieBefore(repository: TestRepository, step: string): Promise<TestRepository> {
  const dead = await createRepository({ tree: {} });
  const outcome = await landWhile(repository, step, async () => {
    await rm(dead.path, { recursive: true });
    // Hard links and all: a lock of ours is known by its inode.
    await promisify(execFile)("cp", ["-a", repository.path, dead.path]);
  });
  expect(outcome.kind).toBe("landed");
  return dead;
}

test.each([
  ["moveTarget", 1],
  ["updatePaths", 0],
  ["endLanding", 0],
])("dead before %s: the next process of the run lets the effect run %i times", async (step, expectedRuns) => {
  const repository = await dieBefore(await createRepository({ tree }), step);
  const manager = await openManager(repository, { runId: "run-1", limits: { lockTimeoutMs: 5_000 } });
  let runs = 0;
  const outcome = await manager.run({
    id: "one",
    task: editing(() => runs++),
  });
  expect(runs).toBe(expectedRuns);
  expect(outcome).toMatchObject({ kind: "landed", replayed: expectedRuns === 0 });
  expect(await repository.git("log", "--format=%s")).toBe("Effect one\ninitial");
});

test("after the landing: the user commits at once", async () => {
  const repository = await createRepository({ tree });
  await repository.write({ "dir/c.txt": "mine\n" });
  const outcome = await landWhile(repository, "releaseClaim", () => repository.git("commit", "-qam", "mine"));
  expect(outcome.kind).toBe("landed");
  expect(await repository.git("show", "--format=%s", "--name-only", "HEAD")).toBe("mine\n\ndir/c.txt");
  await expectSound(repository);
});
