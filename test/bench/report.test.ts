// The report from made-up runs: the page, its goals, and pictures that are well-formed.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { plotSvg } from "../../bench/plot.js";
import type { PeerFigures } from "../../bench/reading.js";
import { writeReport } from "../../bench/report.js";
import { type Result, readResults, saveResult } from "../../bench/result.js";
import type { PeerName } from "../../bench/trial.js";
import { projectFolder } from "../support/built.js";
import { runProgram } from "../support/program.js";
import { temporaryFolder } from "../support/repository.js";

const circumstances = {
  date: "2026-11-22T12:00:00Z",
  commit: "0123456789abcdef0123456789abcdef01234567",
  modified: false,
  machine: { cpu: "A & B", cores: 2, memoryGb: 24, system: "Linux", filesystem: "ext4" },
  versions: { node: "20.20.2", git: "2.39.5" },
};

function peer(name: PeerName, files: number, coldWallMs: number | null, warmWallMs: number | null): PeerFigures {
  const cpu = { coldCpuMs: coldWallMs, warmCpuMs: warmWallMs, warmWallRangeMs: null };
  const error = coldWallMs === null && warmWallMs === null ? "does not load: <symbol>" : null;
  return { peer: name, files, effectsRun: 16, coldWallMs, warmWallMs, ...cpu, extra: {}, error };
}

function fanOut(effects: number, ratioGitWarm: number): Result {
  return {
    ...{ trial: "fan-out", repository: "generated, 20000 files", concurrency: 8, files: 20_000, effects, ratioGitWarm },
    cpuMsPerEffect: 7.25,
    peers: [
      peer("floor", 20_000, null, 1),
      peer("ours", 20_000, 60, 8),
      peer("git", 20_000, 1500, null),
      peer("es-git", 20_000, null, null),
    ],
    ...circumstances,
  };
}

const scaling: Result = {
  ...{ trial: "scaling", repository: "generated, 80000 files", concurrency: 8, effects: 50, ratioLargeToSmall: 2.5 },
  cpuMsPerEffect: { 200: 4, 80000: 10 },
  peers: [
    peer("ours", 200, 9, 5),
    peer("ours", 80_000, 200, 9),
    peer("git", 200, 40, null),
    peer("git", 80_000, 9000, null),
  ],
  ...circumstances,
};

test("the page has the goals, a table for each run, and its pictures", async () => {
  const folder = await temporaryFolder("report");
  for (const result of [fanOut(100, 200), fanOut(10, 3), scaling]) await saveResult(result, join(folder, "results"));
  const results = await readResults(join(folder, "results"));
  expect(results).toHaveLength(3);
  const files = await writeReport(results, join(folder, "performance.md"));
  expect(files.map((file) => file.slice(folder.length + 1))).toEqual([
    "performance.md",
    "performance/size.svg",
    "performance/effects.svg",
  ]);
  const page = await readFile(files[0] as string, "utf8");
  // The run at the trial's own size counts, not the other one.
  expect(page).toMatch(/^\| the same, warm pool \| >= 150x \| 200x \| yes \|$/m);
  expect(page).toMatch(/^\| our CPU per effect.* \| <= 5 ms \| 7\.25 ms \| \*\*no\*\* \|$/m);
  expect(page).toMatch(/^\| `soak`: packs \| <= 10 \| - \| not measured \|$/m);
  expect(page).toMatch(/^\| coppice \| 20000 \| 16 \| 60\.0 \| 60\.0 \| 8\.00 \| 8\.00 \|$/m);
  expect(page).toContain("- es-git: `does not load: <symbol>`");
  expect(page).toContain("commit `0123456789`; A & B, 2 cores");
  for (const [, image] of page.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g))
    expectWellFormed(await readFile(join(folder, image as string), "utf8"));
  const [, size = "", effects = ""] = await Promise.all(files.map((file) => readFile(file, "utf8")));
  for (const words of ["80,000", "files in the repository (logarithmic)", "coppice", "git, scripted", "10 s", "10 ms"])
    expect(size).toContain(words);
  expect(effects).toContain("effects in the fan-out (logarithmic)");
  expect(effects).not.toContain("es-git");
});

test("a plot escapes its words and moves apart labels that would overlap", () => {
  const words = { title: `a < b & "c"`, xLabel: "x", yLabel: "y", xTicks: [1, 10], xText: String, yText: String };
  const series = ["first", "second", "third"].map((label, look) => ({
    label,
    look,
    points: [
      { x: 1, y: 5 },
      { x: 10, y: 5 },
    ],
  }));
  const svg = plotSvg({ ...words, series });
  expectWellFormed(svg);
  expect(svg).toContain("a &lt; b &amp; &quot;c&quot;");
  const heights = [...svg.matchAll(/<text x="598" y="([\d.]+)"/g)].map(([, y]) => Number(y));
  expect(heights).toHaveLength(3);
  for (let i = 1; i < 3; i++) expect((heights[i] as number) - (heights[i - 1] as number)).toBeGreaterThanOrEqual(14);
});

test("a report of nothing is answered with what to type", async () => {
  const folder = await temporaryFolder("nothing");
  const args = [
    "--import",
    "tsx",
    join(projectFolder, "bench/main.ts"),
    "report",
    "--from",
    folder,
    "--to",
    join(folder, "x.md"),
  ];
  const ended = await runProgram(process.execPath, args, { cwd: projectFolder });
  expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
  expect(ended.stderr).toMatch(/^bench: no saved runs in .*--save\n$/);
});

/** Every tag is closed in turn, every attribute quoted, every & the start of an entity, and no number is missing. */
function expectWellFormed(svg: string): void {
  const open: string[] = [];
  const rest = svg.replace(
    /<(\/?)([a-z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g,
    (_, close, name, _attributes, empty) => {
      if (close) expect(open.pop()).toBe(name);
      else if (!empty) open.push(name);
      return "";
    },
  );
  expect(open).toEqual([]);
  expect(rest).not.toMatch(/[<>]|&(?!(amp|lt|gt|quot);)/);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
}
