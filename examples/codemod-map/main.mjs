// A codemod over every source file, each in a worktree and a thread: node examples/codemod-map/main.mjs
import { effectId, moduleTask, WorktreeManager } from "coppice";
import { scratchRepository } from "../scratch.mjs";

const names = Array.from({ length: 20 }, (_, index) => `src/part-${index}.js`);
const repository = scratchRepository(
  Object.fromEntries(names.map((name, index) => [name, `export const oldName = ${index};\n`])),
);

const manager = await WorktreeManager.open(repository.path, { limits: { worktrees: 4, threads: 2 } });
try {
  const codemod = new URL("./rename.task.mjs", import.meta.url);
  const values = await manager.parallel.map(names, (file) => ({
    id: effectId(file),
    task: moduleTask(codemod, { file, from: "oldName", to: "newName" }),
    message: `Rename oldName in ${file}`,
  }));
  console.log(`${values.reduce((sum, { renamed }) => sum + renamed, 0)} names changed in ${values.length} files`);
} finally {
  await manager.close();
}
console.log(repository.git("log", "--oneline", "--max-count=3"));
console.log(repository.git("grep", "--count", "newName", "--", "src/part-19.js"));
repository.remove();
