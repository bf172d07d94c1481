// `coppice run <plan>`: the effects of a plan.

import { type Command, Option } from "commander";
import type { CallOptions } from "../index.js";
import { addManagerFlags, type ManagerFlags, managerOptions } from "./flags.js";
import { readPlan } from "./plan.js";
import { settleEffects } from "./settle.js";

interface RunFlags extends ManagerFlags {
  base?: string;
  order: NonNullable<CallOptions["order"]>;
}

export function addRun(program: Command): void {
  const command = program
    .command("run")
    .argument("<plan>", "a JSON file, or a module that exports the plan as default");
  addManagerFlags(command)
    .description("run the effects of a plan, each in a worktree of its own, and land them")
    .addOption(orderOption())
    .option("--base <commit>", "what the effects start from: batch, latest, a branch, a tag or an oid")
    .action(async (planPath: string, flags: RunFlags) => {
      const { options, requests } = await readPlan(planPath);
      const call = { order: flags.order, ...(flags.base === undefined ? {} : { base: flags.base }) };
      process.exitCode = await settleEffects(flags, managerOptions(flags, options), requests, call);
    });
}

export function orderOption(): Option {
  return new Option("--order <how>", "land in the order of the effects, or as they settle")
    .choices(["request", "settled"])
    .default("request");
}
