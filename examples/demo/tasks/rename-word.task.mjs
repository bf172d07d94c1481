// A small codemod: finds the most frequent long word of some files, and renames it in all of them.
import { readFile, writeFile } from "node:fs/promises";
import { defineTask } from "coppice/task";

export default defineTask(async ({ input: { paths }, resolve, progress, signal }) => {
  const texts = new Map();
  for (const path of paths) texts.set(path, await readFile(resolve(path), "utf8"));
  const word = mostFrequentWord(texts.values());
  const pattern = new RegExp(`\\b${word}\\b`, "g");
  let files = 0;
  for (const [path, text] of texts) {
    signal.throwIfAborted();
    const renamed = text.replace(pattern, `${word}2`);
    if (renamed === text) continue;
    await writeFile(resolve(path), renamed);
    files++;
    progress(`${word} → ${word}2 in ${path}`);
  }
  return { word, files };
});

function mostFrequentWord(texts) {
  const counts = new Map();
  for (const text of texts) {
    for (const [word] of text.matchAll(/\b[a-z][A-Za-z]{4,}\b/g)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0]?.[0] ?? "nothing";
}
