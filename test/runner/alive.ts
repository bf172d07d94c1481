// Whether a process runs, for tests that must see one gone. A zombie is gone: process 1 of a container may reap nobody.
import { readFile } from "node:fs/promises";

export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "");
  return stat !== "" && stat.slice(stat.lastIndexOf(")") + 2)[0] !== "Z";
}
