// Changes of what a worktree shares with the user's repository: real tasks and the user make them with stock git. All are noticed
// and reported, none is reverted; those that bear code stop landing until they are acknowledged or undone.
import { execFile } from "node:child_process";
import { chmod, lstat, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { commandTask, type Events, type Outcome, type WorktreeManager } from "../../src/index.js";
import { coppiceRefs, expectSound, openManager } from "../support/manager.js";
import { createRepository, type TestRepository, temporaryFolder } from "../support/repository.js";

type Changed = Events["repository:changed"];
const tree = { "a.txt": "a\n" };

/** A task that makes a file, and then does this in its worktree; `$common` is the shared git directory. */
function shell(id: string, script: string) {
  const prelude = `echo ${id} > ${id}.txt; common=$(git rev-parse --path-format=absolute --git-common-dir)`;
  return { id, task: commandTask("sh", ["-ec", `${prelude}; ${script}`]) };
}

async function opened(repository: TestRepository, runId = "run-1") {
  const manager = await openManager(repository, { runId });
  const events: Changed[] = [];
  manager.on("repository:changed", (event) => events.push(event));
  return { manager, events };
}

function at(repository: TestRepository, path: string): string {
  return join(repository.path, ".git", path);
}

async function restoreAll(manager: WorktreeManager): Promise<void> {
  for (const { restore } of manager.unacknowledged) await promisify(execFile)("sh", ["-ec", restore as string]);
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function expectBlocked(outcome: Outcome, paths: readonly string[]): void {
  const blocked = paths.map((path) => ({ path, reason: "repository-changed" }));
  expect(outcome).toMatchObject({ kind: "blocked", blocked, kept: { ref: expect.any(String) } });
}

/** What tasks do that bears code: the script, and what the event must say. */
const codeBearing: Record<string, { script: string; path: string; place: string; change: string; keys?: string[] }> = {
  "writes a hook": {
    script: `printf '#!/bin/sh\\nexit 1\\n' > "$common/hooks/pre-commit"; chmod +x "$common/hooks/pre-commit"`,
    path: "hooks/pre-commit",
    place: "hook",
    change: "added",
  },
  "makes a hook executable": {
    script: `chmod +x "$common/hooks/commit-msg"`,
    path: "hooks/commit-msg",
    place: "hook",
    change: "changed",
  },
  "writes below a folder of hooks": {
    script: `mkdir -p "$common/hooks/pre-push.d"; echo true > "$common/hooks/pre-push.d/10-mine"`,
    path: "hooks/pre-push.d/10-mine",
    place: "hook",
    change: "added",
  },
  "removes a hook": {
    script: `rm "$common/hooks/pre-push"`,
    path: "hooks/pre-push",
    place: "hook",
    change: "removed",
  },
  "makes a hook a link": {
    script: `ln -sf ../../a.txt "$common/hooks/pre-push"`,
    path: "hooks/pre-push",
    place: "hook",
    change: "changed",
  },
  "sets core.hooksPath": {
    script: "git config core.hooksPath .husky",
    path: "config",
    place: "config",
    change: "changed",
    keys: ["core.hookspath"],
  },
  "sets a filter, beside harmless keys": {
    script: "git config user.name Other; git config filter.x.clean 'sh -c true'",
    path: "config",
    place: "config",
    change: "changed",
    keys: ["filter.x.clean", "user.name"],
  },
  "sets an include": {
    script: "git config include.path ../evil",
    path: "config",
    place: "config",
    change: "changed",
    keys: ["include.path"],
  },
  "sets an alias for the shell": {
    script: "git config alias.st '!true'",
    path: "config",
    place: "config",
    change: "changed",
    keys: ["alias.st"],
  },
  "makes the configuration unreadable": {
    script: `echo '[broken' >> "$common/config.worktree"`,
    path: "config.worktree",
    place: "config",
    change: "added",
    keys: [],
  },
  "makes a configuration of many megabytes": {
    script: `head -c 5000000 /dev/zero | tr '\\0' '#' > "$common/config.worktree"`,
    path: "config.worktree",
    place: "config",
    change: "added",
    keys: [],
  },
  "names a filter in info/attributes": {
    script: `mkdir -p "$common/info"; echo '* filter=x' > "$common/info/attributes"`,
    path: "info/attributes",
    place: "attributes",
    change: "added",
  },
  "adds alternates": {
    script: `echo /somewhere/objects > "$common/objects/info/alternates"`,
    path: "objects/info/alternates",
    place: "alternates",
    change: "added",
  },
};

for (const [name, { script, path, place, change, keys = [] }] of Object.entries(codeBearing)) {
  test(`a task that ${name}: landing stops, the work is kept, nothing is reverted`, async () => {
    const repository = await createRepository({ tree });
    await writeFile(at(repository, "hooks/pre-push"), "#!/bin/sh\nexit 0\n", { mode: 0o755 });
    await writeFile(at(repository, "hooks/commit-msg"), "#!/bin/sh\nexit 0\n", { mode: 0o644 });
    const tip = await repository.oid("HEAD");
    const { manager, events } = await opened(repository);

    expectBlocked(await manager.run(shell("one", script)), [at(repository, path)]);
    expect(events).toMatchObject([
      { effectIds: ["one"], changes: [{ path: at(repository, path), place, change, keys }], stopsLanding: true },
    ]);
    expect(manager.unacknowledged).toEqual(events[0]?.changes);
    expect(await isThere(at(repository, path))).toBe(change !== "removed");
    const [one, two] = ["refs/coppice/run-1/effects/one", "refs/coppice/run-1/effects/two"];
    expect(await repository.git("ls-tree", "--name-only", one)).toContain("one.txt");

    // The next effect has done nothing wrong, and waits all the same.
    expectBlocked(await manager.run({ id: "two", task: ({ resolve }) => writeFile(resolve("two.txt"), "") }), [
      at(repository, path),
    ]);
    expect(await repository.oid("HEAD")).toBe(tip);
    expect(await coppiceRefs(repository)).toEqual(expect.arrayContaining([one, two]));
    expect(events).toHaveLength(1);

    if (place === "alternates" || path === "config.worktree") await rm(at(repository, path));
    else expect(manager.acknowledge()).toHaveLength(1);
    expect((await manager.landKept("one")).kind).toBe("landed");
    expect((await manager.landKept("two")).kind).toBe("landed");
    expect(manager.unacknowledged).toEqual([]);
    expect(await readFile(join(repository.path, "one.txt"), "utf8")).toBe("one\n");
    await manager.close();
    await expectSound(repository);
  });
}

describe("what stops nothing", () => {
  const harmless: Record<string, { script: string; path: string; keys: string[] }> = {
    "git push -u": {
      script: "git branch mine; git config branch.mine.remote origin; git config branch.mine.merge refs/heads/mine",
      path: "config",
      keys: ["branch.mine.merge", "branch.mine.remote"],
    },
    "git remote add": {
      script: "git remote add up https://example.com/up.git",
      path: "config",
      keys: ["remote.up.fetch", "remote.up.url"],
    },
    "a name": { script: "git config user.name Other", path: "config", keys: ["user.name"] },
    "an alias for git": { script: "git config alias.co checkout", path: "config", keys: ["alias.co"] },
    "a switch": {
      script: "git config core.fsmonitor false; git config pager.log false",
      path: "config",
      keys: ["core.fsmonitor", "pager.log"],
    },
    "an excluded file": {
      script: `mkdir -p "$common/info"; echo x >> "$common/info/exclude"`,
      path: "info/exclude",
      keys: [],
    },
    "an attribute without a program": {
      script: `mkdir -p "$common/info"; echo '*.png -text' > "$common/info/attributes"`,
      path: "info/attributes",
      keys: [],
    },
  };
  for (const [name, { script, path, keys }] of Object.entries(harmless)) {
    test(`${name} is reported only`, async () => {
      const repository = await createRepository({ tree });
      const { manager, events } = await opened(repository);
      expect((await manager.run(shell("one", script))).kind).toBe("landed");
      const ofFiles = events.filter(({ changes }) => changes.every(({ place }) => place !== "ref"));
      expect(ofFiles).toMatchObject([
        {
          effectIds: ["one"],
          changes: [{ path: at(repository, path), keys, codeBearing: false }],
          stopsLanding: false,
        },
      ]);
    });
  }

  test("commits, gc and files that are touched are not even reported", async () => {
    const repository = await createRepository({ tree });
    const { manager, events } = await opened(repository);
    const script = `git add -A; git commit -qm own; git gc -q; touch "$common/config" "$common/hooks"`;
    expect((await manager.run(shell("one", script))).kind).toBe("landed");
    await repository.commit("the user's", { "b.txt": "b\n" });
    expect((await manager.run(shell("two", "true"))).kind).toBe("landed");
    expect(events).toEqual([]);
    expect(await isThere(at(repository, "coppice/earlier"))).toBe(false);
  });

  test("a hook that a link finds in the working tree changes with what lands there", async () => {
    const repository = await createRepository({ tree: { ...tree, "scripts/hook.sh": { executable: "exit 0\n" } } });
    await symlink("../../scripts/hook.sh", at(repository, "hooks/pre-commit"));
    const { manager, events } = await opened(repository);
    expect((await manager.run(shell("one", "echo true > scripts/hook.sh"))).kind).toBe("landed");
    expect(await readFile(at(repository, "hooks/pre-commit"), "utf8")).toBe("true\n");
    expect((await manager.run(shell("two", "true"))).kind).toBe("landed");
    expect(events).toEqual([]);
  });
});

test("every effect in flight is named, and one event tells of a change", async () => {
  const repository = await createRepository({ tree });
  const { manager, events } = await opened(repository);
  const lease = await manager.acquire("by-hand");
  await manager.run(shell("one", "git config core.editor evil"));
  expect(events.map(({ effectIds }) => [...effectIds].sort())).toEqual([["by-hand", "one"]]);
  await writeFile(join(lease.path, "mine.txt"), "mine\n");
  expectBlocked(await lease.land(), [at(repository, "config")]);
  manager.acknowledge();
  expect((await lease.land()).kind).toBe("landed");
});

test("the user's own change between two effects is nobody's, and can be acknowledged by a listener", async () => {
  const repository = await createRepository({ tree });
  const { manager, events } = await opened(repository);
  expect((await manager.run(shell("one", "true"))).kind).toBe("landed");
  await repository.git("config", "core.hooksPath", "/my/hooks");
  const stop = manager.on("repository:changed", () => manager.acknowledge());
  expect((await manager.run(shell("two", "true"))).kind).toBe("landed");
  stop();
  expect(events).toMatchObject([{ effectIds: ["two"], stopsLanding: true }]);
  // What was acknowledged is the user's own now; the next change is another.
  expectBlocked(await manager.run(shell("three", "git config core.hooksPath /other")), [at(repository, "config")]);
});

test("what changes after it was reported is not acknowledged with it", async () => {
  const repository = await createRepository({ tree });
  const { manager } = await opened(repository);
  await manager.run(shell("one", "git config core.hooksPath /seen"));
  await repository.git("config", "core.pager", "unseen");
  manager.acknowledge();
  expectBlocked(await manager.landKept("one"), [at(repository, "config")]);
  expect(manager.unacknowledged).toMatchObject([{ keys: ["core.pager"] }]);
});

test("each manager notices for itself", async () => {
  const repository = await createRepository({ tree });
  const [first, second] = [await opened(repository, "run-1"), await opened(repository, "run-2")];
  expect((await first.manager.run(shell("one", "git config core.pager evil"))).kind).toBe("blocked");
  expect((await second.manager.run(shell("two", "true"))).kind).toBe("blocked");
  expect(second.events).toMatchObject([{ effectIds: ["two"], stopsLanding: true }]);
  first.manager.acknowledge();
  expect((await first.manager.landKept("one")).kind).toBe("landed");
  expect((await second.manager.landKept("two")).kind).toBe("blocked");
  // Whoever opens after having looked begins with what is there.
  await second.manager.close();
  const third = await opened(repository, "run-2");
  expect((await third.manager.landKept("two")).kind).toBe("landed");
});

describe("the earlier bytes", () => {
  // Not UTF-8, and with everything that a shell could trip over.
  const bytes = Buffer.from([0x23, 0x21, 0x2f, 0xff, 0x0a, 0x00, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0xc3, 0xa4]);

  test("are on disk when the event comes, and its commands bring them back exactly", async () => {
    const repository = await createRepository({ tree });
    const [hook, odd] = [at(repository, "hooks/pre-commit"), at(repository, "hooks/it's $odd")];
    for (const path of [hook, odd]) await writeFile(path, bytes);
    await chmod(hook, 0o750);
    await symlink("../description", at(repository, "hooks/linked"));
    const config = await readFile(at(repository, "config"));
    const { manager, events } = await opened(repository);
    const script = `cd "$common/hooks"; echo evil > pre-commit; rm it*; ln -sf pre-push linked; echo new > 'a b';
      git config core.editor evil`;
    expect((await manager.run(shell("one", script))).kind).toBe("blocked");
    expect(events).toHaveLength(1);
    const folder = at(repository, "coppice/earlier/run-1");
    expect((await readdir(folder)).filter((name) => name.startsWith("."))).toEqual([]);
    expect((await stat(folder)).mode & 0o77).toBe(0);

    await restoreAll(manager);
    expect(await readFile(hook)).toEqual(bytes);
    expect((await lstat(hook)).mode & 0o777).toBe(0o750);
    expect(await readFile(odd)).toEqual(bytes);
    expect(await readFile(at(repository, "config"))).toEqual(config);
    expect(await isThere(at(repository, "hooks/a b"))).toBe(false);
    // As it was: nobody needs to acknowledge anything.
    expect((await manager.landKept("one")).kind).toBe("landed");
    expect(manager.unacknowledged).toEqual([]);
  });

  test("have the mode that they had, also when others have changed between", async () => {
    const repository = await createRepository({ tree });
    const config = at(repository, "config");
    await chmod(config, 0o644);
    const { manager, events } = await opened(repository);
    await manager.run(shell("one", `chmod 600 "$common/config"; echo evil > "$common/hooks/pre-push"`));
    await manager.run(shell("two", "git config core.editor evil"));
    expect(events.map(({ changes }) => changes.map(({ codeBearing }) => codeBearing))).toEqual([[false, true], [true]]);
    await restoreAll(manager);
    expect((await stat(config)).mode & 0o777).toBe(0o644);
    expect((await manager.landKept("two")).kind).toBe("landed");
  });

  test("are kept once for each content, through several changes", async () => {
    const repository = await createRepository({ tree });
    const hook = at(repository, "hooks/pre-commit");
    await writeFile(hook, "first\n");
    const { manager, events } = await opened(repository);
    for (const text of ["second", "third", "first", "second"]) {
      await manager.run(shell(`to-${text}-${events.length}`, `echo ${text} > "$common/hooks/pre-commit"`));
    }
    expect(events).toHaveLength(4);
    const folder = at(repository, "coppice/earlier/run-1");
    const kept = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), "utf8")));
    expect(kept.sort()).toEqual(["first\n", "second\n", "third\n"]);
    await restoreAll(manager);
    expect(await readFile(hook, "utf8")).toBe("first\n");
  });

  test("come back where a folder has come into the place of a file, and the later ones are kept as well", async () => {
    const repository = await createRepository({ tree });
    const hook = at(repository, "hooks/pre-commit");
    await writeFile(hook, "first\n");
    const { manager } = await opened(repository);
    const script = `cd "$common/hooks"; rm pre-commit; mkdir pre-commit; echo later > pre-commit/inside; rm -r ../info`;
    await manager.run(shell("one", script));
    await restoreAll(manager);
    expect(await readFile(hook, "utf8")).toBe("first\n");
    const folder = at(repository, "coppice/earlier/run-1");
    const kept = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), "utf8")));
    expect(kept).toEqual(expect.arrayContaining(["first\n", "later\n"]));
    expect((await manager.landKept("one")).kind).toBe("landed");
  });

  test("that cannot be written stop landing, and are tried again", async () => {
    const repository = await createRepository({ tree });
    const { manager, events } = await opened(repository);
    await writeFile(at(repository, "coppice/earlier"), "in the way\n");
    const failed = await manager.run(shell("one", "git config core.editor evil"));
    expect(failed).toMatchObject({ kind: "failed", kept: { ref: "refs/coppice/run-1/effects/one" } });
    expect(events).toEqual([]);
    await rm(at(repository, "coppice/earlier"));
    expectBlocked(await manager.landKept("one"), [at(repository, "config")]);
    // Still its own: nobody has heard of it before.
    expect(events).toMatchObject([{ effectIds: ["one"], stopsLanding: true }]);
    await restoreAll(manager);
    expect((await manager.landKept("one")).kind).toBe("landed");
  });

  test("of a file that is too large are said not to be there", async () => {
    const repository = await createRepository({ tree });
    await writeFile(at(repository, "hooks/huge"), Buffer.alloc(5 << 20, "#"));
    const { manager } = await opened(repository);
    expect((await manager.run(shell("one", `echo more >> "$common/hooks/huge"`))).kind).toBe("blocked");
    expect(manager.unacknowledged).toMatchObject([{ change: "changed", restore: null }]);
  });
});

describe("unusual repositories", () => {
  test("without a hooks folder: one that appears is noticed", async () => {
    const repository = await createRepository({ tree });
    await rm(at(repository, "hooks"), { recursive: true });
    await rm(at(repository, "info"), { recursive: true });
    const { manager } = await opened(repository);
    expect((await manager.run(shell("one", "true"))).kind).toBe("landed");
    const script = `mkdir "$common/hooks"; echo evil > "$common/hooks/pre-commit"`;
    expectBlocked(await manager.run(shell("two", script)), [at(repository, "hooks/pre-commit")]);
  });

  test("with hooks that are a link to a folder elsewhere: what lies there counts", async () => {
    const repository = await createRepository({ tree });
    const folder = await temporaryFolder("hooks");
    await rm(at(repository, "hooks"), { recursive: true });
    await symlink(folder, at(repository, "hooks"));
    const { manager } = await opened(repository);
    const outcome = await manager.run(shell("one", `echo evil > "$common/hooks/pre-commit"`));
    expectBlocked(outcome, [join(folder, "pre-commit")]);
  });

  test("with links that go round, pipes and more hooks than are read", async () => {
    const repository = await createRepository({ tree });
    const hooks = at(repository, "hooks");
    await symlink(".", join(hooks, "round"));
    await symlink("missing", join(hooks, "dangling"));
    await promisify(execFile)("mkfifo", [join(hooks, "pipe")]);
    const { manager, events } = await opened(repository);
    expect((await manager.run(shell("one", "true"))).kind).toBe("landed");
    expect(events).toEqual([]);
    const many = `mkdir "$common/hooks/zmany"; cd "$common/hooks/zmany"; seq 2000 | xargs touch`;
    const outcome = await manager.run(shell("two", many));
    expect(outcome.kind === "blocked" && outcome.blocked.length).toBe(20);
    expect(manager.unacknowledged.length).toBeLessThanOrEqual(1000);
    expect(manager.unacknowledged.every(({ change }) => change === "added")).toBe(true);
    // What is beyond the limit is one change, which says so.
    expect(manager.unacknowledged[0]).toMatchObject({ path: hooks, change: "added" });
  });

  test("a linked worktree has the files of its repository, and a configuration of its own", async () => {
    const repository = await createRepository({ tree });
    await repository.git("config", "extensions.worktreeConfig", "true");
    const path = await repository.addWorktree("linked", { branch: "linked" });
    const { manager } = await opened(Object.assign(Object.create(repository) as TestRepository, { path }));
    await promisify(execFile)("git", ["-C", path, "config", "--worktree", "core.editor", "evil"]);
    await mkdir(at(repository, "info"), { recursive: true });
    await writeFile(at(repository, "info/attributes"), "* diff=x\n");
    const own = at(repository, "worktrees/linked/config.worktree");
    expectBlocked(await manager.run(shell("one", "true")), [at(repository, "info/attributes"), own].sort());
  });

  test("a bare one is looked at too", async () => {
    const repository = await createRepository({ tree, bare: true });
    const { manager } = await opened(repository);
    const outcome = await manager.run(shell("one", "git config core.sshCommand evil"));
    expectBlocked(outcome, [join(repository.path, "config")]);
  });
});
