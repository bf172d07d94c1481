// A run of the babysitter SDK whose parallel code tasks each get a worktree. It is started where the SDK is installed, here in test-sdk
// (`npm run examples` installs it there): cd test-sdk && node ../examples/babysitter/main.mjs
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { driveRun } from "coppice/babysitter";
import { scratchRepository } from "../scratch.mjs";

const require = createRequire(join(process.cwd(), "package.json"));
const { createRun } = require("@a5c-ai/babysitter-sdk/dist/runtime/createRun");

const repository = scratchRepository({ "list.txt": "one\n\ntwo\n\nthree\n\nfour\n" });
const { runDir } = await createRun({
  runsDir: join(repository.path, ".a5c/runs"),
  process: { processId: "example", importPath: fileURLToPath(new URL("./process.mjs", import.meta.url)) },
  inputs: { words: ["one", "two", "three", "four"] },
});

// All that is new. Killed and started again, this line goes on where the run was.
const run = await driveRun({ runDir, repository: repository.path });

console.log(run.status, JSON.stringify(run.output));
console.log(repository.git("log", "--format=%s"));
console.log(`uncommitted: ${repository.git("status", "--porcelain") || "nothing"}`);
repository.remove();
