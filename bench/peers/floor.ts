// The least that could be done: the same files written and hashed, no git at all. What a peer takes above it is its own.
import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type FileToWrite, loadBenchAddon } from "../addon.js";
import { concurrently } from "../concurrently.js";
import { applyEdit, type Edit, EditPlan } from "../edits.js";
import { git } from "../git-command.js";
import { measure, perOperation } from "../measure.js";
import { median } from "../statistics.js";
import type { Job, Measure, Peer, Taken } from "../trial.js";

/** Of an effect: its files are edited, hashed, and written once more as a landing does. */
async function fanOut({ repository, folder, effects, concurrency, rounds }: Job): Promise<Taken> {
  const plan = await EditPlan.of(repository);
  const edited: Measure[] = [];
  const warm: Measure[] = [];
  for (let round = 0; round <= rounds; round++) {
    const alone = plan.round(effects);
    edited.push(await measure(effects, () => concurrently(alone, concurrency, (edit) => applyEdit(repository, edit))));
    const whole = plan.round(effects);
    const landing = (edit: Edit) => editAndLand(repository, folder, edit);
    warm.push(await measure(effects, () => concurrently(whole, concurrency, landing)));
  }
  // The first round compiled the code.
  const editCpuMsPerEffect = median(edited.slice(1).map((each) => perOperation(each).cpuMs));
  return { sample: { cold: null, warm: warm.slice(1), extra: { editCpuMsPerEffect } } };
}

async function editAndLand(repository: string, folder: string, edit: Edit): Promise<void> {
  await applyEdit(repository, edit);
  for (const path of edit.paths) {
    const content = await readFile(join(repository, path));
    blobHash(content);
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

/** Of a worktree: all its files are written from memory, and hashed. */
async function create({ repository, folder, rounds }: Job): Promise<Taken> {
  const listed = await git(repository, ["ls-files", "-s", "-z"]);
  const files = listed.split("\0").flatMap((line) => {
    const found = /^(\d{6}) \S+ 0\t(.*)$/s.exec(line);
    return found && found[1] !== "160000" ? [fileInMemory(repository, found[1] as string, found[2] as string)] : [];
  });
  const addon = loadBenchAddon();
  const folders = foldersOf(files.map(({ path }) => path));
  const warm: Measure[] = [];
  for (let round = 0; round < rounds; round++) {
    const root = join(folder, `w${round}`);
    await mkdir(root);
    warm.push(
      await measure(1, async () => {
        if (!addon.writeAll(root, folders, files)) throw new Error("the floor could not write all files");
      }),
    );
  }
  return { sample: { cold: null, warm, extra: { files: files.length } } };
}

/** Every folder once, a parent before its children. */
function foldersOf(paths: readonly string[]): string[] {
  const found = new Set<string>();
  for (const path of paths)
    for (let folder = dirname(path); folder !== "." && !found.has(folder); folder = dirname(folder)) found.add(folder);
  return [...found].sort();
}

function fileInMemory(repository: string, mode: string, path: string): FileToWrite {
  const from = join(repository, path);
  const link = mode === "120000";
  const content = link ? Buffer.from(readlinkSync(from)) : readFileSync(from);
  return { path, mode: mode === "100755" ? 0o755 : 0o644, link, content };
}

function blobHash(content: Buffer): string {
  return createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
}

export const floor: Peer = { fanOut, create };
