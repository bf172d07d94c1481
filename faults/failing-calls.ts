// A walk whose system calls are met by the library that lets them fail: those that create or change files of its repository or of
// its worktrees, counted from the start of the process.
import { readFile } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import type { WalkOrder } from "./walk.js";
import { walk } from "./walk.js";
import { copyWorld, type World } from "./world.js";

export type SystemError = "ENOSPC" | "EIO" | "EACCES" | "EMFILE" | "ENOMEM" | "EDQUOT";

export interface FailingCall {
  readonly nth: number;
  readonly act: "kill" | SystemError;
  /** Every call from this one on. */
  readonly ever?: boolean;
}

/** @param library from `failingCallsLibrary` */
export function meeting(library: string, world: World, { nth, act, ever = false }: FailingCall): WalkOrder {
  const number = act === "kill" ? "kill" : String(constants.errno[act]);
  const env = { COPPICE_CALLS_NTH: String(nth), COPPICE_CALLS_ACT: number, COPPICE_CALLS_EVER: ever ? "1" : "0" };
  return { env: { ...watching(library, world), ...env } };
}

/** The calls of a walk in which none fails: their names and paths, in their order. */
export async function callsOf(library: string, template: World, folder: string): Promise<string[]> {
  const world = await copyWorld(template, folder);
  const report = join(folder, "calls");
  await walk(world, { env: { ...watching(library, world), COPPICE_CALLS_REPORT: report } });
  return (await readFile(report, "utf8")).split("\n").filter((line) => line !== "");
}

function watching(library: string, { repository }: World): NodeJS.ProcessEnv {
  // The folder of the worktrees begins with the same name.
  return { LD_PRELOAD: library, COPPICE_CALLS_BELOW: repository };
}
