import { existsSync } from "node:fs";
import { readdir, readlink } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { type CoppiceError, type ErrorCode, isCoppiceError } from "../../src/errors.js";
import { type Git, openGit } from "../../src/git/git.js";
import { addGate, nativeThreads } from "../support/gate.js";
import { createRepository, temporaryFolder } from "../support/repository.js";

const opened: Git[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((git) => git.close()));
});

async function openedGit(path: string, threads = 2): Promise<Git> {
  const git = await openGit({ path, threads });
  opened.push(git);
  return git;
}

async function failure(promise: Promise<unknown>, code: ErrorCode): Promise<CoppiceError> {
  const error = await promise.then(
    () => new Error("it was fulfilled"),
    (reason: unknown) => reason,
  );
  if (isCoppiceError(error, code)) return error;
  throw error;
}

const tree = { "a.txt": "one\n", "b/c.txt": "two\n" };

test("describe says what git says", async () => {
  const repository = await createRepository({ tree });
  const git = await openedGit(`${repository.path}/b`);
  expect(await git.describe()).toEqual({
    gitDirectory: `${repository.path}/.git`,
    commonDirectory: `${repository.path}/.git`,
    workingDirectory: repository.path,
    bare: false,
    headRef: "refs/heads/main",
    headOid: await repository.oid("HEAD"),
    state: "none",
    ignoreCase: false,
    commitSigning: false,
    userName: null,
    userEmail: null,
  });
});

test("a reply has every field: null for what is missing, never undefined", async () => {
  const repository = await createRepository({ bare: true });
  const git = await openedGit(repository.path);
  expect(await git.describe()).toMatchObject({ bare: true, workingDirectory: null, headOid: null });
  expect(await git.resolve({ name: "nowhere" })).toEqual({
    refName: null,
    commitOid: null,
    treeOid: null,
    parentOids: [],
    message: null,
    timeSeconds: null,
  });
});

test("several sessions and many calls at once do not mix up their replies", async () => {
  const repositories = await Promise.all([1, 2, 3].map((n) => createRepository({ tree: { n: `${n}\n` } })));
  const expected = await Promise.all(repositories.map((repository) => repository.oid("HEAD")));
  const gits = await Promise.all(repositories.map(({ path }) => openedGit(path)));
  const rounds = await Promise.all(
    Array.from({ length: 200 }, (_, i) => gits[i % 3]?.resolve({ name: i % 2 === 0 ? "HEAD" : "main" })),
  );
  expect(rounds.map((reply) => reply?.commitOid)).toEqual(rounds.map((_, i) => expected[i % 3]));
});

test("a failure has code, operation, path, the native failure as cause, and the stack of the call", async () => {
  const folder = await temporaryFolder();
  const error = await failure(openGit({ path: folder }), "ERR_NOT_A_REPOSITORY");
  expect(error.details).toEqual({ operation: "session.open", path: folder });
  expect(error.message).toContain(`${folder}. Pass a path inside a repository`);
  expect(error.cause).toMatchObject({ code: "NOT_A_REPOSITORY", operation: "session.open", path: folder });
  expect(error.stack?.split("\n")[1]).toContain("git.test.ts");

  const git = await openedGit((await createRepository({ tree })).path);
  const second = await failure(callFromHere(git), "ERR_INVALID");
  expect(second.stack).toContain("callFromHere");
});

async function callFromHere(git: Git): Promise<void> {
  await git.resolve({ name: 7 } as never);
}

test("an abort before the call starts nothing", async () => {
  const git = await openedGit((await createRepository({ tree })).path);
  const reason = new Error("changed my mind");
  const error = await failure(git.resolve({ name: "main" }, AbortSignal.abort(reason)), "ERR_ABORTED");
  expect(error.cause).toBe(reason);
  expect(error.details).toEqual({ operation: "resolve" });
});

test("an abort of a call that waits for a thread rejects it at once, and no other", async () => {
  const repository = await createRepository({ tree });
  const gate = await addGate(repository.path);
  const git = await openedGit(repository.path, 1);
  const standing = failure(git.resolve({ name: gate.ref }), "ERR_NATIVE");
  await gate.reached();
  const controller = new AbortController();
  const waiting = git.resolve({ name: "main" }, controller.signal);
  const other = git.resolve({ name: "main" });
  controller.abort();
  // Nothing has opened the gate: the only thread still stands there.
  const error = await failure(waiting, "ERR_ABORTED");
  expect(error.cause).toBe(controller.signal.reason);
  await gate.open();
  await standing;
  expect((await other).refName).toBe("refs/heads/main");
});

test("an abort that comes too late changes nothing", async () => {
  const git = await openedGit((await createRepository({ tree })).path);
  const controller = new AbortController();
  const reply = await git.resolve({ name: "main" }, controller.signal);
  controller.abort();
  expect(reply.refName).toBe("refs/heads/main");
  expect((await git.describe()).headRef).toBe("refs/heads/main");
});

test("close waits for what stands in a system call, and rejects what waits for a thread", async () => {
  const repository = await createRepository({ tree });
  const gate = await addGate(repository.path);
  const git = await openGit({ path: repository.path, threads: 1 });
  const settled: string[] = [];
  const standing = failure(git.resolve({ name: gate.ref }), "ERR_NATIVE").then(() => settled.push("standing"));
  await gate.reached();
  const waiting = failure(git.resolve({ name: "main" }), "ERR_CLOSED").then(() => settled.push("waiting"));
  const closing = git.close().then(() => settled.push("closed"));
  await waiting;
  expect(settled).toEqual(["waiting"]);
  await failure(git.describe(), "ERR_CLOSED");
  await gate.open();
  await Promise.all([standing, closing]);
  expect(settled).toEqual(["waiting", "standing", "closed"]);
});

test("close is harmless twice, and each later call is refused", async () => {
  const repository = await createRepository({ tree });
  const git = await openGit({ path: repository.path });
  await Promise.all([git.close(), git.close()]);
  await git.close();
  const error = await failure(git.resolve({ name: "main" }), "ERR_CLOSED");
  expect(error.message).toContain("resolve: the session is closed");
});

test("a session has no threads before its first call's, and none after close", async () => {
  const repository = await createRepository({ tree });
  expect(await nativeThreads()).toHaveLength(0);
  const git = await openGit({ path: repository.path, threads: 3 });
  await Promise.all(Array.from({ length: 50 }, () => git.resolve({ name: "main" })));
  expect((await nativeThreads()).length).toBeGreaterThan(0);
  expect((await nativeThreads()).length).toBeLessThanOrEqual(3);
  await git.close();
  expect(await nativeThreads()).toHaveLength(0);
});

const landing = { targetRef: "refs/heads/main", worktree: null, commit: true, timeoutMs: 600_000 };

test("an abort stops a call that waits for a lock, and leaves the lock's holder alone", async () => {
  const repository = await createRepository({ tree });
  const holder = await openedGit(repository.path, 1);
  const other = await openedGit(repository.path, 1);
  const { landingId } = await holder.beginLanding(landing);
  const controller = new AbortController();
  const waiting = failure(other.beginLanding(landing, controller.signal), "ERR_ABORTED");
  while ((await openFiles("landing.lock")) < 2) await setImmediate();
  controller.abort();
  expect((await waiting).details.operation).toMatch(/^land\./);
  await holder.endLanding({ landingId, writeIndex: false });
  await other.beginLanding(landing);
});

test("close releases a landing with its locks", async () => {
  const repository = await createRepository({ tree });
  const git = await openGit({ path: repository.path });
  await git.beginLanding(landing);
  expect(existsSync(`${repository.path}/.git/index.lock`)).toBe(true);
  await git.close();
  expect(existsSync(`${repository.path}/.git/index.lock`)).toBe(false);
});

/** How often this process has a file of this name open. */
async function openFiles(name: string): Promise<number> {
  const descriptors = await readdir("/proc/self/fd");
  const targets = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
  return targets.filter((target) => target.endsWith(`/${name}`)).length;
}

test("a claim is released by close", async () => {
  const repository = await createRepository({ tree });
  const first = await openGit({ path: repository.path });
  const second = await openedGit(repository.path);
  expect(await first.claim({ name: "run/one", owner: "first" })).toMatchObject({ claimed: true, owner: null });
  expect(await second.claim({ name: "run/one", owner: "second" })).toMatchObject({ claimed: false, owner: "first" });
  await first.close();
  expect(await second.claim({ name: "run/one", owner: "second" })).toMatchObject({ claimed: true });
});
