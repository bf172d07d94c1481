// What was made to end: it is waited for, since its files are read next, but not for ever. What is still there then (a
// thread in a system call that does not return, a process in uninterruptible sleep, a function) is abandoned.

import { CoppiceError, type ErrorDetails } from "../errors.js";

/** Threads and processes are gone within milliseconds of being killed; more means that they cannot go. */
const exitMs = 5_000;

/** Whether the promise settled in time. */
export async function endedWithin(ended: Promise<unknown>, limitMs = exitMs): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, limitMs, false);
  });
  const settled = ended.then(
    () => true,
    () => true,
  );
  const inTime = await Promise.race([settled, late]);
  clearTimeout(timer);
  return inTime;
}

/** Marks the run for `isAbandoned`: its worktree must be retired. */
export function abandonedError(effectId: string, what: string, details: ErrorDetails = {}): CoppiceError {
  const message = `the ${what} of effect "${effectId}" did not end after its grace period and may still write: its worktree is retired`;
  return new CoppiceError("ERR_TASK_LOST", message, { details: { ...details, abandoned: true } });
}
