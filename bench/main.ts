// `npm run bench -- <trial> [flags]`: measures, prints a table, and as the last line one JSON object.
// `npm run bench -- report`: docs/performance.md from what was saved. `all`: every trial at its size, saved.
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { circumstances } from "./machine.js";
import { peerNames } from "./peers.js";
import type { Trial } from "./reading.js";
import { Refusal } from "./refusal.js";
import { reportFile, writeReport } from "./report.js";
import { repositoryName, repositorySize } from "./repository.js";
import { type Result, readResults, resultsFolder, saveResult } from "./result.js";
import { resultTable } from "./result-table.js";
import { TrialRun } from "./run-trial.js";
import type { PeerName, Settings } from "./trial.js";
import { reportedRuns, trials } from "./trials.js";

interface Flags {
  files?: number;
  effects?: number;
  concurrency: number;
  peers?: readonly PeerName[];
  repo?: string;
  json: boolean;
  save: boolean;
  cache: string;
}

const endings = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const defaultCache = join(tmpdir(), "coppice-bench");

async function main(): Promise<void> {
  const program = new Command("npm run bench --")
    .description("Measures Coppice beside its peers, each in a process of its own.")
    .showHelpAfterError("(npm run bench -- --help shows the trials and flags)")
    .exitOverride();
  for (const [name, trial] of Object.entries(trials)) {
    const command = program.command(name).description(trial.question);
    addFlags(command, trial).action((flags: Flags) => take(name, trial, flags));
  }
  program
    .command("report")
    .description("docs/performance.md and its plots, from the runs that --save has kept")
    .option("--from <folder>", "the saved runs", resultsFolder)
    .option("--to <file>", "the page", reportFile)
    .action(report);
  program
    .command("all")
    .description("every run that the report wants, saved, and then the report; an hour or more")
    .action(takeAll);
  await program.parseAsync();
}

function addFlags(command: Command, { defaults, peers }: Trial): Command {
  return command
    .addOption(
      new Option("--files <n>", "files of the generated repository")
        .argParser(count)
        .default(undefined, String(defaults.files)),
    )
    .addOption(
      new Option("--effects <n>", "effects, or operations")
        .argParser(count)
        .default(undefined, String(defaults.effects)),
    )
    .addOption(new Option("--concurrency <n>", "worktrees at once").argParser(count).default(8))
    .addOption(
      new Option("--peers <names>", `of ${peers.join(",")}, or all`).argParser((text) => peerList(text, peers)),
    )
    .addOption(
      new Option("--repo <path>", "a repository to copy and use instead of a generated one").conflicts("files"),
    )
    .option("--json", "only the JSON line", false)
    .option("--save", "also write the result to bench/results, for the report", false)
    .option("--cache <folder>", "where generated repositories are kept", defaultCache);
}

async function take(name: string, trial: Trial, flags: Flags): Promise<void> {
  const settings = await settingsOf(trial, flags);
  const say = (text: string) => void process.stderr.write(`bench: ${text}\n`);
  const run = new TrialRun(settings, resolve(flags.cache), say);
  const interrupted = () => {
    say("interrupted: removing what was made");
    run.end().finally(() => process.exit(130));
  };
  for (const signal of endings) process.once(signal, interrupted);
  try {
    const where = await circumstances(tmpdir());
    const { figures, peers } = await trial.take(settings, run);
    await run.finish();
    const { concurrency } = settings;
    const result: Result = {
      trial: name,
      repository: repositoryName(settings),
      concurrency,
      ...figures,
      peers,
      ...where,
    };
    if (flags.save) say(`saved ${await saveResult(result)}`);
    if (!flags.json) console.log(`${resultTable(result, trial.question)}\n`);
    console.log(JSON.stringify(result));
    if (peers.some(({ peer, error }) => peer === "ours" && error !== null)) process.exitCode = 1;
  } finally {
    for (const signal of endings) process.off(signal, interrupted);
    await run.end();
  }
}

async function takeAll(): Promise<void> {
  for (const { trial: name, ...wanted } of reportedRuns) {
    const trial = trials[name] as Trial;
    await take(name, trial, { concurrency: 8, json: true, save: true, cache: defaultCache, ...wanted });
  }
  await report({ from: resultsFolder, to: reportFile });
}

async function report({ from, to }: { from: string; to: string }): Promise<void> {
  const results = await readResults(resolve(from));
  if (results.length === 0)
    throw new Refusal(`no saved runs in ${from}: save some first, for example npm run bench -- create --save`);
  for (const file of await writeReport(results, resolve(to))) console.log(file);
}

async function settingsOf({ defaults, peers }: Trial, flags: Flags): Promise<Settings> {
  const repo = flags.repo === undefined ? null : resolve(flags.repo);
  const files = repo === null ? (flags.files ?? defaults.files) : await repositorySize(repo).catch(() => null);
  if (files === null || files < 1)
    throw new Refusal(`there is no git repository with a commit at ${repo}: give --repo the path of one`);
  // In the order of the table, which is the order that is fair.
  const wanted = flags.peers ?? defaults.peers;
  return {
    ...{ files, repo },
    effects: flags.effects ?? defaults.effects,
    concurrency: flags.concurrency,
    peers: peerNames.filter((peer) => wanted.includes(peer) && peers.includes(peer)),
  };
}

function count(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= 1_000_000) return number;
  throw new InvalidArgumentError("Type a whole number from 1 to 1000000.");
}

function peerList(text: string, known: readonly PeerName[]): readonly PeerName[] {
  if (text === "all") return known;
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.filter((name) => !(known as readonly string[]).includes(name));
  if (unknown.length > 0)
    throw new InvalidArgumentError(`Type names of ${known.join(", ")} with commas between, or all.`);
  return names as PeerName[];
}

main().catch((error: unknown) => {
  process.exitCode = 2;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) process.exitCode = 0;
  } else if (error instanceof Refusal) console.error(`bench: ${error.message}`);
  else throw error;
});
