// Takes a scenario: its cases, some at once, each in a fresh folder.
import { mkdir, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { sample } from "./random.js";
import type { Case, Finding, Scenario } from "./scenario.js";
import { type ScenarioResult, Tally } from "./tally.js";

export interface Taking {
  /** Fresh, and for this scenario alone. */
  readonly folder: string;
  readonly seed: number;
  readonly quick: boolean;
  /** Only cases whose names are here; null: a sample of all. */
  readonly only: readonly string[] | null;
  progress(done: number, all: number, problems: number): void;
}

export async function takeScenario(scenario: Scenario, taking: Taking): Promise<ScenarioResult> {
  const { folder, seed, quick } = taking;
  const start = performance.now();
  const shared = join(folder, "shared");
  await mkdir(shared, { recursive: true });
  const plan = await scenario.plan({ folder: shared, seed, quick });
  const tally = new Tally();
  if ("cases" in plan) await takeCases(choose(scenario, plan.cases, taking), scenario.atOnce, taking, tally);
  const { cases, faults, kills, problems, abortMs, figures } = tally;
  const skipped = "skipped" in plan ? plan.skipped : null;
  const seconds = (performance.now() - start) / 1000;
  const sums = { cases, faults, kills, problems, abortMs, figures };
  return { name: scenario.name, shows: scenario.shows, skipped, ...sums, seconds };
}

function choose(scenario: Scenario, cases: readonly Case[], { only, quick, seed }: Taking): readonly Case[] {
  if (only !== null) return cases.filter(({ name }) => only.includes(name));
  return sample(cases, scenario.amounts[quick ? "quick" : "full"], seed);
}

async function takeCases(
  cases: readonly Case[],
  atOnce = availableParallelism(),
  { folder, progress }: Taking,
  tally: Tally,
): Promise<void> {
  const waiting = cases.map((one, number) => ({ one, place: join(folder, `case-${number}`) }));
  const takeNext = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { one, place } = next;
      tally.add(one.name, await takeCase(one, place));
      progress(tally.cases, cases.length, tally.problems.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, cases.length) }, takeNext));
}

/** A case that cannot be taken is a finding: it must not end the others, nor pass for a success. */
async function takeCase(one: Case, place: string): Promise<Finding> {
  await mkdir(place);
  try {
    return await one.take(place);
  } catch (error) {
    const what = `the case itself failed: ${(error as Error).stack ?? String(error)}`;
    return { faults: 0, kills: 0, problems: [{ kind: "crashes", what }] };
  } finally {
    await rm(place, { recursive: true, force: true, maxRetries: 3 });
  }
}
