// What the native side rejects with -> CoppiceError. The words come from native/git/failure.h;
// test/git/convert-error.test.ts keeps both lists equal.

import { CoppiceError, type ErrorCode, type ErrorDetails, errorTable } from "../errors.js";

export const codeOfFailure = {
  CANCELLED: "ERR_ABORTED",
  CLOSED: "ERR_CLOSED",
  DEADLINE: "ERR_TIMEOUT",
  NOT_A_REPOSITORY: "ERR_NOT_A_REPOSITORY",
  UNSUPPORTED_REPOSITORY: "ERR_UNSUPPORTED_REPOSITORY",
  NOT_FOUND: "ERR_NOT_FOUND",
  INVALID: "ERR_INVALID",
  EXISTS: "ERR_EXISTS",
  MOUNTED: "ERR_MOUNTED",
  LOCKED: "ERR_LOCKED",
  CORRUPT: "ERR_CORRUPT",
  UNSAFE_PATH: "ERR_UNSAFE_PATH",
  UNSUPPORTED_FILTER: "ERR_FILTER_UNSUPPORTED",
  LIMIT: "ERR_LIMIT",
  NO_SPACE: "ERR_NO_SPACE",
  SYSTEM: "ERR_NATIVE",
  LIBGIT2: "ERR_NATIVE",
} as const satisfies Record<string, ErrorCode>;

type FailureWord = keyof typeof codeOfFailure;

/** A rejection of native/binding: an Error with these properties. */
export interface NativeFailure extends Error {
  code: FailureWord;
  /** errno, libgit2's return code, or 0. */
  number: number;
  /** libgit2's error class, or 0. */
  class: number;
  operation: string;
  /** Empty when it was about no path. */
  path: string;
}

/** The place in the caller's code, taken before the work leaves its thread: afterwards there is no stack to look at. */
export interface Caller {
  stack: string;
}

/** @param above this function and all that it called are left out */
export function captureCaller(above: (...args: never[]) => unknown): Caller {
  const caller = { stack: "" };
  Error.captureStackTrace(caller, above);
  return caller;
}

export function isNativeFailure(error: unknown): error is NativeFailure {
  return error instanceof Error && "code" in error && typeof error.code === "string" && error.code in codeOfFailure;
}

/** Anything that is not from native/binding is a fault of ours and passes unchanged. */
export function convertError(error: unknown, caller: Caller): unknown {
  if (!isNativeFailure(error)) return error;
  return errorFor(codeOfFailure[error.code], sentence(error), caller, { cause: error, details: details(error) });
}

/** A CoppiceError with the remedy in its message and the caller's stack. */
export function errorFor(
  code: ErrorCode,
  what: string,
  caller: Caller,
  options: { cause?: unknown; details?: ErrorDetails },
): CoppiceError {
  const error = new CoppiceError(code, `${what}. ${errorTable[code].remedy}`, options);
  error.stack = `${error.name}: ${error.message}${framesOf(caller)}`;
  return error;
}

function sentence({ operation, message, path }: NativeFailure): string {
  return `${operation}: ${message}${path === "" ? "" : `: ${path}`}`;
}

function details({ operation, path, number }: NativeFailure): ErrorDetails {
  return { operation, ...(path === "" ? {} : { path }), ...(number === 0 ? {} : { number }) };
}

function framesOf(caller: Caller): string {
  const first = caller.stack.indexOf("\n    at ");
  return first < 0 ? "" : caller.stack.slice(first);
}
