// What passes between a runner and the thread or process in which a module task runs: a handful of plain messages, the
// same over a MessagePort and over a child's IPC channel. Values travel as JSON text: checked once, where they are made.

import type { Conflict } from "../effect/effect.js";
import type { ErrorRecord } from "../errors.js";

/** The first message, once a run. */
export interface StartMessage {
  readonly kind: "start";
  readonly effectId: string;
  readonly runId: string;
  readonly attempt: number;
  readonly conflicts: readonly Conflict[];
  readonly verifies: readonly string[];
  readonly path: string;
  /** `file:` URL. */
  readonly module: string;
  readonly export: string;
  readonly input: string | null;
  readonly valueBytes: number;
  readonly graceMs: number;
  /** Set while the task runs, and put back after it. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The soft signal. */
export interface AbortMessage {
  readonly kind: "abort";
  readonly error: ErrorRecord;
}

export type MessageToTask = StartMessage | AbortMessage;

export type MessageFromTask =
  /** The task begins: its time counts from here. */
  | { readonly kind: "started"; readonly threadId: number }
  | { readonly kind: "progress"; readonly value: string }
  | { readonly kind: "output"; readonly stream: "stdout" | "stderr"; readonly text: string }
  | LastMessage;

/** How the task settled. */
export type SettledTask =
  | { readonly kind: "value"; readonly value: string | null }
  | { readonly kind: "failed"; readonly error: ErrorRecord };

/** Ends a run, once. */
export type LastMessage = SettledTask & {
  /**
   * False: the task left timers, requests or handles open, and would go on working in a folder that is no longer its
   * own. The thread or process must end.
   */
  readonly quiet: boolean;
};
