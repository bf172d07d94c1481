// The user works in the main tree during a run, on files that the effects change and on others (user.ts says how). In every second case
// the process is killed in the middle of a landing, and the user goes on. The last bytes that the user gave a file are in it, were put
// aside, or are in a commit or a stash; no effect that landed is off the branch, and what it made is there. A git that has read the index
// before it takes its lock, or HEAD before it moves the branch, can put that back unasked: then the product has told so, or tells whoever
// delivers the effects again.
import { git, gitResult } from "../../test/support/git.js";
import { faultAddon } from "../built.js";
import { layGround } from "../ground.js";
import { judgeLasting } from "../oracle.js";
import { seeded } from "../random.js";
import type { Case, Finding, Plan, Scenario } from "../scenario.js";
import { unasked } from "../two-lives.js";
import { User } from "../user.js";
import { type Acknowledged, type WalkOrder, walk } from "../walk.js";
import { copyWorld, type World } from "../world.js";

const landingSteps = [
  "landing.noted",
  "landing.moved",
  "landing.staged",
  "landing.path",
  "landing.settled",
  "landing.publishing",
];

const made: Readonly<Record<string, readonly string[]>> = {
  edit: ["src/a/new.txt"],
  grow: ["grown/deep/er/file.txt", "grown/large.txt", "grown/run.sh"],
  rename: ["src/h/renamed.txt"],
  command: ["command.txt"],
};

export const userWorks: Scenario = {
  name: "user-works",
  shows: "the user edits, turns, moves, commits, stashes, switches branches meanwhile",
  amounts: { quick: 8, full: 400 },
  measures: ["lost", "crashes", "userBytesLost"],
  async plan({ folder, seed }): Promise<Plan> {
    const { template } = await layGround(folder);
    const cases = Array.from({ length: 400 }, (_, number): Case => {
      const random = seeded(seed * 1_000 + number);
      const step = landingSteps[Math.floor(random() * landingSteps.length)] as string;
      const env = { COPPICE_FAILPOINT: step, COPPICE_FAILPOINT_NTH: String(1 + Math.floor(random() * 3)) };
      const order = number % 2 === 0 ? {} : { addon: faultAddon, env };
      return {
        name: number % 2 === 0 ? `${number}` : `${number}-killed-at-${step}`,
        take: async (place) => besides(await copyWorld(template, place), order, random),
      };
    });
    return { cases };
  },
};

async function besides(world: World, order: WalkOrder, random: () => number): Promise<Finding> {
  const user = new User(world.repository, random);
  const working = user.work();
  const first = await walk(world, { ...order, target: "main" });
  const second = await walk(world, { target: "main" });
  user.stop();
  await working;
  const kills = first.ended.signal === "SIGKILL" ? 1 : 0;
  const problems = [...unasked(first, kills > 0), ...unasked(second, false)];
  const lives = [first.acknowledged, second.acknowledged];
  const resetAway = await effectsResetAway(world, lives.flat());
  problems.push(...(await judgeLasting(world, lives, resetAway)));
  const reverted = new Map([...(await revertedEffects(world, lives.flat())), ...resetAway]);
  // The user may have gone on when the last process had ended.
  const third = reverted.size > 0 ? await walk(world, { target: "main" }) : null;
  const told = new Set([first, second, third].flatMap((life) => life?.reverted ?? []));
  problems.push(
    ...[...reverted].flatMap(([effectId, what]) => (told.has(effectId) ? [] : { kind: "lost" as const, what })),
    ...(await user.judge()),
  );
  return { faults: user.acts, kills, problems, figures: { acts: user.acts, revertedAndTold: reverted.size } };
}

/**
 * By effect: `git reset` reads HEAD first and moves the branch there last, so that a landing in between is off the branch again. The reflog
 * shows whether it was that.
 */
async function effectsResetAway(
  { repository }: World,
  acknowledged: readonly Acknowledged[],
): Promise<Map<string, string>> {
  const away = new Map<string, string>();
  const has = async (tip: string, commit: string) =>
    (await gitResult(repository, ["merge-base", "--is-ancestor", commit, tip])).exitCode === 0;
  for (const { effectId, kind, commitOid } of acknowledged) {
    if (kind !== "landed" || commitOid === null || (await has("main", commitOid))) continue;
    const reflog = (await git(repository, ["reflog", "show", "--format=%H %gs", "main"])).split("\n");
    for (const [index, line] of reflog.entries()) {
      const [to = "", before = ""] = [line, reflog[index + 1] ?? line].map((entry) => entry.slice(0, 40));
      const byReset = line.endsWith(" reset: moving to HEAD");
      if (!byReset || !(await has(before, commitOid)) || (await has(to, commitOid))) continue;
      away.set(effectId, `a reset of the user's has taken ${effectId} off main (${line}), and nobody was told`);
    }
  }
  return away;
}

/** By effect: what it has made, and the user never touches. That goes only by a commit that reverts it. */
async function revertedEffects(
  { repository, baseOid }: World,
  acknowledged: readonly Acknowledged[],
): Promise<Map<string, string>> {
  const files = new Set((await git(repository, ["ls-tree", "-r", "--name-only", "main"])).split("\n"));
  const landed = new Set(acknowledged.filter(({ kind }) => kind === "landed").map(({ effectId }) => effectId));
  const reverted = new Map<string, string>();
  for (const [effectId, paths] of Object.entries(made)) {
    const gone = landed.has(effectId) ? paths.filter((path) => !files.has(path)) : [];
    if (gone.length === 0) continue;
    const log = ["log", "--format=%h %s", `${baseOid}..main`, "--", ...gone];
    reverted.set(
      effectId,
      `${effectId} has been reverted at ${gone}, and nobody was told: ${await git(repository, log)}`,
    );
  }
  return reverted;
}
