// `npm run faults [-- --quick] [--json] [--only a,b] [--seed n] [--case name] [--subject script]`: puts faults into the product, and lets the oracle look
// at what is left. Progress while it runs, a table at the end, and as the last line with --json one JSON object. Exit code 1 when
// anything was found in the product; what is found in another subject is what was asked for.
import { mkdirSync } from "node:fs";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { enterGitEnvironment } from "../test/support/git-environment.js";
import { spaciousFolder } from "./place.js";
import { Progress } from "./progress.js";
import type { Scenario } from "./scenario.js";
import { product, subjects } from "./scenarios.js";
import { resultTable } from "./table.js";
import { takeScenario } from "./take-scenario.js";
import { type ScenarioResult, summarise } from "./tally.js";

interface Flags {
  quick: boolean;
  json: boolean;
  only?: readonly string[];
  subject: keyof typeof subjects;
  seed: number;
  case?: readonly string[];
}

const endings = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

async function main(): Promise<void> {
  const program = new Command("npm run faults --")
    .description("Puts faults into the product: every effect must end as landed once, or kept and named.")
    .option("--quick", "a sample of each scenario, in four minutes", false)
    .option("--json", "only the JSON line on standard output", false)
    .addOption(new Option("--only <names>", `scenarios, of ${namesOf(product)}`).argParser((text) => text.split(",")))
    .addOption(new Option("--subject <name>", "what is tried").choices(Object.keys(subjects)).default(product))
    .addOption(new Option("--seed <n>", "for whatever is left to chance").argParser(wholeNumber).default(1))
    .addOption(new Option("--case <names>", "only these cases of the scenarios").argParser((text) => text.split(",")))
    .exitOverride();
  await program.parseAsync();
  await takeAll(program.opts<Flags>());
}

async function takeAll({ quick, json, only: names, subject, seed, case: cases }: Flags): Promise<void> {
  const only = names === undefined ? (subjects[subject] ?? []) : chosen(subject, names);
  const start = performance.now();
  const folder = await realpath(await mkdtemp(join(spaciousFolder(), "coppice-faults-")));
  const interrupted = () => void rm(folder, { recursive: true, force: true }).finally(() => process.exit(130));
  for (const signal of endings) process.once(signal, interrupted);
  try {
    mkdirSync(join(folder, "home"));
    enterGitEnvironment(join(folder, "home"));
    const progress = new Progress(process.stderr);
    const results: ScenarioResult[] = [];
    for (const scenario of only) {
      const place = join(folder, scenario.name);
      const report = progress.begin(scenario.name);
      const taking = { folder: place, seed, quick, only: cases ?? null, progress: report };
      const result = await takeScenario(scenario, taking);
      progress.end(result);
      results.push(result);
      await rm(place, { recursive: true, force: true, maxRetries: 3 });
    }
    const measured = new Set(only.flatMap(({ measures }) => measures));
    const summary = summarise(results, measured, (performance.now() - start) / 1000);
    const table = `\n${resultTable(results, summary, seed)}\n`;
    if (json) process.stderr.write(`${table}\n`);
    else console.log(table);
    if (json) console.log(JSON.stringify({ ...summary, subject, quick, seed, scenarios: results.map(withoutTimes) }));
    if (subject === product && results.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
    if (results.every(({ cases: taken }) => taken === 0))
      throw new Error("no case was taken: is there one of that name?");
  } finally {
    for (const signal of endings) process.off(signal, interrupted);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function withoutTimes({ abortMs: _abortMs, shows: _shows, ...result }: ScenarioResult): object {
  return { ...result, seconds: Math.round(result.seconds) };
}

function namesOf(subject: string): string {
  return (subjects[subject] ?? []).map(({ name }) => name).join(", ");
}

function chosen(subject: string, names: readonly string[]): Scenario[] {
  return names.map((name) => {
    const scenario = subjects[subject]?.find((one) => one.name === name.trim());
    if (scenario !== undefined) return scenario;
    throw new Error(`--only: type names of ${namesOf(subject)} with commas between.`);
  });
}

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Type a whole number.");
}

main().catch((error: unknown) => {
  process.exitCode = 2;
  if (!(error instanceof CommanderError)) throw error;
  if (error.exitCode === 0) process.exitCode = 0;
});
