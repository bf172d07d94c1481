// Three prompts for a coding agent, at once, each in a worktree: node examples/harness/main.mjs
// The agent is a stand-in, so that this runs anywhere. For a real one: harnessTask("claude-code", ...), and no option `harnesses`.
import { fileURLToPath } from "node:url";
import { defineHarness, harnessTask, WorktreeManager } from "coppice";
import { scratchRepository } from "../scratch.mjs";

const repository = scratchRepository({ "README.md": "# Example\n\nNothing yet.\n" });
const agent = defineHarness({
  command: fileURLToPath(new URL("./stand-in.mjs", import.meta.url)),
  prompt: "stdin",
  modelFlag: "--model",
});

const manager = await WorktreeManager.open(repository.path, { harnesses: { agent }, limits: { harnesses: 2 } });
manager.on("task:output", ({ effectId, text }) => process.stdout.write(`${effectId}: ${text}`));
try {
  const outcomes = await manager.parallel.allSettled([
    { id: "guide", task: harnessTask("agent", { prompt: "Write guide/first.md", model: "large" }) },
    { id: "tests", task: harnessTask("agent", { prompt: "Write test/first.test.js", timeoutMs: 60_000 }) },
    { id: "readme", task: harnessTask("agent", { prompt: "Write README.md" }) },
  ]);
  for (const { effectId, kind } of outcomes) console.log(`${effectId} ${kind}`);
} finally {
  await manager.close();
}
console.log(repository.git("ls-files"));
repository.remove();
