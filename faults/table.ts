// The end of a run for people: a line for each scenario, then whatever was found with the command that repeats it.
import { columns } from "../bench/columns.js";
import { problemKinds } from "./scenario.js";
import { countOf, type ScenarioResult, type Summary } from "./tally.js";

const heads: Record<(typeof problemKinds)[number], string> = {
  lost: "lost",
  mixed: "mixed",
  wrongSuccesses: "wrong",
  crashes: "crash",
  escapes: "escape",
  userBytesLost: "user's",
  leftovers: "left",
};
const mostShown = 20;

export function resultTable(results: readonly ScenarioResult[], summary: Summary, seed: number): string {
  const taken = results.filter(({ skipped }) => skipped === null);
  const rows = taken.map((result) => [
    result.problems.length === 0 ? "ok" : "RED",
    result.name,
    result.shows,
    ...[result.cases, result.faults, result.kills].map(String),
    ...problemKinds.map((kind) => shown(countOf(result, kind))),
    result.seconds.toFixed(0),
  ]);
  const head = [
    "",
    "scenario",
    "what is done",
    "cases",
    "faults",
    "kills",
    ...problemKinds.map((kind) => heads[kind]),
    "s",
  ];
  const sum = [
    "",
    "together",
    "",
    ...[sumOf(taken, "cases"), summary.faults, summary.kills].map(String),
    ...problemKinds.map((kind) => (summary[kind] === null ? "-" : shown(summary[kind]))),
    String(summary.seconds),
  ];
  const lines = columns([head, ...rows, sum], { text: 3 });
  const rule = "-".repeat(Math.max(...lines.map((line) => line.length)));
  const [first = "", ...rest] = lines;
  return [
    first,
    rule,
    ...rest.slice(0, -1),
    rule,
    ...rest.slice(-1),
    ...results.filter(({ skipped }) => skipped !== null).map(({ name, skipped }) => `skipped: ${name}: ${skipped}`),
    ...problemLines(taken, seed),
  ].join("\n");
}

function problemLines(results: readonly ScenarioResult[], seed: number): string[] {
  const lines = results.flatMap(({ name, problems }) =>
    [...new Set(problems.map((problem) => problem.case))].flatMap((failed) => [
      "",
      `npm run faults -- --only ${name} --seed ${seed} --case ${failed}`,
      ...problems.filter((problem) => problem.case === failed).map(({ kind, what }) => `  ${kind}: ${what}`),
    ]),
  );
  const heads = lines.flatMap((line, index) => (line === "" ? [index] : []));
  const cut = heads[mostShown];
  return cut === undefined
    ? lines
    : [...lines.slice(0, cut), "", `and ${heads.length - mostShown} more cases like these`];
}

function sumOf(results: readonly ScenarioResult[], name: "cases"): number {
  return results.reduce((total, result) => total + result[name], 0);
}

function shown(count: number): string {
  return count === 0 ? "0" : `${count}!`;
}
