// A line of comment in the language of a file, told by its ending.
import { extname } from "node:path";

const hash = new Set([".py", ".rb", ".sh", ".toml", ".yaml", ".yml"]);
const angle = new Set([".html", ".md"]);

export function commentLine(path, text) {
  const ending = extname(path);
  if (hash.has(ending)) return `# ${text}`;
  if (angle.has(ending)) return `<!-- ${text} -->`;
  if (ending === ".css") return `/* ${text} */`;
  return ending === ".txt" ? text : `// ${text}`;
}
