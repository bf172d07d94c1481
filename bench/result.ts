// A finished trial as it is printed, saved and read again.
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Circumstances } from "./machine.js";
import type { PeerFigures } from "./reading.js";

export const resultsFolder = join(import.meta.dirname, "results");

/** The figures stand beside these, under the names that the trial promises. */
export interface Result extends Circumstances {
  trial: string;
  repository: string;
  concurrency: number;
  peers: PeerFigures[];
  [figure: string]: unknown;
}

/** One file for a trial with its settings: a newer run replaces it. */
export async function saveResult(result: Result, folder = resultsFolder): Promise<string> {
  await mkdir(folder, { recursive: true });
  const size = [result.files, result.effects].filter((part) => part !== undefined).join("-");
  const file = join(folder, `${[result.trial, size].filter((part) => part !== "").join("-")}.json`);
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  return file;
}

export async function readResults(folder = resultsFolder): Promise<Result[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".json")).sort();
  return Promise.all(names.map(async (name) => JSON.parse(await readFile(join(folder, name), "utf8")) as Result));
}
