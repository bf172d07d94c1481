// The effects that every scenario walks: each kind of change, and each way to settle. What a task does depends on its base
// alone, so that walking them again, after any death, comes to the same.
import { appendFile, chmod, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";

/** `kind`: how the effect must settle, whatever died on the way. */
export const effects = [
  { id: "edit", kind: "landed", task: edit },
  { id: "grow", kind: "landed", task: grow },
  { id: "remove", kind: "landed", task: remove },
  { id: "flip", kind: "landed", task: flip },
  { id: "rename", kind: "landed", task: renameAndEdit },
  { id: "command", kind: "landed", command: "printf 'made\\n' > command.txt; rm src/i/gone.txt; chmod +x src/i/tool" },
  { id: "same", kind: "unchanged", task: async () => null },
  { id: "fail", kind: "failed", task: fail },
  { id: "merged", kind: "landed", task: merged },
  { id: "clash", kind: "conflicted", task: clash },
  { id: "users", kind: "blocked", task: users },
];

/** Of another run, beside them. */
export const other = { id: "other", kind: "landed", task: writeOther };

async function writeOther({ resolve }) {
  await writeFile(resolve("other.txt"), "another run's\n");
}

async function edit({ resolve }) {
  for (const name of ["one", "two", "three"]) await appendFile(resolve("src/a", `${name}.txt`), "edited\n");
  await writeFile(resolve("src/a/new.txt"), "new\n");
  return { files: 4 };
}

async function grow({ resolve }) {
  await mkdir(resolve("grown/deep/er"), { recursive: true });
  await writeFile(resolve("grown/deep/er/file.txt"), "grown\n");
  await writeFile(resolve("grown/large.txt"), "0123456789abcde\n".repeat(20_000));
  await writeFile(resolve("grown/run.sh"), "#!/bin/sh\n");
  await chmod(resolve("grown/run.sh"), 0o755);
  await symlink("run.sh", resolve("grown/link"));
}

async function remove({ resolve }) {
  await rm(resolve("src/b"), { recursive: true });
  await rm(resolve("src/c/only.txt"));
}

async function flip({ resolve }) {
  await rm(resolve("src/d/file"));
  await mkdir(resolve("src/d/file"));
  await writeFile(resolve("src/d/file/within.txt"), "a folder now\n");
  await rm(resolve("src/e"), { recursive: true });
  await writeFile(resolve("src/e"), "a file now\n");
  await rm(resolve("src/f/plain"));
  await symlink("../g/old.txt", resolve("src/f/plain"));
}

async function renameAndEdit({ resolve }) {
  await mkdir(resolve("src/h"), { recursive: true });
  await rename(resolve("src/g/old.txt"), resolve("src/h/renamed.txt"));
  await appendFile(resolve("src/h/renamed.txt"), "and edited\n");
}

async function fail({ resolve }) {
  await writeFile(resolve("half-done.txt"), "worth keeping\n");
  throw new Error("the task fails on purpose");
}

async function merged({ resolve }) {
  await replaceLine(resolve("src/clash.txt"), "line 9", "line 9 of the effect");
}

async function clash({ resolve }) {
  await replaceLine(resolve("src/clash.txt"), "line 5", "line 5 of the effect");
}

async function users({ resolve }) {
  await writeFile(resolve("notes/dirty.txt"), "the effect's\n");
}

async function replaceLine(path, line, by) {
  await writeFile(path, (await readFile(path, "utf8")).replace(`${line}\n`, `${by}\n`));
}
