// Wall and CPU of a piece of work. CPU is that of this process, all native threads included, and of every child that it
// has waited for with all their descendants: a peer that starts git pays for git.
import { readFile } from "node:fs/promises";
import type { Measure } from "./trial.js";

/** Linux counts the time of children in these, whatever the kernel's own tick is. */
const ticksPerSecond = 100;

/** @param operations how many of them `work` does */
export async function measure(operations: number, work: () => Promise<unknown>): Promise<Measure> {
  const cpuBefore = await cpuMs();
  const start = performance.now();
  await work();
  const wallMs = performance.now() - start;
  return { operations, wallMs, cpuMs: (await cpuMs()) - cpuBefore };
}

async function cpuMs(): Promise<number> {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000 + (await childrenCpuMs());
}

/** To a hundredth of a second, so only sums over many children say something. 0 where there is no /proc. */
async function childrenCpuMs(): Promise<number> {
  const line = await readFile("/proc/self/stat", "utf8").catch(() => null);
  if (line === null) return 0;
  // The second field is the command in parentheses and may hold spaces.
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const [user, system] = [Number(fields[13]), Number(fields[14])];
  return ((user + system) * 1000) / ticksPerSecond;
}

export function perOperation({ operations, wallMs, cpuMs }: Measure): { wallMs: number; cpuMs: number } {
  return { wallMs: wallMs / operations, cpuMs: cpuMs / operations };
}
