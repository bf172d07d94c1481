// `coppice clean`: takes away what dead runs have left and nobody needs.

import type { Command } from "commander";
import { cleanRepository } from "../index.js";
import { addRepositoryFlags, type RepositoryFlags } from "./flags.js";

export function addClean(program: Command): void {
  addRepositoryFlags(program.command("clean"))
    .description("remove worktrees of dead runs that hold no work, and empty the trash")
    .action(async (flags: RepositoryFlags) => {
      const { removed, left } = await cleanRepository(flags.repo);
      if (flags.json) {
        console.log(JSON.stringify({ removed, left }));
        return;
      }
      for (const { name, path } of removed) console.log(`removed  ${name}  ${path}`);
      for (const { name, path, why } of left) console.log(`left     ${name}  ${path}: ${why}`);
      if (removed.length === 0 && left.length === 0) console.log("nothing to clean");
    });
}
