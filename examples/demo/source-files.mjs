// Which files of a repository the demo works on: text that people write, large enough to be changed in several places.
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";

const endings = new Set(
  ".c .cc .cpp .css .go .h .hpp .html .java .js .jsx .md .mjs .py .rb .rs .sh .toml .ts .tsx .txt .yaml .yml".split(
    " ",
  ),
);
const maxBytes = 200_000;
const leastLines = 12;
const maxFiles = 400;

/** Paths with their number of lines, sorted by path; at most 400, spread over the whole repository. */
export async function sourceFiles(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && endings.has(extname(entry.name)))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !path.startsWith(".git/"))
    .sort();
  const files = [];
  for (const path of spread(paths, 2 * maxFiles)) {
    const text = await readFile(join(folder, path), "utf8");
    const lines = text.split("\n").length;
    if (text.length <= maxBytes && lines >= leastLines && !text.includes("\0")) files.push({ path, lines });
  }
  return spread(files, maxFiles);
}

/** How many files the working tree has, without git's own. */
export async function countFiles(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const own = `${join(folder, ".git")}`;
  return entries.filter(
    (entry) => !entry.isDirectory() && entry.parentPath !== own && !entry.parentPath.startsWith(`${own}/`),
  ).length;
}

function spread(list, count) {
  if (list.length <= count) return list;
  return Array.from({ length: count }, (_, index) => list[Math.floor((index * list.length) / count)]);
}
