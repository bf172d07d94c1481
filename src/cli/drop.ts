// `coppice drop <runId>/<effectId>`: gives kept work up.

import type { Command } from "commander";
import { dropKeptWork } from "../index.js";
import { addRepositoryFlags, type RepositoryFlags } from "./flags.js";
import { type KeptName, parseKeptName } from "./kept-name.js";

export function addDrop(program: Command): void {
  const command = program.command("drop").argument("<runId/effectId>", "as `coppice list` shows it", parseKeptName);
  addRepositoryFlags(command)
    .description("drop kept work: its ref, and the worktree that stayed for it")
    .action(async (name: KeptName, flags: RepositoryFlags) => {
      await dropKeptWork(flags.repo, name);
      if (flags.json) console.log(JSON.stringify({ dropped: name }));
      else console.log(`dropped  ${name.runId}/${name.effectId}`);
    });
}
