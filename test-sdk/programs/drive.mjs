// Drives one run to its end, as a user's program would: `node drive.mjs <repository> <runDir>`. It prints how the run ended.
import { createRequire } from "node:module";
import { driveRun } from "../../dist/babysitter.js";

const [repository, runDir] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const person = { name: "E Ffect", email: "effect@example.com" };
const date = new Date("2026-01-02T03:04:05Z");

if (process.env.DETERMINISTIC === "1") {
  const sdk = (path) => require(`@a5c-ai/babysitter-sdk/dist/storage/${path}`);
  let next = 0;
  sdk("ulids").setUlidFactoryForTests(() => `01J${String(next++).padStart(23, "0")}`);
  sdk("clock").setClockForTests(() => date);
}
const answers = {
  breakpoint: { approved: true },
  orchestrator_task: { looked: true },
  sleep: null,
};
/** What a process cannot put into its metadata. Gives up where a side has no text. */
function resolve({ ours, theirs }) {
  if (ours?.text == null || theirs?.text == null) return null;
  return { content: ours.text.replace("first", "first and second") };
}

const { status, output, error, iterations, timings, outcomes } = await driveRun({
  runDir,
  repository,
  managerOptions: {
    commit: { author: person, committer: person, date },
    limits: { worktrees: 4, processes: 4 },
    trackingAudit: 0,
  },
  request: ({ taskDef }) => {
    const { onConflict } = taskDef.metadata ?? {};
    if (onConflict === undefined) return {};
    return { onConflict: onConflict === "resolver" ? resolve : onConflict };
  },
  onAction: ({ kind }) => ({ status: "ok", value: answers[kind] ?? null }),
});
const kinds = outcomes.map(({ kind }) => kind);
console.log(JSON.stringify({ status, output, error, iterations, timings, kinds }));
