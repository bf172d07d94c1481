// What a run looks like at this moment, gathered from the manager's events and nothing else.

import { stripVTControlCharacters } from "node:util";
import type { EventName, Events } from "../events.js";
import { emptyTally, type Tally } from "./tally.js";

/** What has events: a WorktreeManager. */
export interface EventSource {
  on<Name extends EventName>(name: Name, listener: (event: Events[Name]) => void): () => void;
}

/** "setup": its worktree is being made ready. "ready": it has a worktree and waits for a free thread or process. */
export type Phase = "setup" | "ready" | "running" | "snapshot";

export interface EffectProgress {
  readonly effectId: string;
  readonly worktree: string;
  /** Milliseconds since the epoch: of the lease, then of the task's start. */
  since: number;
  phase: Phase;
  /** The task's last progress value, or the last line of its output. */
  detail: string;
}

const maxDetail = 200;

export class ProgressState {
  /** In a worktree now, in the order in which they came to it. */
  readonly active = new Map<string, EffectProgress>();
  readonly #waiting = new Set<string>();
  readonly #landing = new Set<string>();
  readonly tally: Tally = emptyTally();
  settled = 0;
  /** The target as it last landed. */
  tip: { target: string; oid: string } | null = null;

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Snapshotted, and waiting for its turn to merge and land. */
  get landing(): number {
    return this.#landing.size;
  }

  get requested(): number {
    return this.settled + this.#waiting.size + this.active.size + this.#landing.size;
  }

  /** Follows a manager; gives back what ends that. */
  follow(source: EventSource): () => void {
    const stops = [
      source.on("effect:requested", ({ effectId }) => this.#waiting.add(effectId)),
      source.on("effect:acquired", ({ effectId, worktree, time }) => {
        this.#waiting.delete(effectId);
        this.active.set(effectId, { effectId, worktree, since: time, phase: "ready", detail: "" });
      }),
      source.on("setup:started", ({ effectId, worktree, time }) => {
        this.#waiting.delete(effectId);
        this.active.set(effectId, { effectId, worktree, since: time, phase: "setup", detail: "" });
      }),
      source.on("setup:output", ({ effectId, text }) => this.#note(effectId, lastLine(text))),
      source.on("task:started", ({ effectId, time }) => this.#enter(effectId, "running", time)),
      source.on("task:progress", ({ effectId, value }) => this.#note(effectId, describe(value))),
      source.on("task:output", ({ effectId, text }) => this.#note(effectId, lastLine(text))),
      source.on("task:ended", ({ effectId, time }) => this.#enter(effectId, "snapshot", time)),
      source.on("effect:snapshotted", ({ effectId }) => {
        this.active.delete(effectId);
        this.#landing.add(effectId);
      }),
      source.on("target:landed", ({ target, newOid }) => {
        this.tip = { target, oid: newOid };
      }),
      source.on("effect:rerun", ({ effectId }) => {
        this.#landing.delete(effectId);
        this.#waiting.add(effectId);
      }),
      source.on("effect:settled", ({ effectId, outcome }) => {
        this.#waiting.delete(effectId);
        this.active.delete(effectId);
        this.#landing.delete(effectId);
        this.tally[outcome.kind]++;
        this.settled++;
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  #enter(effectId: string, phase: Phase, time: number): void {
    const effect = this.active.get(effectId);
    if (effect === undefined) return;
    effect.phase = phase;
    effect.since = time;
  }

  #note(effectId: string, detail: string): void {
    const effect = this.active.get(effectId);
    if (effect !== undefined && detail !== "") effect.detail = detail;
  }
}

function describe(value: unknown): string {
  return oneLine(typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
}

function lastLine(text: string): string {
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== "");
  return oneLine(lines.at(-1) ?? "");
}

/** A task's text must not move the cursor or change colours. */
function oneLine(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\p{Cc}+/gu, " ")
    .trim()
    .slice(0, maxDetail);
}
