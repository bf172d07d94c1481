// What a trial gives back: the figures that its name promises, and what each peer took.
import { perOperation } from "./measure.js";
import type { Answer, TrialRun } from "./run-trial.js";
import { median, rounded } from "./statistics.js";
import type { Measure, PeerName, Sample, Settings } from "./trial.js";

export interface PeerFigures {
  peer: PeerName;
  files: number;
  /** Fewer than asked for where the peer is slow; its figures are per effect (or operation) all the same. */
  effectsRun: number;
  /** Milliseconds per effect; null: no such figure. */
  coldWallMs: number | null;
  coldCpuMs: number | null;
  warmWallMs: number | null;
  warmCpuMs: number | null;
  /** Of one run, when there are several: the least and the most. */
  warmWallRangeMs: readonly [number, number] | null;
  extra: Sample["extra"];
  error: string | null;
}

export interface Reading {
  /** Fixed names; null: a peer that it needs was not measured. */
  figures: Record<string, unknown>;
  peers: PeerFigures[];
}

export interface Trial {
  /** What it answers. */
  question: string;
  defaults: { files: number; effects: number; peers: readonly PeerName[] };
  /** The peers that know how. */
  peers: readonly PeerName[];
  take: (settings: Settings, run: TrialRun) => Promise<Reading>;
}

export function peerFigures(peer: PeerName, files: number, effectsRun: number, answer: Answer): PeerFigures {
  const none = { coldWallMs: null, coldCpuMs: null, warmWallMs: null, warmCpuMs: null, warmWallRangeMs: null };
  if (answer.error !== null) return { peer, files, effectsRun, ...none, extra: {}, error: answer.error };
  const cold = answer.cold && perOperation(answer.cold);
  const warm = medianMeasure(answer.warm);
  return {
    ...{ peer, files, effectsRun },
    ...{ coldWallMs: cold?.wallMs ?? null, coldCpuMs: cold?.cpuMs ?? null },
    ...{ warmWallMs: warm?.wallMs ?? null, warmCpuMs: warm?.cpuMs ?? null },
    warmWallRangeMs: rangeOf(answer.warm),
    extra: answer.extra,
    error: null,
  };
}

function medianMeasure(measures: readonly Measure[]): { wallMs: number; cpuMs: number } | null {
  if (measures.length === 0) return null;
  const each = measures.map(perOperation);
  return { wallMs: median(each.map(({ wallMs }) => wallMs)), cpuMs: median(each.map(({ cpuMs }) => cpuMs)) };
}

function rangeOf(measures: readonly Measure[]): [number, number] | null {
  if (measures.length < 2) return null;
  const each = measures.map((measure) => perOperation(measure).wallMs);
  return [Math.min(...each), Math.max(...each)];
}

/** Null where one side is not there. */
export function ratio(over: number | null | undefined, under: number | null | undefined): number | null {
  if (over == null || under == null || under === 0) return null;
  return rounded(over / under);
}

export function figure(value: number | null | undefined): number | null {
  return value == null || !Number.isFinite(value) ? null : rounded(value);
}

/** A number that a peer reports besides its times. */
export function extraOf(figures: PeerFigures | undefined, name: string): number | null {
  const value = figures?.extra[name];
  return typeof value === "number" ? value : null;
}
