// A user in the middle of work, generated: each path of a small repository in one of the states that git knows, and what effects do to
// the same paths. Contents have enough lines that an effect's change at the head and another's at the end do not meet.
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { git } from "./git.js";
import { createRepository, type TestRepository, temporaryFolder } from "./repository.js";

export const trackedPaths = ["a.txt", "b.txt", "dir/c.txt", "dir/deep/d.txt"];
export const newPaths = ["new.txt", "dir/new.txt"];
export const everyPath = [...trackedPaths, ...newPaths];

const text = (word: string) => Array.from({ length: 9 }, (_, line) => `${word} ${line}\n`).join("");
const trackedStates = [
  "same",
  "edited",
  "staged",
  "staged and edited",
  "staged and back",
  "deleted",
  "removed",
] as const;
const newStates = ["absent", "untracked", "added", "added and edited"] as const;
export type UserState = Record<string, (typeof trackedStates)[number] | (typeof newStates)[number]>;

export const userState: fc.Arbitrary<UserState> = fc.record({
  ...Object.fromEntries(trackedPaths.map((path) => [path, fc.constantFrom(...trackedStates)])),
  ...Object.fromEntries(newPaths.map((path) => [path, fc.constantFrom(...newStates)])),
});

/** Paths that an effect changes: with a line more at the head, or at the end; made where they are not. */
export const effectPaths = fc.subarray(everyPath, { minLength: 1, maxLength: 3 });

const made: Record<string, (repository: TestRepository, path: string) => Promise<unknown>> = {
  same: async () => {},
  absent: async () => {},
  edited: (repository, path) => repository.write({ [path]: text("mine") }),
  staged: async (repository, path) => {
    await repository.write({ [path]: text("mine") });
    await repository.git("add", path);
  },
  "staged and edited": async (repository, path) => {
    await made.staged?.(repository, path);
    await repository.write({ [path]: text("again") });
  },
  "staged and back": async (repository, path) => {
    await made.staged?.(repository, path);
    await repository.write({ [path]: text(path) });
  },
  deleted: (repository, path) => rm(join(repository.path, path)),
  removed: (repository, path) => repository.git("rm", "--quiet", path),
  untracked: (repository, path) => repository.write({ [path]: text("mine") }),
  added: (repository, path) => made.staged?.(repository, path) as Promise<unknown>,
  "added and edited": (repository, path) => made["staged and edited"]?.(repository, path) as Promise<unknown>,
};

export async function repositoryOf(state: UserState): Promise<TestRepository> {
  const tree = Object.fromEntries(trackedPaths.map((path) => [path, text(path)]));
  const repository = await createRepository({ tree: { ...tree, ".gitignore": "*.log\n" } });
  await repository.write({ "own.log": "ignored\n" });
  for (const [path, kind] of Object.entries(state)) await made[kind]?.(repository, path);
  return repository;
}

/** What stock git would commit of the working tree as it is, through an index of its own. */
export async function workingTreeOf(repository: TestRepository): Promise<string> {
  const index = join(await temporaryFolder("index"), "index");
  await writeFile(index, await readFile(join(repository.path, ".git/index")));
  const env = { GIT_INDEX_FILE: index };
  await git(repository.path, ["add", "--all"], { env });
  return git(repository.path, ["write-tree"], { env });
}

/** Null: there is no such file. */
export async function textAt(folder: string, path: string): Promise<string | null> {
  return readFile(join(folder, path), "utf8").catch(() => null);
}

/** What a user can lose: every path, the ignored file, and the index, byte for byte. */
export async function bytesOf(repository: TestRepository): Promise<Record<string, string | null>> {
  const index = (await readFile(join(repository.path, ".git/index"))).toString("base64");
  const files = await Promise.all(
    [...everyPath, "own.log"].map(async (path) => [path, await textAt(repository.path, path)]),
  );
  return { index, ...Object.fromEntries(files) };
}
