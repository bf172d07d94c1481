// `coppice land <runId>/<effectId>`: lands kept work on the target as it is now.

import type { Command } from "commander";
import { isSettledWell, WorktreeManager } from "../index.js";
import { explainOutcomes, paintFor } from "../report.js";
import { addTargetFlags, type TargetFlags, targetOptions } from "./flags.js";
import { type KeptName, parseKeptName } from "./kept-name.js";

interface LandFlags extends TargetFlags {
  message?: string;
}

export function addLand(program: Command): void {
  const command = program.command("land").argument("<runId/effectId>", "as `coppice list` shows it", parseKeptName);
  addTargetFlags(command)
    .description("land kept work")
    .option("-m, --message <text>", "the commit's message")
    .action(async ({ runId, effectId }: KeptName, flags: LandFlags) => {
      const manager = await WorktreeManager.open(flags.repo, { ...targetOptions(flags), runId });
      try {
        const { message } = flags;
        const outcome = await manager.landKept(effectId, message === undefined ? {} : { message });
        const stream = flags.json ? process.stderr : process.stdout;
        const paint = paintFor(stream);
        const landed = outcome.kind === "landed" ? ` as ${outcome.commitOid.slice(0, 12)}` : "";
        const explained = explainOutcomes([outcome], paint);
        stream.write(`${explained.length > 0 ? explained.join("\n") : `${outcome.kind}  ${effectId}${landed}`}\n`);
        if (flags.json) console.log(JSON.stringify(outcome));
        process.exitCode = isSettledWell(outcome.kind) ? 0 : 1;
      } finally {
        await manager.close();
      }
    });
}
