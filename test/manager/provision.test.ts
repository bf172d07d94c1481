// Ignored files that a worktree needs: linked, copied, or named by .worktreeinclude; never part of what lands.
import { appendFile, lstat, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commandTask, type TaskContext } from "../../src/index.js";
import { expectSound, linkedWorktrees, openManager } from "../support/manager.js";
import { createRepository, temporaryFolder } from "../support/repository.js";

const tree = { ".gitignore": "node_modules/\n.env*\nlocal/\n", "a.txt": "a\n" };
const ignored = {
  "node_modules/.bin/tool": { executable: "#!/bin/sh\necho tooled > a.txt\n" },
  ".env": "SECRET=1\n",
  ".env.other": "OTHER=1\n",
  "local/settings.json": "{}\n",
};

test("links and copies are there, a command finds its tools, and none of them lands", async () => {
  const repository = await createRepository({ tree });
  await repository.write(ignored);
  const manager = await openManager(repository, { provision: { link: ["node_modules"], copy: [".env", "local"] } });
  const seen = await manager.run({
    id: "look",
    task: async ({ resolve }) => ({
      link: await readlink(resolve("node_modules")),
      env: await readFile(resolve(".env"), "utf8"),
      settings: await readFile(resolve("local/settings.json"), "utf8"),
      other: await lstat(resolve(".env.other")).then(
        () => "there",
        () => "not there",
      ),
    }),
  });
  const link = join(repository.path, "node_modules");
  expect(seen).toMatchObject({
    kind: "unchanged",
    value: { link, env: "SECRET=1\n", settings: "{}\n", other: "not there" },
  });
  const tooled = await manager.run({ id: "tool", task: commandTask("node_modules/.bin/tool") });
  expect(tooled).toMatchObject({ kind: "landed", changes: [{ path: "a.txt" }] });
  await manager.close();
  expect(await readFile(join(repository.path, "node_modules/.bin/tool"), "utf8")).toContain("tooled");
  expect(await repository.status()).toBe("");
  await expectSound(repository);
});

test("a copy that one effect edits is whole again for the next, also with ignored files kept", async () => {
  for (const kept of ["keep", "clean"] as const) {
    const repository = await createRepository({ tree });
    await repository.write(ignored);
    const manager = await openManager(repository, {
      limits: { worktrees: 1 },
      ignored: kept,
      provision: { copy: [".env", "local"] },
    });
    await manager.run({
      id: "spoil",
      task: async ({ resolve }) => {
        await writeFile(resolve(".env"), "SECRET=2, and longer\n");
        await writeFile(resolve("local/settings.json"), "[]\n");
      },
    });
    const next = await manager.run({
      id: "next",
      task: async ({ resolve }) => [
        await readFile(resolve(".env"), "utf8"),
        await readFile(resolve("local/settings.json"), "utf8"),
      ],
    });
    expect(next).toMatchObject({ value: ["SECRET=1\n", "{}\n"] });
    await manager.close();
  }
});

test(".worktreeinclude names ignored files in gitignore's syntax", async () => {
  const repository = await createRepository({ tree: { ...tree, ".worktreeinclude": ".env*\n!.env.other\nlocal/\n" } });
  await repository.write(ignored);
  const manager = await openManager(repository);
  const there = (path: string) =>
    lstat(path).then(
      () => true,
      () => false,
    );
  const outcome = await manager.run({
    id: "look",
    task: ({ resolve }) =>
      Promise.all([".env", ".env.other", "local/settings.json", "node_modules"].map((path) => there(resolve(path)))),
  });
  expect(outcome).toMatchObject({ value: [true, false, true, false] });
});

test("ignored files that a task makes go at release, or stay with ignored: keep", async () => {
  for (const kept of ["keep", "clean"] as const) {
    const repository = await createRepository({ tree });
    const manager = await openManager(repository, { limits: { worktrees: 1 }, ignored: kept });
    await manager.run({ id: "make", task: ({ resolve }) => writeFile(resolve(".env"), "cache\n") });
    const next = await manager.run({
      id: "look",
      task: ({ resolve }) =>
        lstat(resolve(".env")).then(
          () => "stays",
          () => "gone",
        ),
    });
    expect(next).toMatchObject({ kind: "unchanged", value: kept === "keep" ? "stays" : "gone" });
    await manager.close();
  }
});

test("copies beyond the budget are refused before anything is made, and the largest is named", async () => {
  const repository = await createRepository({ tree });
  await repository.write({ ...ignored, "local/large/blob": "x".repeat(1000) });
  const open = (maxBytes: number) => openManager(repository, { provision: { copy: [".env", "local"], maxBytes } });
  await expect(open(1011)).rejects.toMatchObject({
    code: "ERR_PROVISION",
    message: expect.stringMatching(
      /copies of 1012 bytes, and provision.maxBytes allows 1011: the largest is local with 1003/,
    ),
    details: { path: "local" },
  });
  expect(await linkedWorktrees(repository)).toEqual([]);
  const manager = await open(1012);
  const outcome = await manager.run({
    id: "look",
    task: ({ resolve }) => readFile(resolve("local/large/blob"), "utf8"),
  });
  expect(outcome).toMatchObject({ kind: "unchanged", value: "x".repeat(1000) });
});

test("a copy has its own content, however its blocks are shared, and the times of the original", async () => {
  const repository = await createRepository({ tree });
  await repository.write(ignored);
  const manager = await openManager(repository, { provision: { copy: [".env"] } });
  const before = await lstat(join(repository.path, ".env"));
  const outcome = await manager.run({
    id: "edit",
    task: async ({ resolve }) => {
      const { mtimeMs } = await lstat(resolve(".env"));
      await appendFile(resolve(".env"), "MORE=1\n");
      return Math.trunc(mtimeMs);
    },
  });
  expect(outcome).toMatchObject({ kind: "unchanged", value: expect.any(Number) });
  expect(Math.abs((outcome as { value: number }).value - before.mtimeMs)).toBeLessThanOrEqual(2);
  expect(await readFile(join(repository.path, ".env"), "utf8")).toBe("SECRET=1\n");
});

test("a glob that reaches outside, or into .git, is refused", async () => {
  const repository = await createRepository({ tree });
  const globs = ["../*", "/etc/hosts", "a/../../b", "..\\b", ".git/config", "local/.git/**"];
  for (const glob of globs) {
    for (const how of ["link", "copy"] as const) {
      await expect(openManager(repository, { provision: { [how]: [glob] } }), glob).rejects.toMatchObject({
        code: "ERR_PROVISION",
        message: expect.stringContaining(JSON.stringify(glob)),
      });
    }
  }
});

test("what a glob finds outside in spite of its words, or the working tree itself, is refused; inputs of a setup too", async () => {
  const repository = await createRepository({ tree });
  await repository.write({ "../beside": "not yours\n" });
  for (const glob of ["\\.\\./beside", ".\\./beside", "{../beside,x}", ".", "./", "{.,x}"]) {
    for (const how of ["link", "copy"] as const) {
      await expect(openManager(repository, { provision: { [how]: [glob] } }), glob).rejects.toMatchObject({
        code: "ERR_PROVISION",
        message: expect.stringMatching(/outside the working tree|the working tree itself/),
      });
    }
  }
  expect(await linkedWorktrees(repository)).toEqual([]);
  const setup = { command: "true", inputs: ["\\.\\./w*"] };
  const manager = await openManager(repository, { provision: { setup }, limits: { worktrees: 2 } });
  await writeFile(join(repository.path, "../project.worktrees/w-beside"), "not yours\n");
  expect(await manager.run({ id: "one", task: () => null })).toMatchObject({
    kind: "failed",
    error: { code: "ERR_PROVISION", message: expect.stringContaining("w-beside") },
  });
});

test.each(["link", "copy"] as const)("nothing is reached through a symbolic link: %s", async (how) => {
  const outside = await temporaryFolder("outside");
  const read = () => readFile(join(outside, "secret"), "utf8");
  await writeFile(join(outside, "secret"), "mine\n");
  const repository = await createRepository({ tree: { ...tree, out: { symlink: outside } } });
  for (const glob of ["out/secret", "out/*"]) {
    await expect(openManager(repository, { provision: { [how]: [glob] } }), glob).rejects.toMatchObject({
      code: "ERR_PROVISION",
      message: expect.stringContaining('out/secret lies behind the symbolic link "out"'),
    });
  }
  // A folder of the user's, and a link at the base that an effect starts from.
  const head = await repository.oid("HEAD");
  const base = await repository.commitBeside("refs/heads/linked", "linked", { local: { symlink: outside } }, head);
  await repository.write({ "local/secret": "ignored\n" });
  const manager = await openManager(repository, { runId: "run-1", provision: { [how]: ["local/secret"] } });
  expect(await manager.run({ id: "one", task: () => null }, { base })).toMatchObject({
    kind: "failed",
    error: { code: "ERR_PROVISION", message: expect.stringContaining('the symbolic link "local"') },
  });
  await manager.close();
  // What a task has put in the place of an ignored folder: that worktree is given up, and the next one is whole.
  await repository.write({ ".env.d/secret": "ignored\n" });
  const options = { limits: { worktrees: 1 }, ignored: "keep", provision: { [how]: [".env.d/secret"] } } as const;
  const other = await openManager(repository, options);
  const links = async ({ resolve }: TaskContext<undefined>) => {
    await rm(resolve(".env.d"), { recursive: true });
    await symlink(outside, resolve(".env.d"));
  };
  await other.run({ id: "links", task: links });
  const look = ({ resolve }: TaskContext<undefined>) => readFile(resolve(".env.d/secret"), "utf8");
  const outcomes = [await other.run({ id: "first", task: look }), await other.run({ id: "second", task: look })];
  expect(outcomes.at(-1)).toMatchObject({ kind: "unchanged", value: "ignored\n" });
  await other.close();
  expect([await read(), await readdir(outside)]).toEqual(["mine\n", ["secret"]]);
  expect(await linkedWorktrees(repository)).toEqual([]);
});

test("a .worktreeinclude that names what lies outside gives nothing of it", async () => {
  const repository = await createRepository({
    tree: { ...tree, ".worktreeinclude": "../beside\n/etc/hosts\n\\.\\./beside\n**/../beside\n.env\n" },
  });
  await repository.write({ ...ignored, "../beside": "not yours\n" });
  const manager = await openManager(repository);
  const outcome = await manager.run({
    id: "look",
    task: async ({ path }) => [
      (await readdir(path)).includes(".env"),
      (await readdir(join(path, ".."))).includes("beside"),
    ],
  });
  expect(outcome).toMatchObject({ kind: "unchanged", value: [true, false] });
});
