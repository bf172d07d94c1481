// The flags that commands share, and the manager's options that they stand for.

import { type Command, InvalidArgumentError, Option } from "commander";
import type { ManagerOptions } from "../index.js";

export interface RepositoryFlags {
  repo: string;
  json: boolean;
}

export interface TargetFlags extends RepositoryFlags {
  target?: string;
  history?: "linear" | "merge";
  land?: "commit" | "working-tree";
}

export interface ManagerFlags extends TargetFlags {
  runId?: string;
  worktrees?: number;
  ignored?: "keep" | "clean";
  onConflict?: "keep" | "ours" | "theirs" | "union" | "rerun";
  link: string[];
  copy: string[];
}

export function addRepositoryFlags(command: Command): Command {
  return command
    .option("--repo <path>", "a path in the repository", ".")
    .option("--json", "one JSON object as the last line of standard output", false);
}

export function addTargetFlags(command: Command): Command {
  return addRepositoryFlags(command)
    .option("--target <branch>", "where effects land (default: the branch that is checked out)")
    .addOption(
      new Option("--history <how>", "one commit an effect, or with the snapshot as second parent").choices([
        "linear",
        "merge",
      ]),
    )
    .addOption(
      new Option("--land <how>", "as commits, or as uncommitted changes of the working tree").choices([
        "commit",
        "working-tree",
      ]),
    );
}

export function addManagerFlags(command: Command): Command {
  return addTargetFlags(command)
    .option("--run-id <id>", "name the run: given again, effects that have landed are not run again")
    .option("--worktrees <n>", "worktrees at once (default: 8)", positiveInteger)
    .addOption(new Option("--ignored <what>", "ignored files when a worktree is used again").choices(["keep", "clean"]))
    .addOption(
      new Option(
        "--on-conflict <policy>",
        "keep the work, take what is on the target (ours) or the effect's (theirs), join lines, or run the task again",
      ).choices(["keep", "ours", "theirs", "union", "rerun"]),
    )
    .option("--link <glob>", "ignored paths to link into every worktree (repeatable)", collect, [])
    .option("--copy <glob>", "ignored paths to copy into every worktree (repeatable)", collect, []);
}

/** The options that flags were given for. */
export function targetOptions({ target, history, land }: TargetFlags): ManagerOptions {
  return given({ target, history, land });
}

/** What the flags say, on top of what a plan says. */
export function managerOptions(flags: ManagerFlags, plan: ManagerOptions = {}): ManagerOptions {
  const { runId, ignored, onConflict, worktrees, link, copy } = flags;
  return {
    ...plan,
    ...targetOptions(flags),
    ...given({ runId, ignored, onConflict }),
    limits: { ...plan.limits, ...given({ worktrees }) },
    provision: {
      ...plan.provision,
      link: [...(plan.provision?.link ?? []), ...link],
      copy: [...(plan.provision?.copy ?? []), ...copy],
    },
  };
}

/** Without the names whose value is undefined, which would stand for an option of their own. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}

export function positiveInteger(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) throw new InvalidArgumentError("It must be a whole number from 1.");
  return number;
}

function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}
