// Starts the program that walks the effects, and reads what it acknowledged.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Ended, runProgram } from "./run-program.js";
import type { World } from "./world.js";

const program = fileURLToPath(new URL("./program/walk.mjs", import.meta.url));
export const runId = "faults";
const otherRunId = "other";

export interface CallPoint {
  readonly call: string;
  readonly nth: number;
  readonly when: "before" | "after";
}

export interface WalkOrder {
  /** Where the process is to die. */
  arm?: CallPoint;
  /** A file for how often each native call was made. */
  report?: string;
  /** A build of the addon other than the product's. */
  addon?: string;
  env?: NodeJS.ProcessEnv;
  /** Put before the command: a tracer. */
  wrapper?: readonly string[];
  lockTimeoutMs?: number;
  /** One more effect, under a run ID of its own, instead of those that are always walked. */
  other?: boolean;
  /** The branch to land on; the one that is checked out when absent. */
  target?: string;
  /** When it has opened it waits until this file is there. */
  gate?: string;
  started?(pid: number): void;
}

/** An outcome as its caller was told of it. */
export interface Acknowledged {
  readonly effectId: string;
  readonly kind: string;
  readonly commitOid: string | null;
  readonly snapshotOid: string | null;
  readonly keptRef: string | null;
  /** Where work stays that no commit could be made of. */
  readonly keptWorktree: string | null;
  /** Paths that the landing could not write, as it told. */
  readonly displaced: readonly { readonly path: string; readonly keptPath: string | null }[];
  readonly replayed: boolean;
  readonly code: string | null;
  /** Of its error. */
  readonly message: string | null;
}

export interface Refused {
  readonly refused: string;
  readonly during: "open" | "kept" | "walk" | "close";
  readonly message: string;
}

/** A line of the log. */
type Entry =
  | Acknowledged
  | Refused
  | { ended: true }
  | { taskEnded: string }
  | { kept: readonly string[] | null }
  | { reverted: string };

export interface Walked {
  readonly ended: Ended;
  /** Of this walk alone. */
  readonly acknowledged: readonly Acknowledged[];
  /** Effects whose task had come to its end: from then on there is work to lose. */
  readonly tasksEnded: readonly string[];
  /** Effects with kept work when it had opened; null: it did not come as far. */
  readonly keptAtOpen: readonly string[] | null;
  /** Effects of which it told that somebody's commit has put them back. */
  readonly reverted: readonly string[];
  /** What the product refused as a whole: codes of its errors. */
  readonly refused: readonly Refused[];
  /** It came to its own end. */
  readonly finished: boolean;
  readonly said: string;
}

let walks = 0;

export async function walk(
  world: World,
  { env = {}, wrapper = [], started, ...order }: WalkOrder = {},
): Promise<Walked> {
  const log = join(world.folder, `acknowledged-${++walks}`);
  const { repository, baseOid } = world;
  const argument = JSON.stringify({ repository, baseOid, runId: order.other ? otherRunId : runId, log, ...order });
  const [command = "", ...args] = [...wrapper, process.execPath, program, argument];
  const ended = await runProgram(command, args, env, started === undefined ? {} : { started });
  const lines = (await readFile(log, "utf8").catch(() => "")).split("\n").filter((line) => line !== "");
  const entries = lines.map((line) => JSON.parse(line) as Entry);
  return {
    ended,
    acknowledged: entries.filter((entry) => "effectId" in entry),
    tasksEnded: entries.flatMap((entry) => ("taskEnded" in entry ? entry.taskEnded : [])),
    keptAtOpen: entries.find((entry) => "kept" in entry)?.kept ?? null,
    reverted: entries.flatMap((entry) => ("reverted" in entry ? entry.reverted : [])),
    refused: entries.filter((entry) => "refused" in entry),
    finished: entries.some((entry) => "ended" in entry),
    said: ended.said,
  };
}
