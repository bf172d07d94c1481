// `coppice recover`: does at once what every manager does when it opens, and says so; with --dry-run it only says what it would do.

import type { Command } from "commander";
import { recoverRepository } from "../index.js";
import { paintFor, recoveryTable } from "../report.js";
import { addRepositoryFlags, type RepositoryFlags } from "./flags.js";

interface RecoverFlags extends RepositoryFlags {
  dryRun: boolean;
}

export function addRecover(program: Command): void {
  addRepositoryFlags(program.command("recover"))
    .description("finish, keep or take away what dead runs left; living ones are let be")
    .option("--dry-run", "show what would be done, and write nothing", false)
    .action(async ({ repo, json, dryRun }: RecoverFlags) => {
      const recovery = await recoverRepository(repo, { dryRun });
      if (json) {
        console.log(JSON.stringify(recovery));
        return;
      }
      const lines = recoveryTable(recovery, paintFor(process.stdout));
      console.log(lines.length === 0 ? "nothing to recover" : lines.join("\n"));
    });
}
