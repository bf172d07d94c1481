// What people see when the shared repository has changed, and how they go on.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { requireBuilt } from "../support/built.js";
import { expectSound } from "../support/manager.js";
import { createRepository, temporaryFolder } from "../support/repository.js";
import { coppice, lastJson } from "./coppice.js";

beforeAll(requireBuilt, 120_000);

test("a run says what has changed and how to undo it; landing later says yes", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const plan = join(await temporaryFolder("plan"), "plan.json");
  const script = "echo new > new.txt; git config core.hooksPath .husky";
  await writeFile(plan, JSON.stringify({ effects: [{ id: "one", command: "sh", args: ["-ec", script] }] }));
  const cwd = repository.path;
  const config = join(cwd, ".git/config");
  const ended = await coppice(["run", plan, "--json", "--run-id", "run-1"], { cwd });
  expect(ended.exitCode).toBe(1);
  expect(ended.stderr).toContain("the repository has changed while one ran:");
  expect(ended.stderr).toContain(`changed  ${config}  core.hookspath`);
  expect(ended.stderr).toMatch(/undo {2}rm -f \S+config && cp -p \S+coppice\/earlier\/run-1\/config-\S+ \S+config/);
  expect(ended.stderr).toContain("nothing lands now");
  expect(ended.stderr).toContain(`${config} has changed while effects ran, and git may run what it says`);
  expect(lastJson(ended)).toMatchObject({
    blocked: 1,
    unacknowledged: [{ path: config, keys: ["core.hookspath"], codeBearing: true }],
  });
  expect(await repository.git("config", "core.hooksPath")).toBe(".husky");

  expect(await coppice(["land", "run-1/one"], { cwd })).toMatchObject({ exitCode: 0 });
  expect(await readFile(join(cwd, "new.txt"), "utf8")).toBe("new\n");
  await expectSound(repository);
});

test("what bears no code is one line, and lands", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const items = join(await temporaryFolder("items"), "items");
  await writeFile(items, "x\n");
  const command = ["sh", "-ec", "git config branch.{}.remote origin; echo {} > {}"];
  const ended = await coppice(["map", "--items", items, "--", ...command], { cwd: repository.path });
  expect(ended.exitCode).toBe(0);
  expect(ended.stderr).toMatch(/repository has changed while \S+ ran:\n {2}changed {2}\S+config {2}branch.x.remote\n/);
  expect(ended.stderr).not.toContain("undo");
  expect(ended.stderr).not.toContain("nothing lands");
});
