// Files as a test describes them, and as they lie on disk or in a commit.
import { chmod, lstat, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

export type FileContent = string | Uint8Array;

/** A regular file by its content, or an executable one, or a symbolic link. */
export type FileEntry = FileContent | { executable: FileContent } | { symlink: string };

/** Path (with `/`) to file; folders exist through the files in them. */
export type FileTree = Readonly<Record<string, FileEntry>>;

/** A change of files: `null` removes the path. */
export type FileChanges = Readonly<Record<string, FileEntry | null>>;

/** Write, replace or remove the given paths below `folder`; whatever lay at a path, or stood in its way, goes first. */
export async function writeFiles(folder: string, changes: FileChanges): Promise<void> {
  // Removals first: a file may become a folder, or a folder a file, within one change.
  for (const [path, entry] of Object.entries(changes)) {
    if (entry === null) await rm(join(folder, path), { recursive: true, force: true });
  }
  for (const [path, entry] of Object.entries(changes)) {
    if (entry !== null) await writeEntry(join(folder, path), entry);
  }
}

async function writeEntry(path: string, entry: FileEntry): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await mkdir(dirname(path), { recursive: true });
  const parts = entryParts(entry);
  if (parts.mode === "120000") return symlink(parts.content.toString(), path);
  await writeFile(path, parts.content);
  // By chmod, because the mode given to writeFile is subject to the umask.
  await chmod(path, parts.mode === "100755" ? 0o755 : 0o644);
}

/** git's mode and the bytes of an entry (of a symbolic link: its target). */
export function entryParts(entry: FileEntry): { mode: "100644" | "100755" | "120000"; content: Buffer } {
  if (typeof entry === "string" || entry instanceof Uint8Array) return { mode: "100644", content: Buffer.from(entry) };
  if ("symlink" in entry) return { mode: "120000", content: Buffer.from(entry.symlink) };
  return { mode: "100755", content: Buffer.from(entry.executable) };
}

/** The files below `folder` as a tree (contents as UTF-8 text), sorted by path, without the top `.git`. */
export async function readFiles(folder: string): Promise<Record<string, FileEntry>> {
  const tree: Record<string, FileEntry> = {};
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  for (const path of paths.map((absolute) => absolute.slice(folder.length + 1)).sort()) {
    if (path !== ".git" && !path.startsWith(".git/")) tree[path] = await readEntry(join(folder, path));
  }
  return tree;
}

async function readEntry(path: string): Promise<FileEntry> {
  const stat = await lstat(path);
  if (stat.isSymbolicLink()) return { symlink: await readlink(path) };
  const content = await readFile(path, "utf8");
  return stat.mode & 0o100 ? { executable: content } : content;
}
