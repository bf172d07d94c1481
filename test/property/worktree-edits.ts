// Generated edits of a worktree, as tasks make them: by the file system and by git. An edit that cannot be done where things
// stand (no such file, a folder in the way) does nothing.

import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { gitProgram } from "../support/git.js";

const folders = ["", "src", "src/deep", "src/deep/er", "docs", "new", "new/er", "build", "tools"];
const names = ["a", "b", "c.txt", "d.log", "src", "docs", "x.tmp", ".gitignore"];

/** What an edit is about: few enough paths that edits meet. */
const path = fc
  .tuple(fc.constantFrom(...folders), fc.constantFrom(...names))
  .map(([folder, name]) => (folder === "" ? name : `${folder}/${name}`));
const folder = fc.constantFrom(...folders.slice(1));

const rules = ["*.log\n", "build/\n", "*.tmp\n!x.tmp\n", "/docs\n", "c.txt\n", ""];
const gitCommands = [
  ["add", "-A"],
  ["add", "-A", "--force"],
  ["commit", "-q", "-a", "-m", "task"],
  ["status", "--short"],
  ["rm", "-r", "-q", "--cached", "src"],
  ["rm", "-r", "-q", "docs"],
  ["reset", "-q", "--hard"],
  ["checkout", "-q", "--", "."],
  ["update-index", "--assume-unchanged", "src/a"],
  ["update-index", "--skip-worktree", "docs/a"],
  ["add", "--intent-to-add", "."],
  ["stash", "-q"],
  ["read-tree", "--empty"],
];

export type Edit =
  | { kind: "write" | "append" | "rewrite" | "delete" | "chmod" | "touch" | "open"; path: string }
  | { kind: "mkdir" | "deleteFolder" | "chmodFolder"; path: string }
  | { kind: "rename" | "symlink" | "moveOut" | "moveIn"; path: string; to: string }
  | { kind: "ignore"; path: string; text: string }
  | { kind: "repository"; path: string }
  | { kind: "git"; args: readonly string[] };

const fileEdit = fc.record({
  kind: fc.constantFrom("write", "append", "rewrite", "delete", "chmod", "touch", "open" as const),
  path,
});
const folderEdit = fc.record({ kind: fc.constantFrom("mkdir", "deleteFolder", "chmodFolder" as const), path: folder });
const anyPath = fc.oneof(path, folder);
const moving = fc.record({
  kind: fc.constantFrom("rename", "symlink", "moveOut", "moveIn" as const),
  path: anyPath,
  to: anyPath,
});
const ignoring = fc.record({
  kind: fc.constant("ignore" as const),
  path: fc.constantFrom(".gitignore", "src/.gitignore", "new/.gitignore"),
  text: fc.constantFrom(...rules),
});
const nesting = fc.record({ kind: fc.constant("repository" as const), path: folder });
const byGit = fc.record({ kind: fc.constant("git" as const), args: fc.constantFrom(...gitCommands) });

/** Edits by the file system alone. */
export const plainEdit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 8, arbitrary: fileEdit },
  { weight: 3, arbitrary: folderEdit },
  { weight: 4, arbitrary: moving },
  { weight: 1, arbitrary: ignoring },
  { weight: 1, arbitrary: nesting },
) as fc.Arbitrary<Edit>;
export const gitEdit: fc.Arbitrary<Edit> = byGit;

let turn = 0;

/** Does one edit in the worktree at `root`; `outside`: a folder that things are moved to and from. */
export function apply(root: string, outside: string, edit: Edit): void {
  try {
    applyOrThrow(root, outside, edit);
  } catch (error) {
    // Not possible where things stand. Anything else is a mistake of the test.
    if (!("code" in (error as object)) && !("status" in (error as object))) throw error;
  }
}

function applyOrThrow(root: string, outside: string, edit: Edit): unknown {
  turn++;
  switch (edit.kind) {
    case "write":
      mkdirSync(dirname(join(root, edit.path)), { recursive: true });
      return writeFileSync(join(root, edit.path), `text ${turn}\n`);
    case "append":
      lstatSync(join(root, edit.path));
      return appendFileSync(join(root, edit.path), `more ${turn}\n`);
    case "rewrite":
      return rewrite(join(root, edit.path));
    case "delete":
      return rmSync(join(root, edit.path));
    case "chmod":
      return chmodSync(join(root, edit.path), turn % 2 === 0 ? 0o755 : 0o644);
    case "touch":
      return utimesSync(join(root, edit.path), turn, turn);
    case "open":
      return closeSync(openSync(join(root, edit.path), "r+"));
    case "mkdir":
      return mkdirSync(join(root, edit.path), { recursive: true });
    case "deleteFolder":
      return rmSync(join(root, edit.path), { recursive: true });
    case "chmodFolder":
      return chmodSync(join(root, edit.path), turn % 2 === 0 ? 0o700 : 0o755);
    case "rename":
      return renameSync(join(root, edit.path), join(root, edit.to));
    case "symlink":
      rmSync(join(root, edit.path), { recursive: true, force: true });
      return symlinkSync(edit.to, join(root, edit.path));
    case "moveOut":
      return renameSync(join(root, edit.path), join(outside, `moved-${turn}`));
    case "moveIn": {
      const made = join(outside, `made-${turn}`);
      mkdirSync(join(made, "deep"), { recursive: true });
      writeFileSync(join(made, "deep/a"), `moved in ${turn}\n`);
      writeFileSync(join(made, "c.txt"), `moved in ${turn}\n`);
      return renameSync(made, join(root, edit.to));
    }
    case "ignore":
      return writeFileSync(join(root, edit.path), edit.text);
    case "repository":
      mkdirSync(join(root, edit.path, ".git/objects"), { recursive: true });
      mkdirSync(join(root, edit.path, ".git/refs"), { recursive: true });
      return writeFileSync(join(root, edit.path, ".git/HEAD"), "ref: refs/heads/main\n");
    case "git":
      return execFileSync(gitProgram, [...edit.args], { cwd: root, stdio: "ignore" });
  }
}

/** Other bytes, the same size, the same inode. */
function rewrite(path: string): void {
  const size = readFileSync(path).length;
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(size, `${turn % 10}`));
  closeSync(file);
}
