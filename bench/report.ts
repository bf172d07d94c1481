// docs/performance.md and its plots, from what `--save` has kept. The page is made as a whole: what it says about the method
// stands in bench/method.md, so that nobody edits it where the next report would undo that.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { markdownTable } from "./columns.js";
import { goalRow, goals } from "./goals.js";
import { peers } from "./peers.js";
import { plotSvg } from "./plot.js";
import { effectsPlot, sizePlot } from "./plots.js";
import type { Result } from "./result.js";
import { peerRow } from "./result-table.js";
import type { PeerName } from "./trial.js";
import { trials } from "./trials.js";

export const reportFile = join(import.meta.dirname, "../docs/performance.md");

/** @returns the files written */
export async function writeReport(results: readonly Result[], file = reportFile): Promise<string[]> {
  const folder = file.replace(/\.md$/, "");
  const plots = [
    { name: "size.svg", caption: "Cost of an effect by the size of the repository", plot: sizePlot(results) },
    { name: "effects.svg", caption: "Cost of an effect by their number", plot: effectsPlot(results) },
  ].flatMap(({ plot, ...rest }) => (plot === null ? [] : [{ ...rest, svg: plotSvg(plot) }]));
  await mkdir(plots.length > 0 ? folder : dirname(file), { recursive: true });
  for (const { name, svg } of plots) await writeFile(join(folder, name), svg);
  const images = plots.map(({ name, caption }) => `![${caption}](${folder.split("/").at(-1)}/${name})`);
  const method = await readFile(join(import.meta.dirname, "method.md"), "utf8");
  await writeFile(file, page(method, results, images));
  return [file, ...plots.map(({ name }) => join(folder, name))];
}

function page(method: string, results: readonly Result[], images: readonly string[]): string {
  return [
    "# Performance",
    "Made by `npm run bench -- report` from the runs in `bench/results`. Change `bench/method.md` or the bench, not this page.",
    "## What must be reached",
    markdownTable(
      [
        ["figure", "wanted", "measured", "reached"],
        ...goals.map((goal) => goalRow(goal, standard(results, goal.trial))),
      ],
      {
        text: 1,
      },
    ),
    ...images,
    ...method.trimEnd().split("\n\n"),
    "## Peers",
    markdownTable([["peer", "how it does the work"], ...Object.values(peers).map(({ label, how }) => [label, how])], {
      text: 2,
    }),
    "## Runs",
    ...results.flatMap(section),
    "",
  ]
    .join("\n\n")
    .replace(/\n+$/, "\n");
}

/** The run at the trial's own size. */
function standard(results: readonly Result[], name: string): Result | undefined {
  const { files, effects } = trials[name]?.defaults ?? {};
  const runs = results.filter(({ trial }) => trial === name);
  const fits = (result: Result, key: string, wanted: unknown) => result[key] === undefined || result[key] === wanted;
  return runs.find((result) => fits(result, "files", files) && fits(result, "effects", effects));
}

function section(result: Result): string[] {
  const { trial, repository, concurrency, date, commit, modified, machine, versions } = result;
  const heads = ["peer", "files", "effects run", "cold ms", "cold CPU ms", "warm ms", "warm CPU ms"];
  const failed = result.peers.filter(({ error }) => error !== null);
  const further = Object.entries(result).filter(([name, value]) => isFigure(name, value));
  return [
    `### ${trial}: ${repository}${result.effects === undefined ? "" : `, ${String(result.effects)} effects`}`,
    `${sentence(trials[trial]?.question ?? "")} Concurrency ${concurrency}. Milliseconds per effect or operation, medians.`,
    markdownTable([heads, ...result.peers.map(peerRow)], { text: 1 }),
    ...failed.map(({ peer, error }) => `- ${peers[peer as PeerName].label}: \`${error}\``),
    further
      .map(([name, value]) => `\`${name}\` ${typeof value === "object" ? `\`${JSON.stringify(value)}\`` : value}`)
      .join(", "),
    `${date}, commit \`${commit.slice(0, 10)}\`${modified ? " with changes" : ""}; ${machine.cpu}, ${machine.cores} cores, ` +
      `${machine.memoryGb} GB, ${machine.system}, ${machine.filesystem}; Node ${versions.node}, git ${versions.git}.`,
  ];
}

const circumstances = ["trial", "repository", "concurrency", "files", "effects", "peers"];
const further = ["date", "commit", "modified", "machine", "versions"];

function isFigure(name: string, value: unknown): boolean {
  return value !== null && !circumstances.includes(name) && !further.includes(name);
}

function sentence(words: string): string {
  return words === "" ? "" : `${words[0]?.toUpperCase()}${words.slice(1)}.`;
}
