// The two pictures of the report: cost of an effect by the size of the repository, and by the number of effects.
import { peerNames, peers } from "./peers.js";
import type { Plot, Series } from "./plot.js";
import type { PeerFigures } from "./reading.js";
import type { Result } from "./result.js";
import type { PeerName } from "./trial.js";

const plottedFiles = 20_000;

/** From the `scaling` run. Warm, and for peers that know no warm state what they take. Null: nothing to draw. */
export function sizePlot(results: readonly Result[]): Plot | null {
  const rows = results.filter(({ trial }) => trial === "scaling").flatMap((result) => result.peers);
  const points = rows.map((row) => ({ row, x: row.files, y: row.warmWallMs ?? row.coldWallMs }));
  return plotOf(points, {
    title: "Cost of an effect by the size of the repository, warm",
    xLabel: "files in the repository (logarithmic)",
    xText: (x) => x.toLocaleString("en"),
  });
}

/** From the `fan-out` runs at one size: the whole fan-out from nothing, by effect. Null: nothing to draw. */
export function effectsPlot(results: readonly Result[]): Plot | null {
  const runs = results.filter(({ trial, files }) => trial === "fan-out" && files === plottedFiles);
  const points = runs.flatMap((result) =>
    result.peers.map((row) => ({
      row,
      x: Number(result.effects),
      y: row.peer === "floor" ? row.warmWallMs : row.coldWallMs,
    })),
  );
  return plotOf(points, {
    title: `Cost of an effect by their number, cold, ${plottedFiles.toLocaleString("en")} files`,
    xLabel: "effects in the fan-out (logarithmic)",
    xText: (x) => x.toLocaleString("en"),
  });
}

interface Point {
  row: PeerFigures;
  x: number;
  y: number | null;
}

function plotOf(points: readonly Point[], words: Pick<Plot, "title" | "xLabel" | "xText">): Plot | null {
  const series = peerNames.map((peer) => seriesOf(peer, points)).filter((each) => each.points.length > 0);
  const xTicks = [...new Set(series.flatMap((each) => each.points.map(({ x }) => x)))].sort((a, b) => a - b);
  if (series.length === 0) return null;
  return { ...words, yLabel: "wall time of an effect (logarithmic)", yText: duration, xTicks, series };
}

function seriesOf(peer: PeerName, points: readonly Point[]): Series {
  const own = points.flatMap(({ row, x, y }) => (row.peer === peer && y !== null && y > 0 ? [{ x, y }] : []));
  return {
    label: peers[peer].label,
    look: peerNames.indexOf(peer),
    points: own.sort((a, b) => a.x - b.x),
    strong: peer === "ours",
  };
}

function duration(ms: number): string {
  return ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`;
}
