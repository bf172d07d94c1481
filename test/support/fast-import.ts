// Many commits through one `git fast-import`: for generated histories, where a process a commit would be too slow.
import { entryParts, type FileChanges } from "./file-tree.js";
import { git } from "./git.js";

export interface ImportedCommit {
  /** Full name of the ref that moves to this commit. */
  ref: string;
  message: string;
  /** Changes against the first parent, or the whole tree when there is none. */
  changes: FileChanges;
  /** Oids, or indexes of earlier commits of the same call; none makes a root commit. */
  parents?: readonly (string | number)[];
}

const identity = "A U Thor <author@example.com>";

/**
 * Write the commits, each dated by `tick()` (seconds since 1970), and move their refs, forced.
 * @returns the commits' oids, in order
 */
export async function importCommits(
  folder: string,
  commits: readonly ImportedCommit[],
  tick: () => number,
): Promise<string[]> {
  const stream = commits.flatMap((commit, index) => commitCommand(commit, index, tick()));
  // get-mark prints on standard output by default, which spares a file of marks.
  const marks = commits.map((_, index) => Buffer.from(`get-mark :${index + 1}\n`));
  const input = Buffer.concat([...stream, ...marks, Buffer.from("done\n")]);
  const output = await git(folder, ["fast-import", "--quiet", "--force", "--done", "--date-format=raw"], { input });
  return output === "" ? [] : output.split("\n");
}

function commitCommand(commit: ImportedCommit, index: number, time: number): Buffer[] {
  const parents = (commit.parents ?? []).map((parent) => (typeof parent === "number" ? `:${parent + 1}` : parent));
  return [
    // Without the reset, a root commit on an existing ref would silently become that ref's child.
    Buffer.from(parents.length === 0 ? `reset ${commit.ref}\n\n` : ""),
    Buffer.from(`commit ${commit.ref}\nmark :${index + 1}\n`),
    Buffer.from(`author ${identity} ${time} +0000\ncommitter ${identity} ${time} +0000\n`),
    ...data(Buffer.from(commit.message)),
    Buffer.from(parents.map((parent, position) => `${position === 0 ? "from" : "merge"} ${parent}\n`).join("")),
    ...changeCommands(commit.changes),
    Buffer.from("\n"),
  ];
}

function changeCommands(changes: FileChanges): Buffer[] {
  const removed = Object.keys(changes).filter((path) => changes[path] === null);
  const written = Object.entries(changes).flatMap(([path, entry]) =>
    entry === null ? [] : [{ path, ...entryParts(entry) }],
  );
  return [
    ...removed.map((path) => Buffer.from(`D ${quoted(path)}\n`)),
    ...written.flatMap(({ path, mode, content }) => [
      Buffer.from(`M ${mode} inline ${quoted(path)}\n`),
      ...data(content),
    ]),
  ];
}

function data(content: Buffer): Buffer[] {
  return [Buffer.from(`data ${content.length}\n`), content, Buffer.from("\n")];
}

/** fast-import reads a path to the end of the line; a quoted one may hold anything. */
function quoted(path: string): string {
  return `"${path.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n")}"`;
}
