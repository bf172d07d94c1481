// Branches, tags and the stash are the user's, whichever worktree git ran in: what a task does to them is reported, with a command that
// brings back what was there, and stops nothing.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { commandTask, type Events } from "../../src/index.js";
import { expectSound, openManager } from "../support/manager.js";
import { createRepository } from "../support/repository.js";

const run = promisify(execFile);
const tree = { "a.txt": "a\n", "b.txt": "b\n" };

async function after(script: string) {
  const repository = await createRepository({ tree });
  await repository.commit("second", { "a.txt": "aa\n" });
  await repository.git("branch", "users");
  const manager = await openManager(repository);
  const events: Events["repository:changed"][] = [];
  manager.on("repository:changed", (event) => events.push(event));
  const outcome = await manager.run({ id: "git", task: commandTask("sh", ["-ec", `echo work > work.txt; ${script}`]) });
  await manager.close();
  return { repository, outcome, events };
}

test.each([
  ["git branch own", "refs/heads/own", "added"],
  ["git checkout -q -b feature/own", "refs/heads/feature/own", "added"],
  ["git tag v1", "refs/tags/v1", "added"],
  ["git branch -f users HEAD~1", "refs/heads/users", "changed"],
  ["git branch -q -D users", "refs/heads/users", "removed"],
])("%s: reported, and its command brings back what was there", async (script, path, change) => {
  const { repository, outcome, events } = await after(script);
  expect(outcome.kind).toBe("landed");
  expect(events).toHaveLength(1);
  const [event] = events as [Events["repository:changed"]];
  const restore = event.changes[0]?.restore as string;
  expect(event).toMatchObject({
    effectIds: ["git"],
    stopsLanding: false,
    changes: [{ path, place: "ref", change, keys: [], codeBearing: false }],
  });
  await run("sh", ["-ec", restore]);
  expect(await repository.git("for-each-ref", "--format=%(refname)", "refs/heads", "refs/tags")).toBe(
    "refs/heads/main\nrefs/heads/users",
  );
  expect(await repository.oid("users")).toBe(await repository.oid("main~1"));
  await expectSound(repository);
});

test("what a task has stashed is named, and no command drops it", async () => {
  const { repository, outcome, events } = await after("git stash -q -u");
  expect(outcome.kind).toBe("unchanged");
  expect(events.flatMap(({ changes }) => changes)).toMatchObject([
    { path: "refs/stash", place: "ref", change: "added", restore: null },
  ]);
  expect(await repository.git("show", "stash^3:work.txt")).toBe("work");
});

test("what a task on the calling thread did is reported at the end at the latest", async () => {
  const repository = await createRepository({ tree });
  const manager = await openManager(repository);
  const events: Events["repository:changed"][] = [];
  manager.on("repository:changed", (event) => events.push(event));
  await manager.run({ id: "inline", task: async ({ path }) => void (await run("git", ["-C", path, "tag", "v1"])) });
  await manager.close();
  expect(events).toMatchObject([{ effectIds: ["inline"], changes: [{ path: "refs/tags/v1" }] }]);
});

test("landing alone is no change, and a broken ref hinders nobody", async () => {
  const repository = await createRepository({ tree });
  await repository.write({ ".git/refs/tags/broken": "garbage\n" });
  const manager = await openManager(repository);
  const events: unknown[] = [];
  manager.on("repository:changed", (event) => events.push(event));
  const outcome = await manager.run({ id: "one", task: commandTask("touch", ["new.txt"]) });
  await manager.close();
  expect([outcome.kind, events]).toEqual(["landed", []]);
});
