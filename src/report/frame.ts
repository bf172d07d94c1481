// One picture of a run, as lines: a bar, the counts, and a line for each effect that is in a worktree.

import type { OutcomeKind } from "../effect/effect.js";
import { duration } from "./duration.js";
import type { EffectProgress, Phase, ProgressState } from "./progress-state.js";
import { outcomeStyles, type Paint } from "./style.js";
import { tallyLine } from "./tally.js";

const barWidth = 32;
const spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const framesPerSecond = 12;
const phaseNames: Record<Phase, string> = { ready: "waits", running: "running", snapshot: "saving" };
const maxIdWidth = 32;

export interface FrameOptions {
  /** Milliseconds since the epoch: of the beginning, and of this picture. */
  start: number;
  now: number;
  /** Lines at most. */
  height: number;
  /** How many effects there will be, where that is known; else as many as were asked for. */
  total: number | null;
  paint: Paint;
}

/** Lines may be wider than the terminal: whoever draws them turns wrapping off. */
export function frame(state: ProgressState, options: FrameOptions): string[] {
  const { start, now, height, paint } = options;
  const total = Math.max(options.total ?? 0, state.requested);
  const turn = spinner[Math.floor(((now - start) / 1000) * framesPerSecond) % spinner.length] ?? "";
  const counts = [`${state.active.size} in worktrees`, `${state.waiting} waiting`, `${state.landing} to land`];
  const lines = [
    `${paint("cyan", turn)} ${bar(state, total, paint)} ${paint("bold", `${state.settled}/${total}`)}  ${paint("dim", `${counts.join(" · ")} · ${duration(now - start)}`)}`,
  ];
  const tip = state.tip === null ? "" : paint("dim", `${state.tip.target} is at ${state.tip.oid.slice(0, 10)}`);
  if (state.settled > 0) lines.push(`  ${tallyLine(state.tally, paint)}  ${tip}`.trimEnd());
  const room = Math.max(0, height - lines.length);
  const effects = [...state.active.values()];
  const shown = effects.length <= room ? effects : effects.slice(0, Math.max(0, room - 1));
  const idWidth = Math.min(maxIdWidth, Math.max(0, ...shown.map(({ effectId }) => effectId.length)));
  lines.push(...shown.map((effect) => effectLine(effect, idWidth, now, paint)));
  if (shown.length < effects.length && room > 0)
    lines.push(paint("dim", `  … and ${effects.length - shown.length} more`));
  return lines;
}

/** Settled effects in the colours of their outcomes, the rest as a thin line. */
function bar(state: ProgressState, total: number, paint: Paint): string {
  let painted = "";
  let settled = 0;
  let filled = 0;
  for (const kind of Object.keys(outcomeStyles) as OutcomeKind[]) {
    settled += state.tally[kind];
    const upTo = total === 0 ? 0 : Math.round((settled / total) * barWidth);
    painted += paint(outcomeStyles[kind].format, "━".repeat(upTo - filled));
    filled = upTo;
  }
  return painted + paint("dim", "─".repeat(barWidth - filled));
}

function effectLine(effect: EffectProgress, idWidth: number, now: number, paint: Paint): string {
  const { effectId, worktree, phase, since, detail } = effect;
  const id = (effectId.length > idWidth ? `${effectId.slice(0, idWidth - 1)}…` : effectId).padEnd(idWidth);
  const time = duration(Math.max(0, now - since)).padStart(6);
  const what = phase === "running" ? detail : "";
  return `  ${paint("dim", worktree.padEnd(3))} ${id} ${phaseNames[phase].padEnd(7)} ${time}  ${paint("dim", what)}`.trimEnd();
}
