// For each effect that did not land: why, and the commands to type. Also what landed effects left that somebody must know.

import type { BlockedPath, Conflict, Kept, Outcome, Resolution, UnheldReason } from "../effect/effect.js";
import type { CoppiceError } from "../errors.js";
import { outcomeStyles, type Paint, plain } from "./style.js";

const unheldWords: Record<UnheldReason, string> = {
  "nested-repository": "it is a repository of its own",
  "special-file": "it is neither a file nor a link",
  unreadable: "it cannot be read",
  limit: "it is beyond limits.snapshotFiles, Bytes, Depth or PathBytes",
  filter: "its content goes through a filter of the user's, which is not run",
  encoding: "its content is not in the encoding that its attributes name",
  "unsafe-name": "its name could reach git's own files",
  "unportable-name": "its name is not possible on Windows, and portablePaths is on",
};

const maxListed = 8;
const maxOutputLines = 6;

/** Lines without a line break; empty when there is nothing to say. */
export function explainOutcomes(outcomes: readonly Outcome[], paint: Paint = plain): string[] {
  return outcomes.flatMap((outcome) => {
    const lines = [...reasons(outcome), ...leftovers(outcome), ...commands(outcome.kept, paint)];
    if (lines.length === 0) return [];
    const { mark, format } = outcomeStyles[outcome.kind];
    const title = `${paint(format, `${mark} ${outcome.kind}`)}  ${paint("bold", outcome.effectId)}`;
    return [title, ...lines.map((line) => `  ${line}`), ""];
  });
}

function reasons(outcome: Outcome): string[] {
  switch (outcome.kind) {
    case "conflicted":
      return listed(outcome.conflicts.map((conflict) => conflictReason(conflict, outcome.resolutions)));
    case "blocked":
      return listed(outcome.blocked.map(blockedReason));
    case "failed":
    case "aborted":
      return describeError(outcome.error);
    default:
      return [];
  }
}

/** Of several attempts the last one's policy counts. */
function conflictReason({ path, kind }: Conflict, resolutions: readonly Resolution[]): string {
  const tried = resolutions.findLast((resolution) => resolution.path === path && resolution.kind === kind);
  const why = tried === undefined || tried.gaveUp === null ? "" : `; policy "${tried.policy}": ${tried.gaveUp}`;
  return `${kind} conflict in ${path}${why}`;
}

function blockedReason({ path, reason }: BlockedPath): string {
  if (reason !== "repository-changed") return `${path} has your own change (${reason}), which stays`;
  return `${path} has changed while effects ran, and git may run what it says: look at it, then land`;
}

function describeError(error: CoppiceError): string[] {
  const { details } = error;
  const output = (details.stderr?.trim() || details.stdout?.trim() || "").split("\n").filter((line) => line !== "");
  return [`${error.message} (${error.code})`, ...output.slice(-maxOutputLines).map((line) => `| ${line}`)];
}

function leftovers(outcome: Outcome): string[] {
  const unheld = outcome.unheld.map(({ path, reason }) => `${path} stays in the worktree: ${unheldWords[reason]}`);
  const displaced = outcome.kind !== "landed" ? [] : outcome.displaced;
  const put = displaced.map(
    ({ path, keptPath }) =>
      `${path} was changed while landing: ${keptPath === null ? "yours stayed" : `yours is ${keptPath}`}`,
  );
  return listed([...unheld, ...put]);
}

function commands(kept: Kept | null, paint: Paint): string[] {
  if (kept === null) return [];
  const { look, land, drop } = kept.commands;
  const lines = [`${paint("dim", "look")}  ${look}`];
  if (land !== null) lines.push(`${paint("dim", "land")}  ${land}`);
  lines.push(`${paint("dim", "drop")}  ${drop}`);
  return lines;
}

function listed(lines: readonly string[]): string[] {
  if (lines.length <= maxListed) return [...lines];
  return [...lines.slice(0, maxListed), `… and ${lines.length - maxListed} more`];
}
