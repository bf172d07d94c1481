import { expect, test } from "vitest";
import { CoppiceError } from "../../src/index.js";
import { explainOutcomes } from "../../src/report.js";
import { outcomeOf } from "./outcomes.js";

test("what landed needs no words", () => {
  expect(explainOutcomes([outcomeOf("landed", "a"), outcomeOf("unchanged", "b")])).toEqual([]);
});

test("a conflict names its paths and kinds, and the commands to type", () => {
  expect(explainOutcomes([outcomeOf("conflicted", "docs")])).toEqual([
    "≠ conflicted  docs",
    "  content conflict in src/a.ts",
    "  look  git diff 3f2a refs/coppice/run/effects/docs",
    "  land  coppice land run/docs",
    "  drop  coppice drop run/docs",
    "",
  ]);
});

test("a conflict that a policy could not decide says why", () => {
  const resolutions = [{ path: "src/a.ts", kind: "content", policy: "union", gaveUp: "not text on both sides" }];
  const [, reason] = explainOutcomes([outcomeOf("conflicted", "docs", { resolutions })]);
  expect(reason).toBe('  content conflict in src/a.ts; policy "union": not text on both sides');
});

test("a blocked effect names the user's paths", () => {
  const [, reason] = explainOutcomes([outcomeOf("blocked", "docs")]);
  expect(reason).toBe("  README.md has your own change (modified), which stays");
});

test("a failed command shows the end of what it wrote", () => {
  const stderr = Array.from({ length: 20 }, (_, index) => `line ${index}\n`).join("");
  const error = new CoppiceError("ERR_COMMAND_FAILED", "make ended with 2", { details: { exitCode: 2, stderr } });
  const lines = explainOutcomes([outcomeOf("failed", "build", { error })]);
  expect(lines[1]).toBe("  make ended with 2 (ERR_COMMAND_FAILED)");
  expect(lines.slice(2, 8)).toEqual([14, 15, 16, 17, 18, 19].map((index) => `  | line ${index}`));
});

test("many paths are counted, not listed", () => {
  const blocked = Array.from({ length: 30 }, (_, index) => ({ path: `f${index}`, reason: "staged" }));
  expect(explainOutcomes([outcomeOf("blocked", "wide", { blocked })])).toContain("  … and 22 more");
});

test("what landed and yet left something is said", () => {
  const unheld = [{ path: "vendor/x", reason: "nested-repository" }];
  const displaced = [{ path: "a.txt", reason: "modified", keptPath: "/kept/a.txt" }];
  const lines = explainOutcomes([outcomeOf("landed", "mixed", { unheld, displaced })]);
  expect(lines[1]).toBe("  vendor/x stays in the worktree: it is a repository of its own");
  expect(lines[2]).toBe("  a.txt was changed while landing: yours is /kept/a.txt");
});
