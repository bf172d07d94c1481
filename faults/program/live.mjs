// Works while another process swaps the very folder it works in for a link that leads outside: makes, resets and snapshots worktrees, or
// lands into the main working tree. Its order is a JSON file, named by the first argument:
//   { repository, runId, cwd, addon, where: "worktree" | "main", folders, bases: [oid, oid], swapping, outside, swaps, report }
// `folders` are folders of both bases, with other files in each; one is worked in at a time. Tasks write by handles of files that they
// have opened before the swapping begins: else it would be them who get out.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { armAddon } from "./arm.mjs";

const order = JSON.parse(readFileSync(process.argv[2], "utf8"));
process.chdir(order.cwd);
armAddon(order);
const { isCoppiceError, WorktreeManager } = await import("../../dist/index.js");

const { repository, runId, bases, swapping } = order;
const ended = { attempts: 0, accepted: 0, refused: {}, crashes: [], warnings: [], honest: null };

/** By rename: a part of a path is another folder. */
function swapIn(folder) {
  writeFileSync(`${swapping}.next`, folder);
  renameSync(`${swapping}.next`, swapping);
}

async function attempt(name, act) {
  ended.attempts += 1;
  try {
    const result = await act();
    const code = result?.error?.code ?? (result?.kind === "unchanged" ? "landed" : result?.kind) ?? "landed";
    if (code === "landed") ended.accepted += 1;
    else ended.refused[code] = (ended.refused[code] ?? 0) + 1;
    return result;
  } catch (error) {
    if (isCoppiceError(error)) ended.refused[error.code] = (ended.refused[error.code] ?? 0) + 1;
    else ended.crashes.push(`${name}: ${error?.stack ?? error}`);
    return null;
  }
}

const limits = { worktrees: 2, nativeThreads: 2, lockTimeoutMs: 5_000 };
const openManager = async () => {
  const manager = await WorktreeManager.open(repository, { runId, limits });
  manager.on("warning", ({ code, message }) => ended.warnings.push(`${code}: ${message}`));
  return manager;
};

/** A worktree is made, reset to and fro and snapshotted while one of its folders is swapped. */
async function inWorktree(folder, number) {
  const manager = await openManager();
  // Every third time it is the worktree itself that is swapped.
  const inside = (path) => (number % 3 === 2 ? path : join(path, folder));
  swapIn(inside(join(`${repository}.worktrees`, "w01")));
  const lease = await attempt("make", () => manager.acquire(`live-${number}`, { base: bases[number % 2] }));
  for (let round = 0; lease !== null && round < 4; round++) {
    swapIn(inside(lease.path));
    await attempt("snapshot", () => lease.snapshot());
    await attempt("reset", () => lease.reset(bases[(number + round + 1) % 2]));
  }
  if (lease !== null) {
    await attempt("land", () => lease.land());
    await attempt("discard", () => lease.discard());
  }
  swapIn("");
  await attempt("close", () => manager.close());
}

/** An effect changes, removes and adds files of a folder; the main tree's own is swapped while it lands. */
async function intoMain(manager, folder, number) {
  const task = async ({ resolve }) => {
    const names = await readdir(resolve(folder));
    for (const name of names) {
      const handle = await open(resolve(folder, name), "w");
      await handle.writeFile(`changed by effect ${number}\n`);
      await handle.close();
    }
    for (const name of ["new-1.txt", "new-2.txt"]) {
      const handle = await open(resolve(folder, name), "wx");
      await handle.writeFile("new\n");
      await handle.close();
    }
  };
  swapIn(join(repository, folder));
  await attempt("land", () => manager.run({ id: `live-${number}`, task }));
  swapIn("");
}

swapIn("");
const swapper = spawn(
  process.execPath,
  [fileURLToPath(new URL("./swap.mjs", import.meta.url)), swapping, order.outside, order.swaps],
  { stdio: "ignore" },
);
const gone = once(swapper, "exit");
if (order.where === "worktree") {
  for (const [number, folder] of order.folders.entries()) await inWorktree(folder, number);
} else {
  const manager = await openManager();
  for (const [number, folder] of order.folders.entries()) await intoMain(manager, folder, number);
  await attempt("close", () => manager.close());
}
swapIn("stop");
await gone;
writeFileSync(order.report, JSON.stringify(ended));
