// A run is cut short, or comes to its end; then something of what is on disk is damaged, and the same run is walked again. It may be
// refused as a whole, or effects may fail: with an error of ours each, soon, and without harm to anything of the user's. When the damage
// has been taken back everything comes to its end.
import { readdir, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { Damaged, damages } from "../damage/damages.js";
import { type Edited, editEntries, ledgerHeads, ledgerTexts, moveHead } from "../damage/ledger-edits.js";
import { filesOf, type Target, targets } from "../damage/targets.js";
import { type Ground, layGround } from "../ground.js";
import { judge, judgeAtOnce } from "../oracle.js";
import { seeded } from "../random.js";
import type { Case, Finding, Plan, Problem, Scenario } from "../scenario.js";
import { unasked } from "../two-lives.js";
import { judgeUsersFiles } from "../users-files.js";
import { type WalkOrder, walk } from "../walk.js";
import { copyWorld, type World } from "../world.js";

/** Times that each class of file meets each damage, each at a file and an offset of its own. */
const times = 3;
/** Where the first process dies, so that worktrees, notes and unsettled snapshots are there. */
const deaths = ["snapshot", "flush", "moveTarget", "updatePaths", "endLanding", "releaseClaim", "reset"] as const;

type Harm = (world: World, random: () => number) => Promise<{ what: string; edited: Edited } | null>;

export const corruption: Scenario = {
  name: "corruption",
  shows: "damaged objects, packs, indexes, refs, admin files, ledgers",
  amounts: { quick: 5, full: 500 },
  measures: ["lost", "mixed", "wrongSuccesses", "crashes", "userBytesLost"],
  async plan({ folder, seed }): Promise<Plan> {
    const ground = await layGround(folder);
    const files = targets.flatMap((target) =>
      Object.keys(damages).flatMap((damage) =>
        Array.from({ length: times }, (_, time): [string, Harm] => [
          `${target}-${damage}-${time}`,
          (world, random) => damageFile(world, target, damage, random),
        ]),
      ),
    );
    const ledgers = [
      ...ledgerTexts.flatMap((text) =>
        (["entries", "landing"] as const).map((which): [string, Harm] => [
          `ledger-${which}-${text.replaceAll(" ", "-").replaceAll(",", "")}`,
          (world) => edited(`${which} of the ledger: ${text}`, editEntries(world, text, which)),
        ]),
      ),
      ...ledgerHeads.map((to): [string, Harm] => [
        `ledger-is-${to.replaceAll(" ", "-")}`,
        (world) => edited(`the ledger's ref names ${to}`, moveHead(world, to)),
      ]),
    ];
    const cases = [...files, ...ledgers].map(([name, harm], number): Case => {
      const random = seeded(seed * 10_000 + number);
      return {
        name,
        take: async (place) => liveThroughDamage(await copyWorld(ground.template, place), ground, harm, random),
      };
    });
    return { cases };
  },
};

async function damageFile(world: World, target: Target, damage: string, random: () => number) {
  const files = await filesOf(world, target);
  const path = files[Math.floor(random() * files.length)];
  if (path === undefined) return null;
  return { what: `${damage}: ${relative(world.folder, path)}`, edited: await Damaged.do(path, damage, random) };
}

async function edited(what: string, editing: Promise<Edited | null>) {
  const made = await editing;
  return made === null ? null : { what, edited: made };
}

async function liveThroughDamage(world: World, ground: Ground, harm: Harm, random: () => number): Promise<Finding> {
  const first = await walk(world, deathOf(ground, random));
  const harmed = await harm(world, random);
  // At its end a run has no worktrees left to damage, and so on.
  if (harmed === null) return { faults: 0, kills: 0, problems: [] };
  const troubled = await walk(world);
  const problems = [...unasked(troubled, true), ...(await judgeUsersFiles(world))];
  const mended = await harmed.edited.mend();
  problems.push(...(await judgeAtOnce(world, troubled.acknowledged)).map(asWrongSuccess));
  if (harmed.what.includes("/coppice/locks/lock-")) await removeLocks(world);
  const last = await walk(world);
  // What stands on a ledger that was not true is not true either, and an index that is not there says that everything is staged to go;
  // but nothing may crash, and the user's files are the user's.
  const whole = mended || !/ledger|\.git\/index$/.test(harmed.what);
  problems.push(...unasked(last, !whole), ...(await judgeUsersFiles(world)));
  if (whole) {
    const lives = [first, troubled, last].map(({ acknowledged }) => acknowledged);
    // What could not be read in between was left, and is adopted under a name of its own.
    problems.push(...(await judge(world, ground.expected, lives)).filter(({ kind }) => kind !== "leftovers"));
  }
  return {
    faults: 1,
    kills: 0,
    problems: problems.map((problem) => ({ ...problem, what: `${harmed.what}: ${problem.what}` })),
  };
}

/** Locks are told by an inode that the damage has taken: they count as somebody else's, and what is said then is done by hand. */
async function removeLocks({ repository }: World): Promise<void> {
  const gitDirectory = join(repository, ".git");
  const names = await readdir(gitDirectory, { recursive: true });
  for (const name of names.filter((name) => name.endsWith(".lock"))) await rm(join(gitDirectory, name));
}

/** In one of four cases it does not die. */
function deathOf({ calls }: Ground, random: () => number): WalkOrder {
  const call = deaths[Math.floor(random() * deaths.length)] as string;
  const nth = 1 + Math.floor(random() * Math.max(1, calls[call] ?? 1));
  const when = random() < 0.5 ? "before" : "after";
  return random() < 0.25 ? {} : { arm: { call, nth, when } };
}

function asWrongSuccess({ kind, what }: Problem): Problem {
  return { kind: kind === "lost" ? "wrongSuccesses" : kind, what };
}
