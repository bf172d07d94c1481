// Starts the program that walks the effects, and reads what it acknowledged.
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { World } from "./world.js";

const program = fileURLToPath(new URL("./program/walk.mjs", import.meta.url));
export const runId = "faults";
/** Against a hang: a walk takes about half a second. */
const hangMs = 60_000;

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
}

export interface Refused {
  readonly refused: string;
  readonly during: "open" | "walk" | "close";
  readonly message: string;
}

export interface Walked {
  readonly ended: { readonly exitCode: number | null; readonly signal: string | null; readonly hung: boolean };
  /** Of this walk alone. */
  readonly acknowledged: readonly Acknowledged[];
  /** What the product refused as a whole: codes of its errors. */
  readonly refused: readonly Refused[];
  /** It came to its own end. */
  readonly finished: boolean;
  readonly said: string;
}

let walks = 0;

export async function walk(world: World, { env = {}, wrapper = [], ...order }: WalkOrder = {}): Promise<Walked> {
  const log = join(world.folder, `acknowledged-${++walks}`);
  const argument = JSON.stringify({ repository: world.repository, baseOid: world.baseOid, runId, log, ...order });
  const [command = "", ...args] = [...wrapper, process.execPath, program, argument];
  const ended = await run(command, args, { ...process.env, ...env });
  const lines = (await readFile(log, "utf8").catch(() => "")).split("\n").filter((line) => line !== "");
  const entries = lines.map((line) => JSON.parse(line) as Acknowledged | Refused | { ended: true });
  return {
    ended,
    acknowledged: entries.filter((entry) => "effectId" in entry),
    refused: entries.filter((entry) => "refused" in entry),
    finished: entries.some((entry) => "ended" in entry),
    said: ended.said,
  };
}

function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Walked["ended"] & { said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    let hung = false;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        said = (said + text).slice(-4_000);
      });
    const limit = setTimeout(() => {
      hung = true;
      child.kill("SIGKILL");
    }, hangMs);
    child.on("error", reject);
    // Not "close": a child of a task that outlives it holds the pipes.
    child.on("exit", (exitCode, signal) => {
      clearTimeout(limit);
      resolve({ exitCode, signal, hung, said });
    });
  });
}
