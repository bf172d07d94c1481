import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { requireBuilt } from "../support/built.js";
import { coppiceRefs, expectSound } from "../support/manager.js";
import { createRepository, type TestRepository, temporaryFolder } from "../support/repository.js";
import { coppice, lastJson } from "./coppice.js";

beforeAll(requireBuilt, 120_000);

const standIn = fileURLToPath(new URL("../fixtures/harness/stand-in.mjs", import.meta.url));
const tree = { "a.txt": "a\n", "b.txt": "b\n" };
const taskModule = `export default async ({ input, resolve }) => {
  const { writeFile } = await import("node:fs/promises");
  await writeFile(resolve(input.path), input.text);
  return { wrote: input.path };
};
export const other = () => 7;
`;

/** A plan in a folder of its own, with a task module beside it. */
async function writePlan(plan: unknown): Promise<string> {
  const folder = await temporaryFolder("plan");
  await writeFile(join(folder, "write.task.mjs"), taskModule);
  const path = join(folder, "plan.json");
  await writeFile(path, JSON.stringify(plan));
  return path;
}

function shell(id: string, script: string) {
  return { id, command: "sh", args: ["-c", script] };
}

async function expectUntouched(repository: TestRepository): Promise<void> {
  expect(await coppiceRefs(repository)).toEqual([]);
  expect(existsSync(`${repository.path}.worktrees`)).toBe(false);
}

test("a plan's modules and commands land; modules are found beside the plan", async () => {
  const repository = await createRepository({ tree });
  const plan = await writePlan({
    effects: [
      { id: "module", module: "./write.task.mjs", input: { path: "new.txt", text: "new\n" }, message: "Write a file" },
      { id: "process", module: "./write.task.mjs", export: "other", runIn: "process" },
      shell("command", 'printf "$TEXT" > a.txt'),
    ].map((effect) => (effect.id === "command" ? { ...effect, env: { TEXT: "changed\\n" } } : effect)),
  });
  const ended = await coppice(["run", plan, "--json", "--run-id", "run-1"], { cwd: repository.path });
  expect(ended.exitCode).toBe(0);
  expect(lastJson(ended)).toMatchObject({
    runId: "run-1",
    effects: 3,
    landed: 2,
    unchanged: 1,
    failed: 0,
    kept: 0,
    outcomes: [
      { effectId: "module", kind: "landed", value: { wrote: "new.txt" } },
      { effectId: "process", kind: "unchanged", value: 7 },
      { effectId: "command", kind: "landed", value: { exitCode: 0 } },
    ],
  });
  expect(await repository.git("log", "--format=%s")).toBe("Effect command\nWrite a file\ninitial");
  expect(await readFile(join(repository.path, "a.txt"), "utf8")).toBe("changed\n");
  expect(await repository.status()).toBe("");
  await expectSound(repository);
});

test("without --json the table is on standard output and progress on standard error", async () => {
  const repository = await createRepository({ tree });
  const plan = await writePlan({ effects: [shell("edit", "echo c > a.txt")] });
  const ended = await coppice(["run", plan, "--repo", repository.path], { cwd: await temporaryFolder() });
  expect(ended.exitCode).toBe(0);
  expect(ended.stderr).toMatch(/^1\/1 ✓ landed {5}edit {2}1 file, ran /);
  expect(ended.stdout).toMatch(/^effect {2}outcome .*\nedit {4}✓ landed +1 /);
  expect(ended.stdout).toMatch(/\n✓ 1 landed {2}in \S+\n$/);
});

test("one that did not land makes the exit code 1, and says why and what to type", async () => {
  const repository = await createRepository({ tree });
  const plan = await writePlan({
    effects: [
      shell("first", "echo first > a.txt"),
      shell("second", "echo second > a.txt"),
      shell("broken", "echo half > b.txt; echo no good >&2; exit 3"),
    ],
  });
  const ended = await coppice(["run", plan, "--run-id", "run-1"], { cwd: repository.path });
  expect(ended.exitCode).toBe(1);
  expect(ended.stdout).toContain("≠ conflicted  second\n  content conflict in a.txt\n  look  git diff ");
  expect(ended.stdout).toContain("  land  coppice land run-1/second\n  drop  coppice drop run-1/second\n");
  expect(ended.stdout).toMatch(/✗ failed {2}broken\n .*\(ERR_COMMAND_FAILED\)\n {2}\| no good\n/);
  expect(ended.stdout).toMatch(/\n✓ 1 landed {2}≠ 1 conflicted {2}✗ 1 failed {2}in /);
  expect(await coppiceRefs(repository)).toEqual([
    "refs/coppice/run-1/effects/broken",
    "refs/coppice/run-1/effects/second",
    "refs/coppice/run-1/ledger",
  ]);
  expect(await repository.git("show", "refs/coppice/run-1/effects/broken:b.txt")).toBe("half");
});

test("the commands that it prints are true", async () => {
  const repository = await createRepository({ tree });
  const plan = await writePlan({ effects: [shell("broken", "echo half > b.txt; exit 3")] });
  const ended = await coppice(["run", plan], { cwd: repository.path });
  const look = /^ {2}look {2}git (.*)$/m.exec(ended.stdout)?.[1] as string;
  expect(await repository.git(...look.split(" "))).toContain("-b\n+half");
});

test("a plan may be a module, and its options are the manager's", async () => {
  const repository = await createRepository({ tree });
  const folder = await temporaryFolder("plan");
  const plan = join(folder, "plan.mjs");
  await writeFile(
    plan,
    `const effects = ["x", "y"].map((id) => ({ id, command: "sh", args: ["-c", "echo " + id + " > " + id + ".txt"] }));
     export default { options: { history: "merge", limits: { worktrees: 1 } }, effects };`,
  );
  expect(await coppice(["run", plan], { cwd: repository.path })).toMatchObject({ exitCode: 0 });
  expect(await repository.git("log", "--format=%s", "--first-parent")).toBe("Effect y\nEffect x\ninitial");
  expect(await repository.git("rev-list", "--count", "--merges", "HEAD")).toBe("2");
});

test("effects can land as uncommitted changes of the working tree", async () => {
  const repository = await createRepository({ tree });
  const plan = await writePlan({ effects: [shell("new", "echo n > n.txt"), shell("edit", "echo c > a.txt")] });
  const ended = await coppice(["run", plan, "--land", "working-tree", "--json"], { cwd: repository.path });
  expect(lastJson(ended)).toMatchObject({ landed: 2 });
  expect(await repository.git("log", "--format=%s")).toBe("initial");
  expect(await readFile(join(repository.path, "a.txt"), "utf8")).toBe("c\n");
  expect(await repository.git("status", "--porcelain")).toBe(" M a.txt\n?? n.txt");
});

test("flags go before the plan's options", async () => {
  const repository = await createRepository({ tree });
  await repository.git("branch", "other");
  const options = { history: "linear", commit: { date: "2026-01-02T03:04:05Z", author: { name: "A", email: "a@b" } } };
  const plan = await writePlan({ options, effects: [shell("edit", "echo c > a.txt")] });
  const args = ["run", plan, "--history", "merge", "--target", "other"];
  expect(await coppice(args, { cwd: repository.path })).toMatchObject({ exitCode: 0 });
  expect(await repository.git("log", "--format=%an %at %s", "--first-parent", "other")).toMatch(
    /^A 1767323045 Effect edit\n/,
  );
  expect((await repository.git("show", "-s", "--format=%P", "other")).split(" ").length).toBe(2);
  expect(await repository.status()).toBe("");
});

test("linked files are there and are no change", async () => {
  const repository = await createRepository({ tree: { ...tree, ".gitignore": "node_modules\n" } });
  await repository.write({ "node_modules/tool/run": { executable: "#!/bin/sh\necho linted > a.txt\n" } });
  const plan = await writePlan({ effects: [{ id: "lint", command: "node_modules/tool/run" }] });
  const ended = await coppice(["run", plan, "--json", "--link", "node_modules"], { cwd: repository.path });
  expect(lastJson(ended)).toMatchObject({ landed: 1, outcomes: [{ changes: [{ path: "a.txt" }] }] });
});

const wrongPlans = [
  { plan: { effects: [] }, says: /a plan needs at least one effect/ },
  { plan: { efects: [] }, says: /unknown key "efects"/ },
  { plan: { effects: [{ id: "x", command: "ls", arg: [] }] }, says: /effects\[0\] \(x\): unknown key "arg"/ },
  { plan: { effects: [{ id: "x", command: "ls", args: [1] }] }, says: /effects\[0\] \(x\): "args\.0": .*string/ },
  { plan: { effects: [{ id: "x" }] }, says: /needs either "module", "command" or "harness"/ },
  { plan: { effects: [{ id: "a/b", command: "ls" }] }, says: /effect ID "a\/b" is not valid.*ERR_EFFECT_ID/s },
  { plan: { options: { limit: {} }, effects: [shell("x", "ls")] }, says: /unknown option "limit"/ },
  { plan: { effects: [shell("x", "ls"), shell("X", "ls")] }, says: /ERR_EFFECT_DUPLICATE/ },
];

for (const { plan, says } of wrongPlans) {
  test(`a wrong plan is refused by name before anything is written: ${says.source}`, async () => {
    const repository = await createRepository({ tree });
    const ended = await coppice(["run", await writePlan(plan), "--repo", repository.path], { cwd: repository.path });
    expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ended.stderr).toMatch(says);
    expect(ended.stderr).not.toContain("    at ");
    expect(await coppiceRefs(repository)).toEqual([]);
  });
}

test("a refused repository is exit code 2, with the remedy, and as JSON when that is asked for", async () => {
  const folder = await temporaryFolder();
  const plan = await writePlan({ effects: [shell("x", "ls")] });
  const ended = await coppice(["run", plan, "--json", "--repo", folder], { cwd: folder });
  expect(ended.exitCode).toBe(2);
  expect(ended.stderr).toContain("git init");
  expect(lastJson(ended)).toMatchObject({ error: { code: "ERR_NOT_A_REPOSITORY" } });
});

test("a repository in the middle of a merge is refused, and nothing is written", async () => {
  const repository = await createRepository({ tree });
  await repository.write({ ".git/MERGE_HEAD": `${await repository.oid("HEAD")}\n` });
  const plan = await writePlan({ effects: [shell("x", "ls")] });
  const ended = await coppice(["run", plan], { cwd: repository.path });
  expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
  expect(ended.stderr).toContain("(ERR_REPOSITORY_BUSY)");
  await expectUntouched(repository);
});

test("wrong usage is exit code 2, help and version are 0", async () => {
  const cwd = await temporaryFolder();
  const codes = [];
  for (const args of [
    ["run"],
    ["fly"],
    ["run", "x", "--fly"],
    ["run", "x", "--worktrees", "0"],
    ["run", "none.json"],
  ]) {
    codes.push((await coppice(args, { cwd })).exitCode);
  }
  expect(codes).toEqual([2, 2, 2, 2, 2]);
  expect((await coppice(["--help"], { cwd })).exitCode).toBe(0);
  expect((await coppice(["run", "--help"], { cwd })).exitCode).toBe(0);
});

test("a prompt for a harness is a run of its own, and an effect of a plan", async () => {
  const repository = await createRepository({ tree });
  const options = { harnesses: { "stand-in": { command: standIn } } };
  const plan = await writePlan({
    options,
    effects: [{ id: "harness", harness: "stand-in", prompt: "write c.txt by a harness" }],
  });
  const planned = await coppice(["run", plan, "--json"], { cwd: repository.path });
  expect(lastJson(planned)).toMatchObject({ landed: 1, outcomes: [{ effectId: "harness", kind: "landed" }] });
  expect(await readFile(join(repository.path, "c.txt"), "utf8")).toBe("by a harness\n");
  const env = { ...process.env, PATH: "/nowhere" };
  const prompted = await coppice(["run", "--harness", "codex", "--prompt", "tidy up", "--json"], {
    cwd: repository.path,
    env,
  });
  expect(prompted.exitCode).toBe(1);
  expect(lastJson(prompted)).toMatchObject({ failed: 1, outcomes: [{ error: { code: "ERR_HARNESS_MISSING" } }] });
  expect((await coppice(["run"], { cwd: repository.path })).stderr).toMatch(
    /a plan is needed, or --harness and --prompt/,
  );
});
