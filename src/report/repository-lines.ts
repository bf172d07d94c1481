// A change of the shared repository, for people: who may have made it, what it is, and what to type when it is not wanted.

import type { Events, RepositoryChange } from "../events.js";
import { type Paint, plain } from "./style.js";

type Changed = Pick<Events["repository:changed"], "effectIds" | "changes" | "stopsLanding">;

const maxEffects = 5;

/** Lines without a line break. */
export function repositoryLines({ effectIds, changes, stopsLanding }: Changed, paint: Paint = plain): string[] {
  const shown = effectIds.slice(0, maxEffects).join(", ");
  const more = effectIds.length > maxEffects ? ` and ${effectIds.length - maxEffects} more` : "";
  const during = effectIds.length === 0 ? "between effects" : `while ${shown}${more} ran`;
  return [
    `${paint("yellow", "!")} the repository has changed ${during}:`,
    ...changes.flatMap((change) => changeLines(change, paint)),
    ...(stopsLanding ? ["  nothing lands now: what effects do is kept, until this is undone or acknowledged"] : []),
  ];
}

function changeLines({ path, change, keys, codeBearing, restore }: RepositoryChange, paint: Paint): string[] {
  const about = keys.length === 0 ? "" : `  ${keys.join(" ")}`;
  const line = `  ${paint(codeBearing ? "red" : "dim", change)}  ${path}${about}`;
  if (!codeBearing) return [line];
  return [line, `    ${paint("dim", "undo")}  ${restore ?? "what was there could not be kept"}`];
}
