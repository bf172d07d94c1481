// `coppice run <plan>`: the effects of a plan; `coppice run --harness <name> --prompt <text>`: one prompt.

import { type Command, Option } from "commander";
import { type CallOptions, type EffectRequest, effectId, harnessTask } from "../index.js";
import { usageError } from "./failure.js";
import { addManagerFlags, type ManagerFlags, managerOptions } from "./flags.js";
import { type Plan, readPlan } from "./plan.js";
import { settleEffects } from "./settle.js";

interface RunFlags extends ManagerFlags {
  base?: string;
  order: NonNullable<CallOptions["order"]>;
  harness?: string;
  prompt?: string;
  model?: string;
}

export function addRun(program: Command): void {
  const command = program
    .command("run")
    .argument("[plan]", "a JSON file, or a module that exports the plan as default");
  addManagerFlags(command)
    .description("run the effects of a plan, each in a worktree of its own, and land them")
    .addOption(orderOption())
    .option(
      "--base <commit>",
      "what the effects start from: batch, latest, working-tree (what is not committed, too), a branch, a tag or an oid",
    )
    .option("--harness <name>", "instead of a plan: a harness that is given a prompt (docs/harnesses.md)")
    .option("--prompt <text>", "what the harness is to do")
    .option("--model <name>", "the model that the harness works with")
    .action(async (planPath: string | undefined, flags: RunFlags) => {
      const { options, requests } = planPath === undefined ? promptPlan(flags) : await readPlan(planPath);
      if (planPath !== undefined && flags.harness !== undefined) throw usageError("give a plan or --harness, not both");
      const call = { order: flags.order, ...(flags.base === undefined ? {} : { base: flags.base }) };
      process.exitCode = await settleEffects(flags, managerOptions(flags, options), requests, call);
    });
}

export function orderOption(): Option {
  return new Option("--order <how>", "land in the order of the effects, or as they settle")
    .choices(["request", "settled"])
    .default("request");
}

/** The one effect of a prompt on the command line. */
function promptPlan({ harness, prompt, model }: RunFlags): Plan {
  if (harness === undefined || prompt === undefined) throw usageError("a plan is needed, or --harness and --prompt");
  const task = harnessTask(harness, { prompt, ...(model === undefined ? {} : { model }) });
  const request: EffectRequest = { id: effectId(prompt), task, message: prompt };
  return { options: {}, requests: [request] };
}
