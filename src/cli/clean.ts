// `coppice clean`: takes away what dead runs have left and nobody needs; with --older-than also what runs leave for those who come back.

import type { Command } from "commander";
import { type CleanedRepository, type CleanOptions, cleanRepository, type OldRun } from "../index.js";
import { type Cell, type Column, layColumns, type Paint, paintFor } from "../report.js";
import { parseAge } from "./age.js";
import { addRepositoryFlags, type RepositoryFlags } from "./flags.js";

interface CleanFlags extends RepositoryFlags {
  olderThan?: number;
  dryRun: boolean;
}

const columns: readonly Column[] = [
  { title: "what", align: "left" },
  { title: "becomes", align: "left" },
  { title: "why", align: "left" },
];

export function addClean(program: Command): void {
  addRepositoryFlags(program.command("clean"))
    .description("remove worktrees of dead runs that hold no work, and what old runs have left; empty the trash")
    .option(
      "--older-than <age>",
      "also runs whose last record is older: 30d, 12h, 90m; never one with kept work",
      parseAge,
    )
    .option("--dry-run", "show what would go, and write nothing", false)
    .action(async ({ repo, json, dryRun, olderThan }: CleanFlags) => {
      const options: CleanOptions = { dryRun, ...(olderThan === undefined ? {} : { olderThanMs: olderThan }) };
      const cleaned = await cleanRepository(repo, options);
      if (json) console.log(JSON.stringify(cleaned));
      else console.log(lines(cleaned, paintFor(process.stdout)).join("\n"));
    });
}

function lines(cleaned: CleanedRepository, paint: Paint): string[] {
  const { dryRun, removed, left, runs } = cleaned;
  const goes: Cell = { text: dryRun ? "remove" : "removed", format: "cyan" };
  const stays: Cell = { text: "left", format: "yellow" };
  const young = runs.left.filter((run) => run.young).length;
  const rows: Cell[][] = [
    ...removed.map(({ name, path }) => [{ text: `worktree ${name}` }, goes, { text: path }]),
    ...left.map(({ name, path, why }) => [{ text: `worktree ${name}` }, stays, { text: `${path}: ${why}` }]),
    ...runs.removed.map((run) => [{ text: `run ${run.runId}` }, goes, { text: describe(run) }]),
    ...runs.left.filter((run) => !run.young).map((run) => [{ text: `run ${run.runId}` }, stays, { text: run.why }]),
  ];
  const summary = young === 0 ? [] : [paint("dim", `${young} younger ${young === 1 ? "run stays" : "runs stay"}`)];
  if (rows.length === 0) return young === 0 ? ["nothing to clean"] : ["nothing to clean", ...summary];
  return [...layColumns(columns, rows, Number.POSITIVE_INFINITY, paint), ...summary];
}

function describe({ lastRecord, refs, earlierPath }: OldRun): string {
  const parts = [
    lastRecord === null ? "it has recorded nothing" : `its last record is of ${lastRecord.toISOString().slice(0, 10)}`,
    `${refs.length} ${refs.length === 1 ? "ref" : "refs"}`,
    ...(earlierPath === null ? [] : ["what the repository held before its changes"]),
  ];
  return parts.join(", ");
}
