// What differs between two looks at the shared files, and which of it bears code.

import type { ConfigurationEntry, SharedFile } from "../git/native.js";
import { codeBearingAttributes, isCodeBearing } from "./code-bearing.js";

/** By path. */
export type SharedState = ReadonlyMap<string, SharedFile>;

export interface Difference {
  readonly path: string;
  /** Null: it was not there. */
  readonly before: SharedFile | null;
  /** Null: it is gone. */
  readonly after: SharedFile | null;
  /** Names of configuration keys, sorted. */
  readonly keys: readonly string[];
  readonly codeBearing: boolean;
}

/** Sorted by path. */
export function compareStates(before: SharedState, after: SharedState): Difference[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths.flatMap((path) => {
    const difference = { path, before: before.get(path) ?? null, after: after.get(path) ?? null };
    return differs(difference) ? [{ ...difference, ...readDifference(difference) }] : [];
  });
}

type Sides = Pick<Difference, "before" | "after">;

function differs({ before, after }: Sides): boolean {
  if (before === null || after === null) return true;
  if (before.kind !== after.kind || before.digest !== after.digest) return true;
  // The same text is a hook once it may be executed.
  return before.mode !== after.mode;
}

function readDifference(sides: Sides): Pick<Difference, "keys" | "codeBearing"> {
  const { before, after } = sides;
  const place = (after ?? before)?.place;
  switch (place) {
    case "config":
      return readConfiguration(sides);
    case "attributes":
      return { keys: [], codeBearing: attributesDiffer(sides) };
    default:
      return { keys: [], codeBearing: place === "hook" || place === "alternates" };
  }
}

function readConfiguration({ before, after }: Sides): Pick<Difference, "keys" | "codeBearing"> {
  const [old, now] = [valuesOf(before), valuesOf(after)];
  const keys = [...new Set([...old.keys(), ...now.keys()])]
    .filter((name) => JSON.stringify(old.get(name)) !== JSON.stringify(now.get(name)))
    .sort();
  const entries = (name: string) =>
    [...(old.get(name) ?? []), ...(now.get(name) ?? [])].map((value): ConfigurationEntry => ({ name, value }));
  // What cannot be read may say anything.
  const readable = isReadable(before) && isReadable(after);
  return { keys, codeBearing: !readable || keys.some((name) => entries(name).some(isCodeBearing)) };
}

function isReadable(file: SharedFile | null): boolean {
  return file === null || (file.kind === "file" && file.readable);
}

function valuesOf(file: SharedFile | null): Map<string, (string | null)[]> {
  const values = new Map<string, (string | null)[]>();
  for (const { name, value } of file?.entries ?? []) values.set(name, [...(values.get(name) ?? []), value]);
  return values;
}

function attributesDiffer({ before, after }: Sides): boolean {
  const textOf = (file: SharedFile | null) => (file === null ? "" : file.kind === "file" ? file.content : null);
  const [old, now] = [textOf(before), textOf(after)];
  // What is not read may name anything.
  if (old === null || now === null) return true;
  return codeBearingAttributes(old).join("\n") !== codeBearingAttributes(now).join("\n");
}
