// A result for people: a line for each peer, then the figures.
import { columns, type Row } from "./columns.js";
import { peers } from "./peers.js";
import type { PeerFigures } from "./reading.js";
import type { Result } from "./result.js";

export function resultTable(result: Result, question: string): string {
  const heads = ["peer", "files", "run", "cold ms", "cold CPU", "warm ms", "warm CPU"];
  const rows = result.peers.map(peerRow);
  const errors = result.peers.filter(({ error }) => error !== null);
  return [
    `${result.trial}: ${question}`,
    `${result.repository}, concurrency ${result.concurrency}; milliseconds per effect or operation, medians`,
    "",
    ...columns([heads, ...rows], { text: 1 }),
    ...errors.map(({ peer, error }) => `${peers[peer].label}: ${error}`),
    "",
    ...columns(figureRows(result), { text: 1 }),
  ].join("\n");
}

export function peerRow(figures: PeerFigures): Row {
  const { peer, files, effectsRun, error } = figures;
  if (error !== null) return [peers[peer].label, String(files), "-", "-", "-", "-", "-"];
  const times = [figures.coldWallMs, figures.coldCpuMs, figures.warmWallMs, figures.warmCpuMs];
  return [peers[peer].label, String(files), String(effectsRun), ...times.map(shown)];
}

/** Three digits. */
export function shown(value: number | null | undefined): string {
  if (value == null) return "-";
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

const said = new Set([
  "trial",
  "repository",
  "concurrency",
  "peers",
  "date",
  "commit",
  "modified",
  "machine",
  "versions",
]);

function figureRows(result: Result): Row[] {
  return Object.entries(result)
    .filter(([name, value]) => !said.has(name) && value !== null)
    .map(([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : String(value)]);
}
