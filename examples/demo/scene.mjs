// One repository's part of the demo: a person edits, effects run and land, and then everything is looked at.
import { availableParallelism } from "node:os";
import { isSettledWell, mergeTrees, WorktreeManager } from "coppice";
import { explainOutcomes, outcomeTable, showProgress, tally, tallyLine } from "coppice/report";
import { planEffects } from "./effects.mjs";
import { git, hasGit } from "./git.mjs";
import { countFiles, sourceFiles } from "./source-files.mjs";
import { beginEditing } from "./user.mjs";

const runId = "demo";
const markersShown = 12;
/** Fewer than effects, so that warm worktrees are used again; each is a whole copy of the files. */
const worktrees = 4;

/** @returns the figures of this repository, and what was not as expected; null: it has too few files for the demo */
export async function playScene(folder, title, { say, paint, width }) {
  const plan = planEffects(await sourceFiles(folder));
  if (plan === null) return null;
  const files = await countFiles(folder);
  const look = await beginEditing(folder, plan.edited);
  const statusBefore = await status(folder);
  say(
    "",
    paint("bold", `${title}: ${files.toLocaleString("en")} files, ${plan.effects.length} effects`),
    paint("dim", folder),
    "",
  );

  const measured = await runEffects(folder, plan);
  const { outcomes } = measured;
  say(...outcomeTable(outcomes, { width, paint }), "", tallyLine(tally(outcomes), paint), "");
  say(paint("bold", "What did not land is kept"), paint("dim", `to look, land or drop: cd ${folder}`), "");
  say(...explainOutcomes(outcomes, paint));
  await showConflict(folder, outcomes, { say, paint });

  const mine = await look();
  for (const { path, before, after, equal } of mine) {
    say(
      `your ${path}: sha256 ${before.slice(0, 12)} before, ${after.slice(0, 12)} after, ${equal ? paint("green", "untouched") : paint("red", "CHANGED")}`,
    );
  }
  const statusAfter = await status(folder);
  const fsck = await checkRepository(folder);
  say(`git fsck --full --strict: ${fsck}`);
  if (statusAfter !== null) say("git status --short:", ...statusAfter.split("\n").map((line) => `  ${line}`));

  return {
    figures: { title, path: folder, files, ...measured, outcomes: undefined, ...counts(outcomes), fsck },
    surprises: [
      ...wrongOutcomes(outcomes, plan.expected),
      ...mine.filter(({ equal }) => !equal).map(({ path }) => `your file ${path} was touched`),
      ...(statusAfter === statusBefore ? [] : [`git status was:\n${statusBefore}\nand is:\n${statusAfter}`]),
      ...(fsck === "ok" || fsck === gitMissing ? [] : [`git fsck says: ${fsck}`]),
    ],
  };
}

async function runEffects(folder, plan) {
  const threads = availableParallelism();
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const manager = await WorktreeManager.open(folder, { runId, limits: { worktrees, threads, processes: threads } });
  const progress = showProgress(manager, { total: plan.effects.length });
  try {
    const outcomes = await manager.parallel.allSettled(plan.effects);
    const { user, system } = process.cpuUsage(cpuBefore);
    return { outcomes, wallMs: Math.round(performance.now() - start), cpuMs: Math.round((user + system) / 1000) };
  } finally {
    await manager.close().finally(() => progress.close());
  }
}

/** The file as both sides would have it: merged again, this time with markers in it. */
async function showConflict(folder, outcomes, { say, paint }) {
  const outcome = outcomes.find(({ kind }) => kind === "conflicted");
  if (outcome === undefined) return;
  const { conflicts } = await mergeTrees(folder, {
    base: outcome.baseOid,
    ours: "HEAD",
    theirs: outcome.snapshotOid,
    labels: { ours: "demo", theirs: outcome.effectId },
    content: true,
  });
  const [conflict] = conflicts;
  if (conflict === undefined) return;
  const lines = (conflict.content ?? "").split("\n");
  const first = lines.findIndex((line) => line.startsWith("<<<<<<<"));
  const last = lines.findIndex((line) => line.startsWith(">>>>>>>"));
  say(paint("bold", `The ${conflict.kind} conflict in ${conflict.path}`));
  say(
    ...lines
      .slice(Math.max(0, first), Math.min(last + 1, first + markersShown))
      .map((line) => paint("yellow", `  ${line}`)),
    "",
  );
}

const gitMissing = "skipped: git is not there";

async function status(folder) {
  return (await hasGit()) ? git(folder, "status", "--short") : null;
}

async function checkRepository(folder) {
  if (!(await hasGit())) return gitMissing;
  return git(folder, "fsck", "--full", "--strict", "--no-dangling", "--no-progress").then(
    (said) => said || "ok",
    (error) => `${error.message}`,
  );
}

function counts(outcomes) {
  const kept = outcomes.filter((outcome) => outcome.kept !== null).length;
  return { effects: outcomes.length, ...tally(outcomes), kept };
}

function wrongOutcomes(outcomes, expected) {
  return outcomes
    .filter((outcome) =>
      outcome.effectId in expected ? expected[outcome.effectId] !== outcome.kind : !isSettledWell(outcome.kind),
    )
    .map(({ effectId, kind }) => `effect ${effectId} is ${kind}, not ${expected[effectId] ?? "landed"}`);
}
