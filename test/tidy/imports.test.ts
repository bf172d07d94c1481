// The rooms of src/ and who may import whom: the arrows of ARCHITECTURE.md, held by this table.
import { beforeAll, expect, test } from "vitest";
import { codeOf, importsOf, projectFiles, readText } from "./sources.js";

const leaves = [
  "effect/",
  "errors.ts",
  "events.ts",
  "json-in-text.ts",
  "shared-turn.ts",
  "options.ts",
  "quote.ts",
  "semaphore.ts",
  "task.ts",
];
const surface = ["manager.ts", "merge-trees.ts", "parallel.ts", "upkeep.ts"];
const packages = {
  options: ["zod", "ulid"],
  git: ["node-gyp-build"],
  runner: ["piscina", "tsx"],
  provision: ["ignore", "tinyglobby"],
  command: ["commander", "zod"],
};

/** Each room (a folder with a final slash, or a file), the rooms and the packages that it may import. */
const rooms: Record<string, { rooms: readonly string[]; packages?: readonly string[] }> = {
  ...Object.fromEntries(leaves.map((leaf) => [leaf, { rooms: leaves, packages: packages.options }])),
  "git/": { rooms: leaves, packages: packages.git },
  "run.ts": { rooms: [...leaves, "git/"], packages: ["ulid"] },
  "runner/": { rooms: leaves, packages: packages.runner },
  "worktree/": { rooms: [...leaves, "git/", "run.ts"], packages: packages.provision },
  "merge/": { rooms: [...leaves, "git/", "run.ts"], packages: ["ignore"] },
  "repository/": { rooms: [...leaves, "git/", "run.ts"], packages: ["ulid"] },
  "recovery/": { rooms: [...leaves, "git/", "run.ts", "worktree/", "merge/"] },
  "verification-gate.ts": { rooms: [...leaves, "run.ts", "worktree/", "runner/", "merge/"] },
  "rooms.ts": {
    rooms: [
      ...leaves,
      "git/",
      "run.ts",
      "recovery/",
      "repository/",
      "worktree/",
      "runner/",
      "merge/",
      "verification-gate.ts",
    ],
  },
  "effect-claims.ts": { rooms: [...leaves, "git/", "run.ts"] },
  "base.ts": { rooms: [...leaves, "merge/", "rooms.ts"] },
  "run-task.ts": { rooms: [...leaves, "rooms.ts", "worktree/"] },
  "street.ts": { rooms: [...leaves, "base.ts", "rooms.ts", "run-task.ts", "runner/", "worktree/"] },
  "driven-lease.ts": { rooms: [...leaves, "rooms.ts", "worktree/"] },
  "kept-landing.ts": { rooms: [...leaves, "rooms.ts", "merge/"] },
  "merge-trees.ts": { rooms: [...leaves, "git/"] },
  "upkeep.ts": { rooms: [...leaves, "git/", "run.ts", "recovery/", "worktree/", "merge/"] },
  "parallel.ts": { rooms: [...leaves, "base.ts", "street.ts"] },
  "manager.ts": {
    rooms: [
      ...leaves,
      "base.ts",
      "driven-lease.ts",
      "effect-claims.ts",
      "kept-landing.ts",
      "merge/",
      "parallel.ts",
      "recovery/",
      "rooms.ts",
      "street.ts",
      "worktree/",
    ],
  },
  "report/": { rooms: ["effect/", "errors.ts", "events.ts"] },
  "report.ts": { rooms: ["report/"] },
  "index.ts": { rooms: [...leaves, ...surface, "merge/", "worktree/"] },
  "babysitter/": { rooms: ["index.ts"] },
  "babysitter.ts": { rooms: ["babysitter/"] },
  "cli/": { rooms: ["index.ts", "report.ts"], packages: packages.command },
};

let files: string[];
beforeAll(async () => {
  files = await projectFiles("src", ".ts");
});

function roomOf(path: string): string {
  const inside = path.replace(/^src\//, "");
  const slash = inside.indexOf("/");
  return slash < 0 ? inside : inside.slice(0, slash + 1);
}

/** "zod" of "zod/v4". */
function packageOf(name: string): string {
  return name
    .split("/")
    .slice(0, name.startsWith("@") ? 2 : 1)
    .join("/");
}

test("every file belongs to a room", () => {
  expect([...new Set(files.map(roomOf))].filter((room) => !(room in rooms))).toEqual([]);
});

test("no room imports a room, or a package, that it may not", async () => {
  const wrong: string[] = [];
  for (const file of files) {
    const room = roomOf(file);
    const { rooms: allowed, packages: known = [] } = rooms[room] ?? { rooms: [] };
    for (const name of await importsOf(file)) {
      if (name.startsWith("node:")) continue;
      const fine = name.startsWith("src/")
        ? roomOf(name) === room || allowed.includes(roomOf(name))
        : known.includes(packageOf(name));
      if (!fine) wrong.push(`${file} imports ${name}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("no file imports itself over others", async () => {
  for (const file of files) expect(await pathBack(file), file).toBeNull();
});

test("only git/ loads the addon, and only runner/ starts processes", async () => {
  const rooms = async (name: string) => new Set((await filesThatImport(name)).map(roomOf));
  expect(await rooms("node-gyp-build")).toEqual(new Set(["git/"]));
  expect(await rooms("src/git/load-native.ts")).toEqual(new Set(["git/"]));
  expect(await rooms("node:child_process")).toEqual(new Set(["runner/"]));
});

test("nothing in src starts git", async () => {
  for (const file of files) {
    expect(codeOf(await readText(file)), file).not.toMatch(/(spawn|exec|fork|execFile|commandTask)\w*\(\s*["'`]git\b/);
  }
});

test("what a task module imports loads neither the addon nor the manager", async () => {
  const loaded = [...(await reachable("src/task.ts"))];
  expect(loaded.filter((file) => !leaves.includes(roomOf(file)))).toEqual([]);
});

async function filesThatImport(name: string): Promise<string[]> {
  const found: string[] = [];
  for (const file of files) if ((await importsOf(file)).includes(name)) found.push(file);
  return found;
}

/** The files of src/ that are loaded with a file, directly or over others. */
async function reachable(from: string): Promise<Set<string>> {
  const seen = new Set<string>();
  const next = [from];
  for (let file = next.pop(); file !== undefined; file = next.pop()) {
    for (const name of await importsOf(file, { types: false })) {
      if (!name.startsWith("src/") || seen.has(name)) continue;
      seen.add(name);
      next.push(name);
    }
  }
  return seen;
}

/** The last file of a way from a file back to itself; null: there is none. */
async function pathBack(file: string): Promise<string | null> {
  for (const name of await reachable(file))
    if ((await importsOf(name, { types: false })).includes(file)) return `over ${name}`;
  return null;
}
