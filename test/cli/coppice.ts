// The command as people start it: the built one, in a process of its own.

import { commandLine } from "../support/built.js";
import { type Ended, type ProgramOptions, runProgram } from "../support/program.js";

export function coppice(args: readonly string[], options: ProgramOptions): Promise<Ended> {
  return runProgram(process.execPath, [commandLine, ...args], options);
}

/** The last line of standard output. */
export function lastJson({ stdout }: Ended): unknown {
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) as string);
}
