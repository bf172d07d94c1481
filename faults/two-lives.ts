// The usual case: a process dies at one point; what it acknowledged holds at once; then another process opens the same run, walks
// every effect to its end, and the oracle looks.
import { basename } from "node:path";
import type { Expected } from "./oracle.js";
import { judge, judgeAtOnce, judgeRecovered, landedEffects } from "./oracle.js";
import type { Finding, Problem } from "./scenario.js";
import { type Walked, type WalkOrder, walk } from "./walk.js";
import type { World } from "./world.js";

/** @param deaths how each process but the last is to die; one that does not is no fault */
export async function liveAgain(world: World, expected: Expected, deaths: readonly WalkOrder[]): Promise<Finding> {
  const lives: Walked[] = [];
  const problems: Problem[] = [];
  const landed: Set<string>[] = [];
  for (const death of deaths) {
    const life = await walk(world, death);
    lives.push(life);
    landed.push(await landedEffects(world));
    problems.push(...unasked(life, true), ...(await judgeAtOnce(world, life.acknowledged)));
  }
  const last = await walk(world);
  lives.push(last);
  problems.push(...unasked(last, false));
  // A life that did not come as far as opening may have recovered half: the one after it tells.
  for (const [index, dead] of lives.slice(0, -1).entries()) {
    const next = lives.slice(index + 1).find(({ keptAtOpen }) => keptAtOpen !== null) ?? last;
    problems.push(...judgeRecovered(dead, new Set(landed.flatMap((effectIds) => [...effectIds])), next));
  }
  problems.push(
    ...(await judge(
      world,
      expected,
      lives.map(({ acknowledged }) => acknowledged),
    )),
  );
  const kills = lives.filter(({ ended }) => ended.signal === "SIGKILL" && !ended.hung).length;
  return { faults: kills, kills, problems };
}

/** Whatever ends a process, other than the death that was asked for, and whatever is refused although nothing is wrong. */
export function unasked({ ended, finished, refused, said }: Walked, mayDie: boolean): Problem[] {
  if (ended.hung) return [{ kind: "crashes", what: `a process hung; it said: ${said}` }];
  if (mayDie && ended.signal === "SIGKILL") return [];
  if (ended.signal !== null) return [{ kind: "crashes", what: `a process ended by ${ended.signal}: ${said}` }];
  if (ended.exitCode !== 0 || !finished)
    return [{ kind: "crashes", what: `a process ended with ${ended.exitCode}: ${said}` }];
  return mayDie
    ? []
    : refused.map(({ refused: code, during, message }) => ({ kind: "lost", what: `${during}: ${code} ${message}` }));
}

export interface Trouble {
  /** Ends it; what fails by itself once only needs none. */
  freeUp?(): Promise<unknown>;
  /** The codes that may be told for it; any of ours when absent, and then it is sure to happen. */
  readonly codes?: readonly string[];
}

/** Something fails under a living process: it must say so, and what it says must be true. The next one finds nothing wrong. */
export async function liveThroughErrors(
  world: World,
  expected: Expected,
  order: WalkOrder,
  { freeUp, codes }: Trouble = {},
): Promise<Finding> {
  const troubled = await walk(world, order);
  const { acknowledged, refused } = troubled;
  const problems = [...unasked(troubled, true), ...(await judgeAtOnce(world, acknowledged)).map(asWrongSuccess)];
  const told = [
    ...acknowledged.map(({ effectId, code }) => ({ what: effectId, code })),
    ...refused.map(({ during, refused: code }) => ({ what: during, code })),
  ];
  for (const { what, code } of told) {
    if (code !== null && codes !== undefined && !codes.includes(code))
      problems.push({ kind: "crashes", what: `${what} ended with ${code}` });
  }
  await freeUp?.();
  const last = await walk(world);
  problems.push(...unasked(last, false));
  const found = await judge(world, expected, [acknowledged, last.acknowledged]);
  const named = acknowledged.flatMap(({ keptWorktree }) => keptWorktree ?? []);
  problems.push(...found.filter(({ kind, what }) => !(kind === "leftovers" && mayStay(what, named))));
  // Where a disk has just enough room nothing happens at all.
  const happened = codes === undefined || told.some(({ what, code }) => code !== null && what !== "fail");
  return { faults: happened ? 1 : 0, kills: 0, problems };
}

function asWrongSuccess({ kind, what }: Problem): Problem {
  return { kind: kind === "lost" ? "wrongSuccesses" : kind, what };
}

/** A worktree whose files no commit could be made of stays, and its outcome has named it. */
function mayStay(leftover: string, worktrees: readonly string[]): boolean {
  return worktrees.some((path) => leftover.replace(/\/$/, "").endsWith(`worktrees/${basename(path)}`));
}
