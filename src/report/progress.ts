// Progress while effects run: a live picture on a terminal, one plain line for each effect that settles elsewhere.
//   const progress = showProgress(manager, { total: requests.length });
//   try { ... } finally { progress.close(); }

import type { WriteStream } from "node:tty";
import type { Outcome } from "../effect/effect.js";
import type { Events } from "../events.js";
import { duration } from "./duration.js";
import { frame } from "./frame.js";
import { LiveArea } from "./live-area.js";
import { type EventSource, ProgressState } from "./progress-state.js";
import { recoveryLine } from "./recovery-table.js";
import { repositoryLines } from "./repository-lines.js";
import { outcomeStyles, type Paint, paintFor } from "./style.js";

export interface ProgressOptions {
  /** Standard error when absent. */
  stream?: NodeJS.WritableStream;
  /** How many effects there will be, where that is known. */
  total?: number;
}

export interface Progress {
  /** A line of your own, above the live picture. */
  say(line: string): void;
  close(): void;
}

const redrawMs = 80;

export function showProgress(source: EventSource, options: ProgressOptions = {}): Progress {
  const { stream = process.stderr, total = null } = options;
  const paint = paintFor(stream);
  const live = (stream as Partial<WriteStream>).isTTY === true && process.env.TERM !== "dumb";
  return live ? showLive(source, stream as WriteStream, total, paint) : showLines(source, stream, total, paint);
}

function showLive(source: EventSource, stream: WriteStream, total: number | null, paint: Paint): Progress {
  const state = new ProgressState();
  const area = new LiveArea(stream);
  const start = Date.now();
  const overlap = overlapLines(paint);
  const draw = (above: readonly string[] = []) =>
    area.draw(frame(state, { start, now: Date.now(), height: area.height, width: area.width, total, paint }), above);
  const stops = [
    state.follow(source),
    source.on("warning", ({ message }) => draw([warning(message, paint)])),
    source.on("operation:slow", (slow) => draw([warning(slowLine(slow), paint)])),
    source.on("effects:overlap", (event) => draw(overlap(event))),
    source.on("recovered", ({ recovery }) => draw([recoveryLine(recovery, paint)])),
    source.on("repository:changed", (event) => draw(repositoryLines(event, paint))),
  ];
  const timer = setInterval(draw, redrawMs);
  // A picture must not keep a process alive.
  timer.unref();
  return {
    say: (line) => draw([line]),
    close: () => {
      clearInterval(timer);
      for (const stop of stops) stop();
      area.close();
    },
  };
}

function showLines(source: EventSource, stream: NodeJS.WritableStream, total: number | null, paint: Paint): Progress {
  let settled = 0;
  const overlap = overlapLines(paint);
  const say = (line: string) => void stream.write(`${line}\n`);
  const stops = [
    source.on("effect:settled", ({ outcome }) => {
      settled++;
      say(
        `${total === null ? settled : `${String(settled).padStart(String(total).length)}/${total}`} ${settledLine(outcome, paint)}`,
      );
    }),
    source.on("warning", ({ message }) => say(warning(message, paint))),
    source.on("operation:slow", (slow) => say(warning(slowLine(slow), paint))),
    source.on("effects:overlap", (event) => {
      for (const line of overlap(event)) say(line);
    }),
    source.on("recovered", ({ recovery }) => say(recoveryLine(recovery, paint))),
    source.on("repository:changed", (event) => {
      for (const line of repositoryLines(event, paint)) say(line);
    }),
  ];
  return {
    say,
    close: () => {
      for (const stop of stops) stop();
    },
  };
}

function settledLine(outcome: Outcome, paint: Paint): string {
  const { mark, format } = outcomeStyles[outcome.kind];
  const files = `${outcome.changes.length} ${outcome.changes.length === 1 ? "file" : "files"}`;
  return `${paint(format, `${mark} ${outcome.kind.padEnd(10)}`)} ${outcome.effectId}  ${files}, ran ${duration(outcome.timings.runMs)}`;
}

/** One line for a pair: what two effects both write is mostly more than one file. */
function overlapLines(paint: Paint): (event: Events["effects:overlap"]) => string[] {
  const told = new Set<string>();
  return ({ path, effectIds }) => {
    const pair = effectIds.join(" and ");
    if (told.has(pair)) return [];
    told.add(pair);
    return [warning(`${pair} have both changed ${path}: they may come to be in conflict`, paint)];
  };
}

function slowLine({ operation, path, elapsedMs }: Events["operation:slow"]): string {
  return `${operation} in ${path} has taken ${duration(elapsedMs)} and goes on: the disk does not answer, or somebody holds a lock`;
}

function warning(message: string, paint: Paint): string {
  return `${paint("yellow", "!")} ${message}`;
}
