#!/usr/bin/env node
// The command `coppice`: wires the commands, one file each, and turns how they end into an exit code.

import { createRequire } from "node:module";
import { Command } from "commander";
import { addClean } from "./clean.js";
import { addDrop } from "./drop.js";
import { exitCodeOf } from "./failure.js";
import { addLand } from "./land.js";
import { addList } from "./list.js";
import { addMap } from "./map.js";
import { addRecover } from "./recover.js";
import { addRun } from "./run.js";

const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };

const program = new Command("coppice")
  .description("Run many code-modifying tasks in isolated git worktrees, and merge what they changed.")
  .version(version)
  .showHelpAfterError("(coppice --help shows the commands)")
  .enablePositionalOptions()
  .exitOverride();
for (const add of [addRun, addMap, addList, addLand, addDrop, addRecover, addClean]) add(program);

// A reader that closes early (`coppice list | head`) is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

program.parseAsync().catch((error: unknown) => {
  process.exitCode = exitCodeOf(error, { json: process.argv.includes("--json") });
});
