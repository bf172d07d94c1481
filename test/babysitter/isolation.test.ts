// Wherever an action's words lead: its task works in its worktree, or it is refused; and what it runs ends as what it was.
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { dispatchEffects, invokeHarnessExecutor, wrapResolve } from "../../src/babysitter.js";
import { action, shell } from "./memory-sdk.js";
import { createProject, setUp } from "./set-up.js";

/** The environment of a user for whom `cd` looks elsewhere first. */
function withCdPath(path: string): void {
  const { CDPATH, OLDPWD } = process.env;
  Object.assign(process.env, { CDPATH: path, OLDPWD: path });
  onTestFinished(() => {
    delete process.env.CDPATH;
    delete process.env.OLDPWD;
    if (CDPATH !== undefined) process.env.CDPATH = CDPATH;
    if (OLDPWD !== undefined) process.env.OLDPWD = OLDPWD;
  });
}

test("a folder of the worktree is entered whatever CDPATH says", async () => {
  const project = await createProject();
  await project.repository.commit("dash", { "-/c.txt": "c\n" });
  const { dispatch, sdk, read } = await setUp({}, project);
  withCdPath(project.repository.path);
  const look = "pwd; echo changed > made.txt";
  const started = await dispatch([
    action("sub", "shell", { command: look, cwd: "sub" }),
    action("dash", "shell", { command: look, cwd: "-" }),
  ]);
  expect(started.outcomes.map(({ kind }) => kind)).toEqual(["landed", "landed"]);
  expect([await read("sub/made.txt"), await read("-/made.txt")]).toEqual(["changed\n", "changed\n"]);
  for (const [id, folder] of [
    ["sub", "sub"],
    ["dash", "-"],
  ] as const)
    expect((sdk.results()[id]?.stdout ?? "").trimEnd()).toMatch(new RegExp(`\\.worktrees/[^\n]*/${folder}$`));
});

test("a folder that is a link to somewhere else is refused, and one to another folder of the worktree is not", async () => {
  const project = await createProject();
  const { repository } = project;
  await mkdir(join(repository.path, "../outside"), { recursive: true });
  await symlink(join(repository.path, "sub"), join(repository.path, "to-user"));
  await symlink("sub", join(repository.path, "to-sub"));
  await repository.git("add", "to-user", "to-sub");
  await repository.git("commit", "--quiet", "--message=links");
  const { dispatch, sdk, manager, read, runDir } = await setUp({}, project);
  const write = "echo changed > b.txt";
  await dispatch([
    action("user", "shell", { command: write, cwd: "to-user" }),
    action("sub", "shell", { command: write, cwd: "to-sub" }),
  ]);
  expect(sdk.results().user).toMatchObject({ status: "error", error: { message: expect.stringContaining("outside") } });
  expect(sdk.results().sub).toMatchObject({ status: "ok", metadata: { worktree: { kind: "landed" } } });
  expect(await read("sub/b.txt")).toBe("changed\n");
  const cwds: string[] = [];
  const resolve = wrapResolve(
    async ({ taskDef }) => {
      cwds.push((taskDef.shell as { cwd: string }).cwd);
      return { status: "ok" };
    },
    { runDir, manager },
  );
  const user = await resolve(action("user-2", "shell", { command: "-", cwd: "to-user" }));
  expect(user).toMatchObject({ status: "error", error: { message: expect.stringContaining("outside") } });
  expect((await resolve(action("sub-2", "shell", { command: "-", cwd: "to-sub" }))).status).toBe("ok");
  expect(cwds).toHaveLength(1);
});

test("a module task is found by any name that its file may have, in the user's tree or elsewhere", async () => {
  const project = await createProject();
  const { repository } = project;
  const text =
    'import { writeFileSync } from "node:fs";\nexport default ({ resolve, input }) => writeFileSync(resolve(input[0]), "x");\n';
  const elsewhere = join(repository.path, "../tools/else.task.mjs");
  await mkdir(dirname(elsewhere), { recursive: true });
  await writeFile(elsewhere, text);
  await repository.commit("task", { "50% #1?.task.mjs": text });
  const { dispatch, sdk, read } = await setUp({}, project);
  await dispatch([
    action("odd", "node", { entry: "50% #1?.task.mjs", args: ["one.txt"] }),
    action("else", "node", { entry: elsewhere, args: ["two.txt"] }),
  ]);
  expect(Object.values(sdk.results()).map(({ error }) => error)).toEqual([undefined, undefined]);
  expect([await read("one.txt"), await read("two.txt")]).toEqual(["x", "x"]);
});

test("a harness that the SDK says has not succeeded is an error, and its work is kept", async () => {
  const { dispatch, sdk, manager } = await setUp();
  const given: unknown[] = [];
  const invoke = async (_name: string, { workspace, ...options }: { workspace: string; timeout?: number }) => {
    given.push(options.timeout);
    await writeFile(join(workspace, "half.txt"), "half\n");
    return { success: false, output: "thinking\nout of credit", exitCode: 2, duration: 1, harness: "claude-code" };
  };
  await dispatch([action("e1", "agent", { prompt: "hello", timeoutMs: 5_000 })], {
    executors: { agent: invokeHarnessExecutor(invoke) },
  });
  expect(sdk.results().e1).toMatchObject({
    status: "error",
    error: { message: expect.stringContaining("out of credit") },
  });
  expect(given).toEqual([5_000]);
  expect((await manager.kept()).map(({ effectId }) => effectId)).toEqual(["e1"]);
});

test("what a definition says that cannot be meant keeps no sibling from running", async () => {
  const { dispatch, repository } = await setUp();
  const titled = shell("e1", "echo 1 > 1.txt");
  const odd = { ...titled, taskDef: { ...titled.taskDef, title: 7 as never }, label: "seven" };
  const patient = action("e2", "shell", { command: "echo 2 > 2.txt", timeoutMs: 1e12 });
  const { outcomes } = await dispatch([odd, patient]);
  expect(outcomes.map(({ kind }) => kind)).toEqual(["landed", "landed"]);
  expect(await repository.git("log", "--reverse", "--format=%s", "HEAD~2..HEAD")).toBe("seven\ne2");
});

test("a run directory that is named through a symbolic link leaves the tree clean too", async () => {
  const { repository, runDir, manager, sdk } = await setUp();
  const link = join(repository.path, "../link");
  await symlink(repository.path, link);
  const through = join(link, ".a5c/runs/run-1");
  await dispatchEffects({ runDir: through, manager, sdk, nextActions: [shell("e1", "true")] });
  expect(await readFile(join(runDir, ".gitignore"), "utf8")).toContain("*");
  expect(await repository.git("status", "--porcelain")).toBe("");
});
