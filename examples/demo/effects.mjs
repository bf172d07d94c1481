// The demo's effects over the files of one repository: modules in threads and processes, commands, functions; four on one
// file, two that contradict each other, one that fails, one that wants a file which the user is editing.
import { appendFile, chmod, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { commandTask, moduleTask } from "coppice";
import { commentLine } from "./tasks/comment.mjs";

const renameGroups = 6;
const filesOfGroup = 40;

/** @returns what the effects are, which file the user edits meanwhile, and what must come out; null: too few files */
export function planEffects(files) {
  const hands = deal(files);
  if (hands === null) return null;
  const { shared, contested, edited, single, groups } = hands;
  const [indentA, indentB, indentC, appended, removed, moved, linked, numberA, numberB, upper, dated, half] = single;
  const effects = [
    ...[0.1, 0.35, 0.6, 0.85].map((at, index) => ({
      id: `stamp-${index + 1}`,
      task: moduleTask(new URL("./tasks/stamp.task.mjs", import.meta.url), { path: shared, at }),
    })),
    ...groups.map((paths, index) => ({
      id: `rename-word-${index + 1}`,
      task: moduleTask(new URL("./tasks/rename-word.task.mjs", import.meta.url), { paths }),
    })),
    ...groups.slice(0, 2).map((paths, index) => ({
      id: `count-words-${index + 1}`,
      task: moduleTask(new URL("./tasks/count-words.task.mjs", import.meta.url), { paths }),
    })),
    ...[indentA, indentB, indentC].map((path, index) => ({
      id: `indent-${index + 1}`,
      task: moduleTask(new URL("./tasks/indent.task.mjs", import.meta.url), { path }, { runIn: "process" }),
    })),
    ...[numberA, numberB].map((path, index) => ({
      id: `number-lines-${index + 1}`,
      task: commandTask(process.execPath, [fileURLToPath(new URL("./tasks/number-lines.mjs", import.meta.url)), path]),
    })),
    {
      id: "upper-case",
      task: commandTask("sh", ["-c", 'tr a-z A-Z < "$1" > "$1.new" && mv "$1.new" "$1"', "sh", upper]),
    },
    {
      id: "append-line",
      task: commandTask("sh", ["-c", 'echo "$2" >> "$1"', "sh", dated, commentLine(dated, "appended")]),
    },
    { id: "list-files", task: commandTask("ls", ["-l"]) },
    { id: "new-file", task: ({ resolve }) => write(resolve("demo/new-file.md"), "# A file that was not there\n") },
    { id: "edit", task: ({ resolve }) => appendFile(resolve(appended), `${commentLine(appended, "one more line")}\n`) },
    { id: "remove", task: ({ resolve }) => rm(resolve(removed)) },
    {
      id: "move",
      task: ({ resolve }) => rename(resolve(moved), resolve(join(dirname(moved), `moved-${basename(moved)}`))),
    },
    {
      id: "mode-and-link",
      task: async ({ resolve }) => {
        await chmod(resolve(linked), 0o755);
        await symlink(basename(linked), resolve(`${linked}.link`));
      },
    },
    { id: "first-opinion", task: ({ resolve }) => rewriteMiddle(resolve(contested), "the first opinion") },
    { id: "second-opinion", task: ({ resolve }) => rewriteMiddle(resolve(contested), "the second opinion") },
    { id: "half-done", task: moduleTask(new URL("./tasks/half-done.task.mjs", import.meta.url), { path: half }) },
    {
      id: "your-file",
      task: ({ resolve }) => appendFile(resolve(edited), `${commentLine(edited, "from an effect")}\n`),
    },
  ];
  return {
    effects,
    edited,
    contested,
    expected: { "second-opinion": "conflicted", "half-done": "failed", "your-file": "blocked" },
  };
}

/** Hands each file to one purpose, so that only what is meant to meet does meet. */
function deal(files) {
  const byLength = [...files].sort((a, b) => b.lines - a.lines).map(({ path }) => path);
  const [shared, contested, edited, ...rest] = byLength;
  const singles = 12;
  if (rest.length < singles + renameGroups) return null;
  const groups = Array.from({ length: renameGroups }, (_, group) =>
    rest
      .slice(singles)
      .filter((_path, index) => index % renameGroups === group)
      .slice(0, filesOfGroup),
  );
  return { shared, contested, edited, single: rest.slice(0, singles), groups };
}

async function write(path, text) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

async function rewriteMiddle(path, text) {
  const lines = (await readFile(path, "utf8")).split("\n");
  lines[Math.floor(lines.length / 2)] = commentLine(path, text);
  await writeFile(path, lines.join("\n"));
}
