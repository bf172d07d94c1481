// Somebody who holds a lock of git's: a process that has made the file and keeps it open, or nobody any more.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";

const bytes = "somebody's\n";
/** Exclusively, as git makes it; it goes when somebody says so. */
const script = `set -C; printf "somebody's\\n" >"$1" || exit 1; exec 3>>"$1"; echo held; read -r word; exec 3>&-; rm "$1"`;

export interface Holder {
  /** Null: nobody is alive. */
  readonly pid: number | null;
  /** Lets go of the lock; of a dead owner's, as a person does it who has looked. */
  release(): Promise<void>;
}

export async function hold(lock: string): Promise<Holder> {
  await mkdir(dirname(lock), { recursive: true });
  const child = spawn("sh", ["-c", script, "sh", lock], { stdio: ["pipe", "pipe", "inherit"] });
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  if (said.toString() !== "held\n") throw new Error(`the lock ${lock} could not be held`);
  const ended = once(child, "exit");
  return {
    pid: child.pid ?? null,
    async release() {
      child.stdin.end("go\n");
      await ended;
    },
  };
}

export async function leaveBehind(lock: string): Promise<void> {
  await mkdir(dirname(lock), { recursive: true });
  await writeFile(lock, bytes, { flag: "wx" });
}

/** Everything by which one could tell that somebody has touched it. */
export async function faceOf(lock: string): Promise<unknown> {
  const { ino, dev, mode, size, mtimeNs } = await stat(lock, { bigint: true });
  return { ino, dev, mode, size, mtimeNs, text: await readFile(lock, "utf8") };
}

export async function isUntouched(lock: string, face: unknown): Promise<boolean> {
  return isDeepStrictEqual(await faceOf(lock).catch(() => null), face);
}
