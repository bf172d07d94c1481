// The usual case: a process dies at one point; what it acknowledged holds at once; then another process opens the same run, walks
// every effect to its end, and the oracle looks.
import type { Expected } from "./oracle.js";
import { judge, judgeAtOnce } from "./oracle.js";
import type { Finding, Problem } from "./scenario.js";
import { type Walked, type WalkOrder, walk } from "./walk.js";
import type { World } from "./world.js";

/** @param deaths how each process but the last is to die; one that does not is no fault */
export async function liveAgain(world: World, expected: Expected, deaths: readonly WalkOrder[]): Promise<Finding> {
  const lives: Walked[] = [];
  const problems: Problem[] = [];
  for (const death of deaths) {
    const life = await walk(world, death);
    lives.push(life);
    problems.push(...unasked(life, true), ...(await judgeAtOnce(world, life.acknowledged)));
  }
  const last = await walk(world);
  lives.push(last);
  problems.push(...unasked(last, false));
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

/** Whatever ends a process, other than the death that was asked for. */
export function unasked({ ended, closed, said }: Walked, mayDie: boolean): Problem[] {
  if (ended.hung) return [{ kind: "crashes", what: `a process hung; it said: ${said}` }];
  if (mayDie && ended.signal === "SIGKILL") return [];
  if (ended.signal !== null) return [{ kind: "crashes", what: `a process ended by ${ended.signal}: ${said}` }];
  if (ended.exitCode !== 0 || !closed)
    return [{ kind: "crashes", what: `a process ended with ${ended.exitCode}: ${said}` }];
  return [];
}
