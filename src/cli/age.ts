// An age as people type it: a whole number of minutes, hours or days.

import { InvalidArgumentError } from "commander";

const unitMs: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** "90m", "12h", "30d" as milliseconds. */
export function parseAge(text: string): number {
  const [, count = "", unit = ""] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const ms = unitMs[unit];
  if (ms === undefined)
    throw new InvalidArgumentError("It must be a whole number of minutes, hours or days: 90m, 12h, 30d.");
  return Number(count) * ms;
}
