import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { defineHarness, harnessTask, rerunPrompt } from "../../src/index.js";
import { expectSound, openManager } from "../support/manager.js";
import { createRepository } from "../support/repository.js";

const standIn = fileURLToPath(new URL("../fixtures/harness/stand-in.mjs", import.meta.url));
const harnesses = { "stand-in": { command: standIn, modelFlag: "--model" }, gone: { command: "no-such-program" } };

test("harnesses work each in a worktree of its own, and what they changed lands", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const manager = await openManager(repository, { harnesses, limits: { harnesses: 2 } });
  const output: string[] = [];
  manager.on("task:output", ({ effectId, text }) => output.push(`${effectId}: ${text}`));
  const outcomes = await manager.parallel.allSettled([
    { id: "one", task: harnessTask("stand-in", { prompt: "write one.txt 1\nsay hello" }) },
    { id: "two", task: harnessTask("stand-in", { prompt: "write two.txt 2" }) },
    { id: "fails", task: harnessTask("stand-in", { prompt: "write half.txt x\nfail 4" }) },
    { id: "late", task: harnessTask("stand-in", { prompt: "write late.txt x\nwait", timeoutMs: 2_000 }) },
    { id: "gone", task: harnessTask("gone", { prompt: "x" }) },
  ]);
  expect(outcomes.map((outcome) => ("error" in outcome ? outcome.error.code : outcome.kind))).toEqual([
    "landed",
    "landed",
    "ERR_COMMAND_FAILED",
    "ERR_TIMEOUT",
    "ERR_HARNESS_MISSING",
  ]);
  expect(await readFile(join(repository.path, "one.txt"), "utf8")).toBe("1\n");
  expect(await repository.git("ls-tree", "--name-only", "HEAD")).toBe("a.txt\none.txt\ntwo.txt");
  expect(outcomes[2].kept?.ref).toBe(`refs/coppice/${manager.runId}/effects/fails`);
  expect(output.join("")).toContain("hello");
  await manager.close();
  await expectSound(repository);
});

test("a harness that was to answer with JSON fails without it before anything is merged, and its work is kept", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const says = (text: string) =>
    defineHarness({ command: "sh", args: ["-c", 'cat > /dev/null; echo work > work.txt; echo "$0"', text] });
  const manager = await openManager(repository, { harnesses: { good: says('Yes: {"a": [1]}'), bad: says("Yes.") } });
  const [bad, good] = await manager.parallel.allSettled([
    { id: "bad", task: harnessTask("bad", { prompt: "x", json: true }) },
    { id: "good", task: harnessTask("good", { prompt: "x", json: true }) },
  ]);
  expect(bad).toMatchObject({ kind: "failed", error: { code: "ERR_TASK_VALUE", details: { stdout: "Yes.\n" } } });
  expect(await repository.git("show", `${bad?.kept?.ref}:work.txt`)).toBe("work");
  expect(good).toMatchObject({ kind: "landed", value: { json: { a: [1] }, exitCode: 0 } });
});

test("a harness that does its task again is told why, and where what it did before is", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const manager = await openManager(repository, { harnesses, onConflict: "rerun" });
  const said: string[] = [];
  manager.on("task:output", ({ effectId, text }) => effectId === "second" && said.push(text));
  // Both begin at the same commit, however late the second does, and change the same line.
  const base = await repository.oid("HEAD");
  const request = (id: string) => ({ id, task: harnessTask("stand-in", { prompt: `write a.txt ${id}` }) });
  const [first, second] = await manager.parallel.allSettled([request("first"), request("second")], { base });
  expect([first.kind, second]).toMatchObject(["landed", { kind: "landed", attempt: 2 }]);
  const prompts = said
    .join("")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).prompt as string);
  expect(prompts).toHaveLength(2);
  expect(prompts[0]).toBe("write a.txt second");
  expect(prompts[1]?.startsWith("write a.txt second\n\nThis task was done before")).toBe(true);
  expect(prompts[1]).toContain('- "a.txt" (content)');
  expect(prompts[1]).toContain(`git show refs/coppice/${manager.runId}/attempts/second/1`);
  await manager.close();
  expect(await readFile(join(repository.path, "a.txt"), "utf8")).toBe("a\nfirst\nsecond\n");
});

test("the note of a rerun is bounded, and quotes paths that look like something else", () => {
  const conflicts = Array.from({ length: 60 }, (_, index) => ({ path: `a\n- ${index}`, kind: "content" as const }));
  const text = rerunPrompt("do it", { runId: "r", effectId: "e", attempt: 3, conflicts });
  expect(text.split("\n").filter((line) => line.startsWith("- "))).toHaveLength(51);
  expect(text).toContain('- "a\\n- 0" (content)\n');
  expect(text).toContain("and 10 more");
  expect(text).toContain("refs/coppice/r/attempts/e/2");
  expect(rerunPrompt("do it", { runId: "r", effectId: "e", attempt: 1, conflicts: [] })).toBe("do it");
});
