// A driver that resolves and commits actions itself, as one that has no notion of worktrees does: a batch is resolved, then its results
// are committed in the order of the actions. Only its two functions are wrapped: `node own-dispatch.mjs <repository> <runDir>`.
// DIE=<where>:<n> ends the process at its nth action ("resolve": its file is written, "commit": before the result is posted).
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { managerRunId, wrapCommit, wrapResolve } from "../../dist/babysitter.js";
import { WorktreeManager } from "../../dist/index.js";

const [repository, runDir] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const { orchestrateIteration } = require("@a5c-ai/babysitter-sdk/dist/runtime/orchestrateIteration");
const { commitEffectResult } = require("@a5c-ai/babysitter-sdk/dist/runtime/commitEffectResult");
const run = promisify(execFile);
const answers = { breakpoint: { approved: true }, orchestrator_task: { looked: true }, sleep: null };

const [dieAt, dieNth] = (process.env.DIE ?? "").split(":");
const counts = { resolve: 0, commit: 0 };
function mayDie(where) {
  if (where === dieAt && ++counts[where] === Number(dieNth)) process.kill(process.pid, "SIGKILL");
}

async function resolveAction({ kind, taskDef }) {
  if (kind in answers) return { status: "ok", value: answers[kind] };
  const { cwd, entry, args, command } = taskDef[kind];
  try {
    const words = kind === "node" ? [process.execPath, entry, ...args] : ["sh", "-c", command];
    const { stdout, stderr } = await run(words[0], words.slice(1), { cwd });
    mayDie("resolve");
    return { status: "ok", value: kind === "node" ? JSON.parse(stdout) : null, stdout, stderr };
  } catch (error) {
    return { status: "error", error, stderr: error.stderr };
  }
}

async function commitAction({ action: { effectId, invocationKey }, result }) {
  mayDie("commit");
  const { status, value, error, stdout, stderr } = result;
  await commitEffectResult({ runDir, effectId, invocationKey, result: { status, value, error, stdout, stderr } });
}

const manager = await WorktreeManager.open(repository, { runId: managerRunId(runDir) });
const resolve = wrapResolve(resolveAction, { runDir, manager });
const commit = wrapCommit(commitAction, { runDir });
const start = performance.now();
let iteration = await orchestrateIteration({ runDir });
const kinds = [];
while (iteration.status === "waiting") {
  const actions = iteration.nextActions;
  const results = await Promise.all(actions.map((action) => resolve(action)));
  for (const [index, action] of actions.entries()) {
    kinds.push(results[index].metadata?.worktree?.kind ?? action.kind);
    await commit({ action, result: results[index] });
  }
  iteration = await orchestrateIteration({ runDir });
}
await manager.close();
const { status, output, error = null } = iteration;
const timings = { totalMs: performance.now() - start, sdkMs: 0 };
console.log(JSON.stringify({ status, output, error, timings, kinds }));
