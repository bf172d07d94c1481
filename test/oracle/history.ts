// Generated three-way histories: a base of a few files, and what two sides do to it. Few names and short texts, so that
// the sides meet often. Covered: text (LF, CRLF, without a final line break), binary files, symbolic links, empty files,
// edits, additions, deletions, renames with and without edits, renamed folders, modes, files that become folders and back.
// Not covered: submodules (native/test/merge_test.cc has them), attributes (native/test/merge_attributes_test.cc), names
// that differ in case only, criss-cross histories (the base is always given).
import fc from "fast-check";
import type { FileEntry, FileTree } from "../support/file-tree.js";

export interface History {
  base: FileTree;
  ours: FileTree;
  theirs: FileTree;
}

/** What a history is made from; one plan can be built in variants, to find out what a difference hangs on. */
export interface Plan {
  base: readonly { path: string; file: File }[];
  ours: readonly Change[];
  theirs: readonly Change[];
}

export interface Variant {
  /** Every text ends with a line break. */
  finalLineBreaks?: boolean;
  /** No two files of the base have the same content. */
  distinctContents?: boolean;
}

type File =
  | { kind: "text"; lines: readonly string[]; ending: string; finalBreak: boolean; executable: boolean }
  | { kind: "binary"; bytes: Uint8Array; executable: boolean }
  | { kind: "link"; target: string };

type Change =
  | { do: "add"; path: string; file: File }
  | { do: "edit"; file: number; line: number; text: string; how: "replace" | "insert" | "remove" }
  | { do: "remove"; file: number }
  | { do: "rename"; file: number; path: string }
  | { do: "mode"; file: number }
  | { do: "lineEnds"; file: number }
  | { do: "replace"; file: number; by: File }
  | { do: "toFolder"; file: number; name: string; by: File | null }
  | { do: "toFile"; folder: number; by: File }
  | { do: "renameFolder"; folder: number; to: string };

type Files = Map<string, File>;

const words = "alpha beta gamma delta eps zeta eta theta iota kappa lam mu nu xi omi pi rho sigma tau ups".split(" ");
const line = fc
  .array(fc.constantFrom(...words), { minLength: 1, maxLength: 5, size: "max" })
  .map((parts) => parts.join(" "));
const position = fc.nat({ max: 1000 });
const mostly = (likely: boolean): fc.Arbitrary<boolean> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(likely) }, { weight: 1, arbitrary: fc.constant(!likely) });

const text: fc.Arbitrary<File> = fc.record({
  kind: fc.constant("text"),
  lines: fc.oneof(
    fc.array(line, { minLength: 8, maxLength: 20, size: "max" }),
    fc.array(line, { minLength: 0, maxLength: 6, size: "max" }),
  ),
  ending: fc.oneof({ weight: 8, arbitrary: fc.constant("\n") }, { weight: 1, arbitrary: fc.constant("\r\n") }),
  finalBreak: mostly(true),
  executable: mostly(false),
});
const binary: fc.Arbitrary<File> = fc.record({
  kind: fc.constant("binary"),
  bytes: fc.uint8Array({ minLength: 4, maxLength: 200, size: "max" }).map((bytes) => Uint8Array.of(0, ...bytes)),
  executable: mostly(false),
});
const link: fc.Arbitrary<File> = fc.record({
  kind: fc.constant("link"),
  target: fc.constantFrom("target", "a", "../x", "d/e"),
});
const file: fc.Arbitrary<File> = fc.oneof(
  { weight: 12, arbitrary: text },
  { weight: 1, arbitrary: binary },
  { weight: 1, arbitrary: link },
);

const path = fc
  .tuple(
    fc.constantFrom("", "", "d/", "d/e/", "lib/", "a/", "src/", "src/x/"),
    fc.constantFrom("a", "b", "c", "f.txt", "d", "e", "lib", "x", "README", "g.js"),
  )
  .map(([folder, name]) => folder + name);

const how = fc.constantFrom("replace" as const, "replace" as const, "insert" as const, "remove" as const);
const edit = fc.record({ do: fc.constant("edit" as const), file: position, line: position, text: line, how });
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("add" as const), path, file }) },
  { weight: 8, arbitrary: edit },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("remove" as const), file: position }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("rename" as const), file: position, path }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("mode" as const), file: position }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("lineEnds" as const), file: position }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("replace" as const), file: position, by: file }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("toFolder" as const),
      file: position,
      name: fc.constantFrom("x", "b"),
      by: fc.option(file),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("toFile" as const), folder: position, by: file }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("renameFolder" as const),
      folder: position,
      to: fc.constantFrom("moved", "src", "lib2", "d/e2"),
    }),
  },
);
const changes = fc.array(change, { minLength: 1, maxLength: 5, size: "max" });

export const plan: fc.Arbitrary<Plan> = fc.record({
  base: fc.array(fc.record({ path, file }), { minLength: 1, maxLength: 8, size: "max" }),
  ours: changes,
  theirs: changes,
});

export function buildHistory({ base, ours, theirs }: Plan, variant: Variant = {}): History {
  const files: Files = new Map();
  for (const entry of base) put(files, entry.path, entry.file);
  if (variant.distinctContents) for (const [path, entry] of files) files.set(path, made(path, entry));
  return {
    base: treeOf(files, variant),
    ours: treeOf(changed(files, ours), variant),
    theirs: treeOf(changed(files, theirs), variant),
  };
}

/** The file with content that names its path: no other file of the base can have it. */
function made(path: string, entry: File): File {
  if (entry.kind === "link") return { ...entry, target: `${entry.target}-${path}` };
  if (entry.kind === "binary") return { ...entry, bytes: Uint8Array.of(...entry.bytes, ...Buffer.from(path)) };
  return entry.lines.length === 0 ? entry : { ...entry, lines: [`only in ${path}`, ...entry.lines] };
}

function changed(base: Files, all: readonly Change[]): Files {
  const files = new Map(base);
  for (const one of all) apply(files, one);
  return files;
}

function apply(files: Files, one: Change): void {
  if (one.do === "add") put(files, one.path, one.file);
  else if (one.do === "toFile" || one.do === "renameFolder") {
    const folder = pick(foldersOf(files), one.folder);
    if (folder !== undefined && one.do === "toFile") folderToFile(files, folder, one.by);
    if (folder !== undefined && one.do === "renameFolder") renameFolder(files, folder, one.to);
  } else applyToFile(files, one);
}

function applyToFile(files: Files, one: Extract<Change, { file: number }>): void {
  const path = pick([...files.keys()].sort(), one.file);
  const old = path === undefined ? undefined : files.get(path);
  if (path === undefined || old === undefined) return;
  if (one.do === "edit") files.set(path, edited(old, one.line, one.text, one.how));
  if (one.do === "remove") files.delete(path);
  if (one.do === "mode" && old.kind !== "link") files.set(path, { ...old, executable: !old.executable });
  if (one.do === "lineEnds" && old.kind === "text") {
    files.set(path, { ...old, ending: old.ending === "\n" ? "\r\n" : "\n" });
  }
  if (one.do === "replace") files.set(path, one.by);
  if (one.do === "rename" && fits(without(files, path), one.path)) {
    files.delete(path);
    files.set(one.path, old);
  }
  if (one.do === "toFolder") {
    files.delete(path);
    files.set(`${path}/${one.name}`, one.by ?? old);
  }
}

function edited(old: File, at: number, text: string, how: "replace" | "insert" | "remove"): File {
  if (old.kind === "link") return { ...old, target: text.split(" ")[0] ?? text };
  if (old.kind === "binary") return { ...old, bytes: Uint8Array.of(...old.bytes, at % 256) };
  const lines = [...old.lines];
  const index = at % (lines.length + 1);
  if (how === "insert" || lines.length === 0) lines.splice(index, 0, text);
  else lines.splice(Math.min(index, lines.length - 1), 1, ...(how === "replace" ? [text] : []));
  return { ...old, lines };
}

function folderToFile(files: Files, folder: string, by: File): void {
  for (const path of [...files.keys()]) if (path.startsWith(`${folder}/`)) files.delete(path);
  put(files, folder, by);
}

function renameFolder(files: Files, folder: string, to: string): void {
  if (`${to}/`.startsWith(`${folder}/`)) return;
  for (const path of [...files.keys()].sort()) {
    const target = to + path.slice(folder.length);
    const entry = files.get(path);
    if (!path.startsWith(`${folder}/`) || entry === undefined || !fits(without(files, path), target)) continue;
    files.delete(path);
    files.set(target, entry);
  }
}

function put(files: Files, path: string, entry: File): void {
  if (fits(files, path)) files.set(path, entry);
}

/** Whether a new file may stand at `path`: nothing there, no file above it, none below. */
function fits(files: Files, path: string): boolean {
  return [...files.keys()].every(
    (other) => other !== path && !other.startsWith(`${path}/`) && !path.startsWith(`${other}/`),
  );
}

function without(files: Files, path: string): Files {
  const rest = new Map(files);
  rest.delete(path);
  return rest;
}

function foldersOf(files: Files): string[] {
  const folders = [...files.keys()].flatMap((path) =>
    path
      .split("/")
      .slice(0, -1)
      .map((_, depth, parts) => parts.slice(0, depth + 1).join("/")),
  );
  return [...new Set(folders)].sort();
}

function pick<T>(items: readonly T[], number: number): T | undefined {
  return items[number % items.length];
}

function treeOf(files: Files, variant: Variant): FileTree {
  return Object.fromEntries([...files].map(([path, entry]) => [path, entryOf(entry, variant)]));
}

function entryOf(entry: File, variant: Variant): FileEntry {
  if (entry.kind === "link") return { symlink: entry.target };
  const content = entry.kind === "binary" ? entry.bytes : textOf(entry, variant);
  return entry.executable ? { executable: content } : content;
}

function textOf(entry: Extract<File, { kind: "text" }>, { finalLineBreaks = false }: Variant): string {
  const joined = entry.lines.join(entry.ending);
  return entry.lines.length > 0 && (entry.finalBreak || finalLineBreaks) ? joined + entry.ending : joined;
}
