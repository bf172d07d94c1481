// `coppice list`: what Coppice has in the repository, of every run, and what to type about it.

import type { Command } from "commander";
import { inspectRepository, type KeptWork, type ManagedWorktree, type RepositoryInventory } from "../index.js";
import { layColumns, type Paint, paintFor } from "../report.js";
import { addRepositoryFlags, type RepositoryFlags } from "./flags.js";

const columns = [
  { title: "worktree", align: "left" as const },
  { title: "state", align: "left" as const },
  { title: "effect", align: "left" as const },
  { title: "run", align: "left" as const },
  { title: "path", align: "left" as const },
];

export function addList(program: Command): void {
  addRepositoryFlags(program.command("list"))
    .description("show the worktrees and the kept work of every run")
    .action(async (flags: RepositoryFlags) => {
      const inventory = await inspectRepository(flags.repo);
      if (flags.json) console.log(JSON.stringify(describeInventory(inventory)));
      else console.log(lines(inventory, paintFor(process.stdout)).join("\n"));
    });
}

function lines({ repository, worktrees, kept }: RepositoryInventory, paint: Paint): string[] {
  if (worktrees.length === 0 && kept.length === 0) return [`Nothing of Coppice is in ${repository}.`];
  return [
    ...(worktrees.length === 0 ? [] : [...worktreeLines(worktrees, paint), ""]),
    ...kept.flatMap((work) => keptLines(work, paint)),
    ...worktrees.filter(({ state }) => state === "kept").flatMap((worktree) => keptWorktreeLines(worktree, paint)),
  ];
}

function worktreeLines(worktrees: readonly ManagedWorktree[], paint: Paint): string[] {
  const rows = worktrees.map(({ name, state, effectId, runId, path, present }) =>
    [name, state, effectId ?? "-", runId ?? "-", present ? path : `${path} (not there)`].map((text) => ({ text })),
  );
  return layColumns(columns, rows, Number.POSITIVE_INFINITY, paint);
}

function keptLines(work: KeptWork, paint: Paint): string[] {
  const labels = Object.entries(work.labels).map(([name, value]) => `${name}=${value}`);
  return [
    ...titled(`${work.runId}/${work.effectId}`, keptCommands(work), paint),
    ...(labels.length === 0 ? [] : [`  ${paint("dim", labels.join("  "))}`]),
  ];
}

function keptWorktreeLines({ runId, effectId, path, reason }: ManagedWorktree, paint: Paint): string[] {
  const name = `${runId}/${effectId}`;
  return [
    ...titled(`${name} in ${path}`, { look: `git -C ${path} status`, drop: `coppice drop ${name}` }, paint),
    `  ${paint("dim", reason)}`,
  ];
}

function titled(title: string, commands: Record<string, string>, paint: Paint): string[] {
  const typed = Object.entries(commands).map(([verb, line]) => `  ${paint("dim", verb)}  ${line}`);
  return [`${paint("yellow", "kept")}  ${paint("bold", title)}`, ...typed];
}

function keptCommands({ runId, effectId, ref }: KeptWork): Record<string, string> {
  const name = `${runId}/${effectId}`;
  return { look: `git diff ${ref}~ ${ref}`, land: `coppice land ${name}`, drop: `coppice drop ${name}` };
}

function describeInventory({ repository, worktrees, kept }: RepositoryInventory) {
  return { repository, worktrees, kept: kept.map((work) => ({ ...work, commands: keptCommands(work) })) };
}
