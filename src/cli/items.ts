// The items of `coppice map`: one a line, or separated by NUL bytes as `find -print0` prints them.

import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { usageError } from "./failure.js";

/** @param from a file, or "-" for standard input */
export async function readItems(from: string, separator: "line" | "null"): Promise<string[]> {
  const whole = await read(from);
  const items = separator === "null" ? whole.split("\0") : whole.split(/\r?\n/);
  // A separator ends an item, so the last piece is empty; an empty item in between has no sense either.
  return items.filter((item) => item !== "");
}

async function read(from: string): Promise<string> {
  if (from === "-") return text(process.stdin);
  try {
    return await readFile(from, "utf8");
  } catch (error) {
    throw usageError(`the items cannot be read: ${(error as Error).message}`);
  }
}
