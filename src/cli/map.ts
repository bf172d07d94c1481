// `coppice map --items <file|-> -- command {}`: one command for each item, as xargs would, but each in a worktree of its own.

import type { Command } from "commander";
import { type CallOptions, commandTask, type EffectRequest, effectId } from "../index.js";
import { usageError } from "./failure.js";
import { addManagerFlags, type ManagerFlags, managerOptions, positiveInteger } from "./flags.js";
import { readItems } from "./items.js";
import { orderOption } from "./run.js";
import { settleEffects } from "./settle.js";

interface MapFlags extends ManagerFlags {
  items: string;
  null: boolean;
  jobs?: number;
  order: NonNullable<CallOptions["order"]>;
}

const placeholder = "{}";

export function addMap(program: Command): void {
  const command = program
    .command("map")
    .argument("<command...>", `the command; ${placeholder} stands for the item, which comes last when there is none`);
  addManagerFlags(command)
    .description("run a command for each item, each in a worktree of its own, and land what they change")
    .usage("--items <file|-> [options] -- <command> {}")
    .requiredOption("--items <file>", "a file with one item a line, or - for standard input")
    .option("-0, --null", "items end with a NUL byte, as find -print0 prints them", false)
    .option("-j, --jobs <n>", "commands at once", positiveInteger)
    .addOption(orderOption())
    .passThroughOptions()
    .action(async (words: string[], flags: MapFlags) => {
      const items = await readItems(flags.items, flags.null ? "null" : "line");
      const { jobs } = flags;
      const options = managerOptions(flags, jobs === undefined ? {} : { limits: { worktrees: jobs, processes: jobs } });
      process.exitCode = await settleEffects(flags, options, requestsOf(items, words), { order: flags.order });
    });
}

function requestsOf(items: readonly string[], words: readonly string[]): EffectRequest[] {
  const template = words.some((word) => word.includes(placeholder)) ? words : [...words, placeholder];
  const seen = new Set<string>();
  return items.map((item) => {
    if (seen.has(item)) throw usageError(`the item ${JSON.stringify(item)} is there twice: each item is one effect`);
    seen.add(item);
    // Through a function, because a "$&" in an item would otherwise be taken for a pattern.
    const [command = "", ...args] = template.map((word) => word.replaceAll(placeholder, () => item));
    return { id: effectId(item), task: commandTask(command, args), message: `${words.join(" ")}: ${item}` };
  });
}
