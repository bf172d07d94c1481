// One picture of a run, as lines: a bar, the counts, and a line for each effect that is in a worktree.

import type { OutcomeKind } from "../effect/effect.js";
import { clip } from "./clip.js";
import { duration } from "./duration.js";
import type { EffectProgress, Phase, ProgressState } from "./progress-state.js";
import { outcomeStyles, type Paint } from "./style.js";
import { tallyLine } from "./tally.js";

const widestBar = 32;
const narrowestBar = 8;
/** What stands beside the bar. */
const besideBar = 60;
const spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const framesPerSecond = 12;
const phaseNames: Record<Phase, string> = { setup: "setup", ready: "ready", running: "running", snapshot: "saving" };
const maxIdWidth = 32;

export interface FrameOptions {
  /** Milliseconds since the epoch: of the beginning, and of this picture. */
  start: number;
  now: number;
  /** Lines, and characters a line, at most. */
  height: number;
  width: number;
  /** How many effects there will be, where that is known; else as many as were asked for. */
  total: number | null;
  paint: Paint;
}

export function frame(state: ProgressState, options: FrameOptions): string[] {
  const { height, width, paint } = options;
  const lines = [headline(state, options)];
  if (state.settled > 0) lines.push(`  ${tallyLine(state.tally, paint)}  ${paint("dim", tipOf(state))}`);
  lines.push(...effectLines(state, height - lines.length, options));
  return lines.map((line) => clip(line, width));
}

function headline(state: ProgressState, { start, now, width, total, paint }: FrameOptions): string {
  const turn = spinner[Math.floor(((now - start) / 1000) * framesPerSecond) % spinner.length] ?? "";
  const all = Math.max(total ?? 0, state.requested);
  const barWidth = Math.max(narrowestBar, Math.min(widestBar, width - besideBar));
  // Removing the pool takes its time when the repository is large.
  const doing =
    all > 0 && state.settled === all
      ? ["putting the worktrees away"]
      : [`${state.active.size} in worktrees`, `${state.waiting} waiting`, `${state.landing} to land`];
  const rest = paint("dim", [...doing, duration(now - start)].join(" · "));
  return `${paint("cyan", turn)} ${bar(state, all, barWidth, paint)} ${paint("bold", `${state.settled}/${all}`)}  ${rest}`;
}

function tipOf({ tip }: ProgressState): string {
  return tip === null ? "" : `${tip.target} is at ${tip.oid.slice(0, 10)}`;
}

function effectLines(state: ProgressState, room: number, { now, paint }: FrameOptions): string[] {
  const effects = [...state.active.values()];
  const shown = effects.length <= room ? effects : effects.slice(0, Math.max(0, room - 1));
  const idWidth = Math.min(maxIdWidth, Math.max(0, ...shown.map(({ effectId }) => effectId.length)));
  const lines = shown.map((effect) => effectLine(effect, idWidth, now, paint));
  const left = effects.length - shown.length;
  return left === 0 || room < 1 ? lines : [...lines, paint("dim", `  … and ${left} more`)];
}

/** Settled effects in the colours of their outcomes, the rest as a thin line. */
function bar(state: ProgressState, total: number, width: number, paint: Paint): string {
  let painted = "";
  let settled = 0;
  let filled = 0;
  for (const kind of Object.keys(outcomeStyles) as OutcomeKind[]) {
    settled += state.tally[kind];
    const upTo = total === 0 ? 0 : Math.round((settled / total) * width);
    painted += paint(outcomeStyles[kind].format, "━".repeat(upTo - filled));
    filled = upTo;
  }
  return painted + paint("dim", "─".repeat(width - filled));
}

function effectLine(effect: EffectProgress, idWidth: number, now: number, paint: Paint): string {
  const { effectId, worktree, phase, since, detail } = effect;
  const id = (effectId.length > idWidth ? `${effectId.slice(0, idWidth - 1)}…` : effectId).padEnd(idWidth);
  const time = duration(Math.max(0, now - since)).padStart(6);
  const what = phase === "running" || phase === "setup" ? detail : "";
  return `  ${paint("dim", worktree.padEnd(3))} ${id} ${phaseNames[phase].padEnd(7)} ${time}  ${paint("dim", what)}`.trimEnd();
}
