// Everything that could make the product write outside: hostile effect IDs, hostile trees in every place where a tree is read, names that
// tasks leave, and folders that another process swaps for links all the while. Canaries outside are looked at byte for byte. Both ways of
// opening a path are taken. One attempt is one ID, tree or name given to one operation, or one operation beside the swapping.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { git } from "../../test/support/git.js";
import { attack, type Way, ways } from "../hostile/attack.js";
import { layCanaries } from "../hostile/canaries.js";
import { hostileIds } from "../hostile/ids.js";
import { inGitsOrder, type RawEntry, RawObjects } from "../hostile/raw-objects.js";
import { type HostileTree, hostileTrees, namesForFiles } from "../hostile/trees.js";
import { sample } from "../random.js";
import type { Case, Context, Finding, Plan, Scenario } from "../scenario.js";
import { copyWorld, makeTemplate, type World } from "../world.js";

/** Where a tree is read, and paths are opened for it; and where none are, so that one way is enough. */
const openingUses = ["base", "reset", "kept", "target", "removal", "commits"] as const;
const mergeUses = ["merge-base", "merge-ours", "merge-theirs"] as const;
type TreeUse = (typeof openingUses)[number] | (typeof mergeUses)[number];
const idUses = ["id", "run", "landKept", "dropKept", "runId", "madeId"] as const;
const trees = 800;
const treesOfACase = 40;
const ids = 240;
const liveCases = 12;
const liveFolders = { worktree: 6, main: 40 } as const;
const filesOfAFolder = 8;

export const escapes: Scenario = {
  name: "escapes",
  shows: "hostile IDs, trees and names, folders swapped for links",
  amounts: { quick: 14, full: Number.POSITIVE_INFINITY },
  measures: ["crashes", "escapes", "userBytesLost", "lost"],
  async plan({ folder, seed, quick }: Context): Promise<Plan> {
    const template = await makeTemplate(join(folder, "template"));
    const grounds = { template, seed };
    const groups = ways.flatMap((way) => [
      ...openingUses.map((use) => treeCases(grounds, way, use)),
      ...(way === "kernel" ? mergeUses.map((use) => treeCases(grounds, way, use)) : []),
      ...(way === "kernel" ? [[idCase(grounds)]] : []),
      [fileCase(grounds, way)],
      ...(["worktree", "main"] as const).map((where) =>
        Array.from({ length: liveCases }, (_, number) => liveCase(grounds, way, where, number)),
      ),
    ]);
    if (!quick) return { cases: groups.flat() };
    // One of every second group: a sample of all of them would seldom hold one that swaps.
    return {
      cases: groups.flatMap((group, number) => (number % 2 === seed % 2 ? sample(group, 1, seed + number) : [])),
    };
  },
};

interface Grounds {
  readonly template: World;
  readonly seed: number;
}

async function worldWithCanaries({ template }: Grounds, place: string): Promise<{ world: World; outside: string }> {
  const world = await copyWorld(template, place);
  // Of the same names and bytes as files of the tree: whoever follows a link finds there what it expects.
  const texts = await Promise.all(
    ["one", "two", "three"].map((name) => readFile(join(world.repository, `src/a/${name}.txt`), "utf8")),
  );
  const files = Object.fromEntries(texts.map((text, number) => [`${["one", "two", "three"][number]}.txt`, text]));
  return { world, outside: await layCanaries(place, { ...files, ...liveFiles(0) }) };
}

function treeCases(grounds: Grounds, way: Way, use: TreeUse): Case[] {
  const count = Math.ceil(trees / treesOfACase);
  return Array.from({ length: count }, (_, chunk) => ({
    name: `${way}-tree-${use}-${chunk}`,
    async take(place): Promise<Finding> {
      const { world, outside } = await worldWithCanaries(grounds, place);
      await mayRunNothing(world);
      const hostile = hostileTrees(outside, trees, grounds.seed).filter((_, number) => number % count === chunk);
      const { cleanOid, attempts } = await writeTrees(world, hostile);
      return attack(world, "attack", way, { cleanOid, attempts: attempts.map((attempt) => ({ use, ...attempt })) });
    },
  }));
}

/** Commits whose trees are those of a clean one with hostile entries added, and what takes these away again. */
async function writeTrees({ repository }: World, hostile: readonly HostileTree[]) {
  const objects = new RawObjects(repository);
  const cleanOid = await git(repository, ["rev-parse", "main"]);
  const treeOid = await git(repository, ["rev-parse", "main^{tree}"]);
  const clean = await entriesOf(repository, treeOid);
  const otherOid = await objects.commit(
    await objects.tree([...clean, { mode: "100644", name: "zz-other.txt", holds: Buffer.from("other\n") }]),
    [cleanOid],
    "other",
  );
  const attempts = [];
  for (const { name, entries } of hostile) {
    const all = [...clean, ...entries];
    const tree = await objects.tree(name.startsWith("not sorted") ? all : inGitsOrder(all));
    const commitOid = await objects.commit(tree, [cleanOid], name);
    const removalOid = await objects.commit(treeOid, [commitOid], "removal");
    attempts.push({ name, commitOid, removalOid, otherOid });
  }
  return { cleanOid, attempts };
}

async function entriesOf(repository: string, treeOid: string): Promise<RawEntry[]> {
  const listed = await git(repository, ["ls-tree", treeOid]);
  return listed.split("\n").map((line) => {
    const [mode = "", , oid = "", name = ""] = line.split(/[ \t]/);
    return { mode: mode.replace(/^0/, ""), name, holds: { oid } };
  });
}

/** Programs that would show that they have run: nothing of a repository may be run. */
async function mayRunNothing({ repository, folder }: World): Promise<void> {
  const ran = `touch ${join(folder, "outside/ran")}`;
  const config = [
    `[filter "evil"]\n\tclean = ${ran}\n\tsmudge = ${ran}\n\tprocess = ${ran}`,
    `[diff "evil"]\n\ttextconv = ${ran}\n\tcommand = ${ran}`,
    `[merge "evil"]\n\tdriver = ${ran}`,
    `[core]\n\tfsmonitor = ${ran}\n\tsshCommand = ${ran}\n\teditor = ${ran}`,
  ];
  const path = join(repository, ".git/config");
  await writeFile(path, `${await readFile(path, "utf8")}${config.join("\n")}\n`);
}

function fileCase(grounds: Grounds, way: Way): Case {
  return {
    name: `${way}-files`,
    async take(place): Promise<Finding> {
      const { world, outside } = await worldWithCanaries(grounds, place);
      const cleanOid = await git(world.repository, ["rev-parse", "main"]);
      const attempts = namesForFiles().flatMap((file) =>
        ["file", "folder", "link"].map((kind) => ({ use: "files", name: JSON.stringify(file), file, kind, outside })),
      );
      return attack(world, "attack", way, { cleanOid, attempts });
    },
  };
}

function idCase(grounds: Grounds): Case {
  return {
    name: "ids",
    async take(place): Promise<Finding> {
      const { world } = await worldWithCanaries(grounds, place);
      const cleanOid = await git(world.repository, ["rev-parse", "main"]);
      const attempts = hostileIds(ids, grounds.seed).flatMap((id) =>
        idUses.map((use) => ({ use, name: JSON.stringify(id).slice(0, 80), id })),
      );
      return attack(world, "attack", "kernel", { cleanOid, attempts });
    },
  };
}

function liveFiles(version: number): Record<string, string> {
  const names = Array.from({ length: filesOfAFolder }, (_, number) => `file-${number}.txt`);
  return Object.fromEntries(names.map((name) => [name, `${name}, version ${version}\n`]));
}

function liveCase(grounds: Grounds, way: Way, where: "worktree" | "main", number: number): Case {
  return {
    name: `${way}-live-${where}-${number}`,
    async take(place): Promise<Finding> {
      const { world, outside } = await worldWithCanaries(grounds, place);
      const { repository } = world;
      const folders = Array.from({ length: liveFolders[where] }, (_, index) => `live/r${index}`);
      const bases: string[] = [];
      for (const version of [1, 0]) bases.unshift(await commitLive(repository, folders, version));
      await git(repository, ["reset", "--quiet", "--keep", bases[0] as string]);
      const [swapping, swaps] = [join(place, "swapping"), join(place, "swaps")];
      const finding = await attack(world, "live", way, { where, folders, bases, outside, swapping, swaps });
      const times = Number(await readFile(swaps, "utf8").catch(() => "0"));
      if (times >= finding.faults) return finding;
      const what = `only ${times} swaps beside ${finding.faults} operations: nothing was tried`;
      return { ...finding, faults: 0, problems: [...finding.problems, { kind: "crashes", what }] };
    },
  };
}

/** On top of the branch: every folder with every file, in this version. */
async function commitLive(repository: string, folders: readonly string[], version: number): Promise<string> {
  const objects = new RawObjects(repository);
  const files = Object.entries(liveFiles(version)).map(
    ([name, text]): RawEntry => ({ mode: "100644", name, holds: Buffer.from(text) }),
  );
  const names = folders.map((folder) => folder.slice("live/".length)).sort();
  const live = names.map((name): RawEntry => ({ mode: "40000", name, holds: files }));
  const clean = await entriesOf(repository, await git(repository, ["rev-parse", "main^{tree}"]));
  const entries = [...clean, { mode: "40000", name: "live", holds: live }].sort((a, b) => (a.name < b.name ? -1 : 1));
  const parentOid = await git(repository, ["rev-parse", "main"]);
  return objects.commit(await objects.tree(entries), [parentOid], `live ${version}`);
}
