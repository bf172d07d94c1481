// What recovery has done, or would do: a line for each thing, and for kept work what to type next.

import type { Recovery } from "../events.js";
import { type Cell, type Column, layColumns } from "./columns.js";
import { type Format, type Paint, plain } from "./style.js";

const columns: readonly Column[] = [
  { title: "what", align: "left" },
  { title: "becomes", align: "left" },
  { title: "how", align: "left" },
];

type Row = { what: string; becomes: string; format: Format; how: string };

/** Lines without a line break; empty when there is nothing to say. */
export function recoveryTable(recovery: Recovery, paint: Paint = plain): string[] {
  const rows = [...landingRows(recovery), ...workRows(recovery), ...leftRows(recovery)];
  if (rows.length === 0) return [];
  const cells = rows.map(({ what, becomes, format, how }): Cell[] => [
    { text: what },
    { text: becomes, format },
    { text: how },
  ]);
  const lines = layColumns(columns, cells, Number.POSITIVE_INFINITY, paint);
  return recovery.dryRun ? lines : [...lines, ...recovery.kept.flatMap((work) => ["", ...commandLines(work, paint)])];
}

function landingRows({ landing, displaced, locks, dryRun }: Recovery): Row[] {
  const rows: Row[] = [];
  if (landing !== null) {
    const what = `landing on ${landing.target}`;
    const move = `${landing.oldOid.slice(0, 12)}..${landing.newOid.slice(0, 12)}`;
    if (landing.forward)
      rows.push({
        what,
        becomes: dryRun ? "finish" : "finished",
        format: "green",
        how: `${move}: its working tree follows`,
      });
    else
      rows.push({
        what,
        becomes: dryRun ? "discard" : "discarded",
        format: "cyan",
        how: `${move}: it did not move its target`,
      });
  }
  for (const { path, reason, keptPath } of displaced) {
    const how = `yours (${reason}) ${keptPath === null ? "stays as it is" : `is ${keptPath}`}`;
    rows.push({ what: path, becomes: "yours", format: "yellow", how });
  }
  for (const path of locks)
    rows.push({
      what: path,
      becomes: dryRun ? "remove" : "removed",
      format: "cyan",
      how: "the lock of a dead process",
    });
  return rows;
}

function workRows({ kept, repaired, removed, dryRun }: Recovery): Row[] {
  return [
    ...kept.map(({ runId, effectId, paths, worktree }): Row => {
      const from = worktree === null ? "from its snapshot" : `from worktree ${worktree}`;
      const how = `${paths} ${paths === 1 ? "file" : "files"}, ${from}`;
      return { what: `${runId}/${effectId}`, becomes: dryRun ? "keep" : "kept", format: "yellow", how };
    }),
    ...repaired.map(({ name, path }): Row => {
      return {
        what: `worktree ${name}`,
        becomes: dryRun ? "link again" : "linked again",
        format: "green",
        how: `found at ${path}`,
      };
    }),
    ...removed.map(({ name, path }): Row => {
      return { what: `worktree ${name}`, becomes: dryRun ? "remove" : "removed", format: "cyan", how: path };
    }),
  ];
}

function leftRows({ left }: Recovery): Row[] {
  return left.map(({ what, path, why }) => {
    return { what, becomes: "left", format: "yellow", how: path === null ? why : `${path}: ${why}` };
  });
}

function commandLines({ runId, effectId, ref }: Recovery["kept"][number], paint: Paint): string[] {
  const name = `${runId}/${effectId}`;
  return [
    `${paint("yellow", "kept")}  ${paint("bold", name)}`,
    `  ${paint("dim", "look")}  git diff ${ref}~ ${ref}`,
    `  ${paint("dim", "land")}  coppice land ${name}`,
    `  ${paint("dim", "drop")}  coppice drop ${name}`,
  ];
}

/** One line for whoever only wants to know that there was something. */
export function recoveryLine({ landing, kept, removed, left }: Recovery, paint: Paint = plain): string {
  const counts = [
    landing === null ? "" : `a landing ${landing.forward ? "finished" : "discarded"}`,
    kept.length === 0 ? "" : `${kept.length} ${kept.length === 1 ? "effect" : "effects"} kept`,
    removed.length === 0 ? "" : `${removed.length} ${removed.length === 1 ? "worktree" : "worktrees"} removed`,
    left.length === 0 ? "" : `${left.length} left as found`,
  ].filter((text) => text !== "");
  const what = counts.length === 0 ? "leftovers cleared" : counts.join(", ");
  return `${paint("yellow", "recovered")}  ${what}; 'coppice list' shows what there is`;
}
