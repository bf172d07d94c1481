// A ref that cannot be read until the test says so: a named pipe in place of a loose ref. A native call that resolves
// it stands still inside the system call, without sleeps and without entry points made for tests. Linux only.
//
//   const gate = await addGate(repository.path);
//   const reading = git.resolve({ name: gate.ref });
//   await gate.reached();   // a native thread stands at the gate
//   await gate.open();      // reading now rejects: the ref is empty
import { execFile } from "node:child_process";
import { open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";

export interface Gate {
  readonly ref: string;
  /** Waits until a native thread of this process stands in the opening of a file, which only a gate makes it do. */
  reached(): Promise<void>;
  /** Waits until a call stands at the gate, and lets it through. */
  open(): Promise<void>;
}

export async function addGate(repositoryPath: string, name = "gate"): Promise<Gate> {
  const ref = `refs/heads/${name}`;
  const path = join(repositoryPath, ".git", ref);
  await promisify(execFile)("mkfifo", [path]);
  return {
    ref,
    async reached() {
      while (!(await nativeThreads()).some(({ systemCall }) => systemCall === openat)) await setImmediate();
    },
    async open() {
      await (await open(path, "w")).close();
    },
  };
}

const openat = { x64: "257", arm64: "56" }[process.arch as string];

/** The threads of this process that the addon has started, and the number of the system call each stands in. */
export async function nativeThreads(): Promise<{ systemCall: string | undefined }[]> {
  const tasks = await readdir("/proc/self/task");
  const threads = await Promise.all(
    tasks.map(async (task) => ({ name: await ofTask(task, "comm"), call: await ofTask(task, "syscall") })),
  );
  return threads.filter(({ name }) => name === "coppice").map(({ call }) => ({ systemCall: call.split(" ")[0] }));
}

async function ofTask(task: string, file: string): Promise<string> {
  // A thread may end between the listing and the reading.
  const text = await readFile(`/proc/self/task/${task}/${file}`, "utf8").catch(() => "");
  return text.trim();
}
