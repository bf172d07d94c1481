// How a command that could not do its work says so. A CoppiceError is a message and a remedy; a stack is shown only for
// DEBUG=coppice, and for faults of our own.

import { CommanderError } from "commander";
import { CoppiceError, type ErrorCode, errorTable } from "../index.js";
import { paintFor } from "../report.js";

/** Wrong usage, or a repository that is refused: nothing was done. */
export const refusedExitCode = 2;
const failedExitCode = 1;

/** Errors that come after work has begun, or from the machine; every other code refuses what was asked. */
const failures: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "ERR_ABORTED",
  "ERR_CORRUPT",
  "ERR_LAND_CONTENDED",
  "ERR_LIMIT",
  "ERR_LOCKED",
  "ERR_NATIVE",
  "ERR_NO_SPACE",
  "ERR_TIMEOUT",
]);

/** Says what went wrong, and gives the exit code for it. */
export function exitCodeOf(error: unknown, { json }: { json: boolean }): number {
  // commander has printed its own message, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : refusedExitCode;
  if (!(error instanceof CoppiceError)) {
    console.error("coppice: an unexpected error, which is a fault of coppice itself:");
    console.error(error);
    return failedExitCode;
  }
  const { remedy } = errorTable[error.code];
  // Errors of the native side carry their remedy in the message.
  const advice = error.message.endsWith(remedy) ? "" : remedy;
  const message = advice === "" ? error.message : error.message.replace(/\.?$/, ".");
  console.error(`${paintFor(process.stderr)("red", "coppice:")} ${message} (${error.code})`);
  if (advice !== "") console.error(`  ${advice}`);
  if (process.env.DEBUG?.split(",").includes("coppice")) console.error(error);
  if (json) console.log(JSON.stringify({ error: { code: error.code, message: error.message, remedy } }));
  return failures.has(error.code) ? failedExitCode : refusedExitCode;
}

export function usageError(message: string): CoppiceError {
  return new CoppiceError("ERR_OPTION", message);
}
