// Whether the process that wrote a file lives still. The SDK names its writer by a number, which the system gives again: to the process
// of a container that is started anew, to any other, and on Linux to a thread.

import { readFile } from "node:fs/promises";

/** Of Linux, whatever the kernel's own clock does: the unit of /proc. */
const ticksPerSecond = 100;
/** How far the times that are compared may be apart for one and the same moment. */
const toleranceMs = 2_000;

/**
 * False: the process is gone, or the one that has its number now began after the file was written. When in doubt it lives.
 * @param writtenAt milliseconds since the epoch
 */
export async function writerLives(pid: number, writtenAt: number): Promise<boolean> {
  if (pid === process.pid) return writtenAt >= Date.now() - process.uptime() * 1000;
  if (!hasNumber(pid)) return false;
  const began = await beganAt(pid);
  return began === null || writtenAt >= began - toleranceMs;
}

function hasNumber(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Milliseconds since the epoch; infinite for a thread, which writes under its process's number. Null: it cannot be told here. */
async function beganAt(pid: number): Promise<number | null> {
  const read = (path: string) => readFile(path, "utf8").catch(() => null);
  const [status, stat, system] = await Promise.all([
    read(`/proc/${pid}/status`),
    read(`/proc/${pid}/stat`),
    read("/proc/stat"),
  ]);
  const processOf = /^Tgid:\s*(\d+)$/m.exec(status ?? "")?.[1];
  if (processOf !== undefined && Number(processOf) !== pid) return Number.POSITIVE_INFINITY;
  const bootSeconds = Number(/^btime (\d+)$/m.exec(system ?? "")?.[1] ?? Number.NaN);
  // Behind the command, which is in brackets and may hold anything, the start is the twentieth field.
  const ticks = Number(stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? Number.NaN);
  const began = (bootSeconds + ticks / ticksPerSecond) * 1000;
  return Number.isFinite(began) ? began : null;
}
