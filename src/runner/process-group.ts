// A child process with all that it started: one process group, signalled as a whole. A child that makes itself a leader
// of another group (setsid, a daemon) is not in it; what such a process does beneath a worktree is found elsewhere.
// Windows has no groups: there only the leader is ended.

import { readdir, readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";

const hasGroups = process.platform !== "win32";
const pollMs = 10;
/** After SIGKILL nothing survives but what sleeps uninterruptibly in the kernel. */
const killMs = 5_000;

export class ProcessGroup {
  readonly #leader: number;

  /** @param leader process ID of a child that was started with `detached` */
  constructor(leader: number) {
    this.#leader = leader;
  }

  /** False: there is nobody left to get it. */
  signal(name: NodeJS.Signals | 0): boolean {
    try {
      return process.kill(hasGroups ? -this.#leader : this.#leader, name);
    } catch (error) {
      // EPERM: somebody is there who runs as another user.
      return (error as NodeJS.ErrnoException).code === "EPERM";
    }
  }

  /** Asks, and `graceMs` later kills. False: somebody cannot be killed. */
  async end(graceMs: number): Promise<boolean> {
    this.signal("SIGTERM");
    if (await this.#goneWithin(graceMs)) return true;
    return this.kill();
  }

  /** False: somebody cannot be killed. */
  async kill(): Promise<boolean> {
    this.signal("SIGKILL");
    return this.#goneWithin(killMs);
  }

  /** Whether anybody of the group runs besides its leader. */
  async hasOthers(): Promise<boolean> {
    return (await members(this.#leader)).some((pid) => pid !== this.#leader);
  }

  async #goneWithin(limitMs: number): Promise<boolean> {
    const limit = performance.now() + limitMs;
    while (await this.#isAlive()) {
      if (performance.now() >= limit) return false;
      await wait(pollMs);
    }
    return true;
  }

  /** A zombie takes signals, and lives on where process 1 reaps nobody (in a container): only /proc tells. */
  async #isAlive(): Promise<boolean> {
    if (!this.signal(0)) return false;
    return process.platform !== "linux" || (await members(this.#leader)).length > 0;
  }
}

/** Process IDs in the group that are not dead; where there is no /proc: none. */
async function members(group: number): Promise<number[]> {
  const names = await readdir("/proc").catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const belongs = await Promise.all(pids.map((pid) => isAliveIn(group, pid)));
  return pids.filter((_, index) => belongs[index]);
}

async function isAliveIn(group: number, pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "");
  // pid (name) state ppid pgrp ...: the name may hold anything, brackets and blanks too.
  const [state, , pgrp] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(pgrp) === group && state !== "Z" && state !== "X";
}
