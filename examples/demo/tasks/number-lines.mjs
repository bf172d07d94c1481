// A program as you may have it already: it knows nothing of Coppice, and works on files of its working directory.
//   node number-lines.mjs <file>
import { readFileSync, writeFileSync } from "node:fs";
import { commentLine } from "./comment.mjs";

const [path] = process.argv.slice(2);
const lines = readFileSync(path, "utf8").split("\n");
const numbered = lines.flatMap((line, index) => {
  if (index === 0 || index % 20 !== 0) return [line];
  console.log(`${path}: line ${index}`);
  return [commentLine(path, `line ${index}`), line];
});
writeFileSync(path, numbered.join("\n"));
