// What the cases of a scenario stand on: the template of their worlds, and what a walk without faults makes of it.
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Expected, expectedOf } from "./oracle.js";
import { type WalkOrder, walk } from "./walk.js";
import { copyWorld, makeTemplate, type World } from "./world.js";

export interface Ground {
  readonly template: World;
  readonly expected: Expected;
  /** How often each native call was made. */
  readonly calls: Readonly<Record<string, number>>;
}

/** @param bulkFiles more files than the effects touch */
export async function layGround(folder: string, order: WalkOrder = {}, bulkFiles = 0): Promise<Ground> {
  const template = await makeTemplate(await made(folder, "template"), bulkFiles);
  const untouched = await copyWorld(template, await made(folder, "untouched"));
  const report = join(folder, "calls.json");
  const { ended, finished, said } = await walk(untouched, { ...order, report });
  if (!finished) throw new Error(`a walk without a fault ended with ${ended.signal ?? ended.exitCode}: ${said}`);
  const calls = JSON.parse(await readFile(report, "utf8")) as Record<string, number>;
  return { template, expected: await expectedOf(untouched), calls };
}

async function made(folder: string, name: string): Promise<string> {
  await mkdir(join(folder, name), { recursive: true });
  return join(folder, name);
}
