// Trees that must not get out: each a list of entries beside those of a clean commit, aimed at canaries outside or at git's own files.
// Names are bytes, one a character (latin1); what Linux cannot have as a file's name can still stand in a tree.
import { sample, seeded } from "../random.js";
import type { RawEntry } from "./raw-objects.js";

export interface HostileTree {
  readonly name: string;
  readonly entries: readonly RawEntry[];
}

const link = "120000";
const file = "100644";
const run = "100755";
const folder = "40000";
const submodule = "160000";

const evil = Buffer.from("written by a hostile tree\n");
const hook = Buffer.from("#!/bin/sh\ntouch hook-ran\n");
const anyCommit = { oid: "1234567890123456789012345678901234567890" };

const utf8 = (text: string) => Buffer.from(text, "utf8").toString("latin1");

/** What case-folding, NTFS and HFS+ filesystems take for git's folder, and what leads up. */
const names: readonly string[] = [
  ...[
    ".git",
    ".GIT",
    ".Git",
    ".giT",
    "git~1",
    "GIT~1",
    "Git~1",
    "git~1.",
    "git~1 . ",
    ".git.",
    ".git ",
    ".git. .",
    ".git...",
    ". git",
  ],
  ...[".git::$INDEX_ALLOCATION", ".git:stream", "git~1:x", ".git::$DATA", ".GIT::$index_allocation"],
  ...[
    ".g\u200cit",
    "\u200e.git",
    ".git\ufeff",
    "\ufeff.GIT",
    ".g\u206fit",
    ".g\u202ait",
    ".\u200d\u200eg\u206aI\u206bt\ufeff",
  ].map(utf8),
  ...[
    ".git\\x",
    "git~1\\x",
    "a\\.git",
    "a\\.git\\config",
    "a\\git~1",
    ".git\\config",
    "..\\outside\\canary.txt",
    "..\\..\\x",
    "\\x",
    "C:\\x",
    "C:x",
  ],
  ...[
    "..",
    ".",
    "",
    "...",
    ".. ",
    "..\u200c",
    "../outside/new",
    "../../outside/new",
    "a/../../outside/new",
    "./x",
    "x/",
    "/",
    "//",
    "a/b",
  ].map(utf8),
  ...[
    ".git/config",
    ".git/hooks/pre-commit",
    ".git/HEAD",
    ".GIT/config",
    "a/.git/config",
    "src/a/../../.git/config",
    "src/a/one.txt/below",
  ],
  ...[
    "con",
    "nul.txt",
    "COM1",
    "aux.",
    "a:b",
    "a ",
    "a.",
    "\u0001",
    "\n",
    "\r\n",
    "\u007f",
    "-rf",
    "--help",
    "\x80\xff",
    "\xc0\xaf",
    "\xe2\x80",
  ],
  ...["x".repeat(255), "x".repeat(256), "x".repeat(4_096), "x".repeat(5_000), `${"../".repeat(200)}outside`],
  ...[".gitmodules", ".gitattributes", ".gitignore", ".mailmap", "gitmod~1", "gi7eba~1"],
];

/** Of one name every kind of entry: something of it must not be taken. */
function kindsOf(name: string, outside: string): HostileTree[] {
  const shown = JSON.stringify(name).slice(1, 40);
  return [
    { name: `file ${shown}`, entries: [{ mode: file, name, holds: evil }] },
    {
      name: `folder ${shown}`,
      entries: [
        {
          mode: folder,
          name,
          holds: [
            { mode: file, name: "canary.txt", holds: evil },
            { mode: file, name: "config", holds: evil },
            { mode: folder, name: "hooks", holds: [{ mode: run, name: "pre-commit", holds: hook }] },
          ],
        },
      ],
    },
    { name: `link ${shown}`, entries: [{ mode: link, name, holds: Buffer.from(outside) }] },
    { name: `submodule ${shown}`, entries: [{ mode: submodule, name, holds: anyCommit }] },
  ];
}

/** What one name alone does not do: two entries that only together lead out, and entries that are no entries. */
function combined(outside: string): HostileTree[] {
  const inFolder = (name: string): RawEntry => ({
    mode: folder,
    name,
    holds: [
      { mode: file, name: "canary.txt", holds: evil },
      { mode: file, name: "new.txt", holds: evil },
    ],
  });
  const out = (name: string, target = outside): RawEntry => ({ mode: link, name, holds: Buffer.from(target) });
  const plain = (name: string): RawEntry => ({ mode: file, name, holds: evil });
  const odd = (mode: string): HostileTree => ({ name: `mode ${mode}`, entries: [{ mode, name: "odd", holds: evil }] });
  return [
    { name: "link, then folder", entries: [out("x"), inFolder("x")] },
    { name: "folder, then link", entries: [inFolder("x"), out("x")] },
    { name: "relative link, then folder", entries: [out("x", "../outside"), inFolder("x")] },
    { name: "link to git's folder, then folder", entries: [out("x", ".git"), inFolder("x")] },
    {
      name: "link to git's hooks",
      entries: [
        out("x", ".git/hooks"),
        { mode: folder, name: "x", holds: [{ mode: run, name: "pre-commit", holds: hook }] },
      ],
    },
    { name: "link to a canary, then file", entries: [out("x", `${outside}/canary.txt`), plain("x")] },
    { name: "file, then link to a canary", entries: [plain("x"), out("x", `${outside}/canary.txt`)] },
    { name: "case twins of link and folder", entries: [out("X"), inFolder("x")] },
    { name: "case twins of folder and link", entries: [inFolder("X"), out("x")] },
    { name: "chain of links", entries: [out("l1", "l2"), out("l2", "l3"), out("l3", "../outside"), inFolder("l1")] },
    { name: "link in the place of a folder", entries: [out("src2"), inFolder("src2"), out("src2")] },
    { name: "twice the same file", entries: [plain("x"), plain("x")] },
    { name: "file and folder of one name", entries: [plain("x"), inFolder("x")] },
    { name: "folder and file of one name", entries: [inFolder("x"), plain("x")] },
    {
      name: "submodule and folder of one name",
      entries: [{ mode: submodule, name: "x", holds: anyCommit }, inFolder("x")],
    },
    { name: "submodule and link of one name", entries: [{ mode: submodule, name: "x", holds: anyCommit }, out("x")] },
    { name: "link of many bytes", entries: [out("x", "../".repeat(2_000))] },
    {
      name: "link with a NUL",
      entries: [{ mode: link, name: "x", holds: Buffer.from(`${outside}\0/x`) }, inFolder("x")],
    },
    { name: "link of no bytes", entries: [out("x", ""), inFolder("x")] },
    { name: "link of attributes", entries: [out(".gitattributes", `${outside}/canary.txt`)] },
    {
      name: "filter for everything",
      entries: [
        { mode: file, name: ".gitattributes", holds: Buffer.from("* filter=evil diff=evil merge=evil\n") },
        plain("x"),
      ],
    },
    { name: "file that is a tree", entries: [{ mode: file, name: "x", holds: [plain("y")] }] },
    { name: "tree that is a blob", entries: [{ mode: folder, name: "x", holds: evil }] },
    { name: "tree that is not there", entries: [{ mode: folder, name: "x", holds: anyCommit }] },
    { name: "blob that is not there", entries: [{ mode: file, name: "x", holds: anyCommit }] },
    { name: "not sorted", entries: [plain("z"), plain("b"), inFolder("a")] },
    ...[
      "0",
      "1",
      "100777",
      "104755",
      "106755",
      "40755",
      "040000",
      "0100644",
      "120777",
      "140000",
      "170000",
      "777777777777777777777",
      "-1",
      "100644 x",
      "",
      "abc",
      "20000",
      "60000",
      "10000",
    ].map(odd),
  ];
}

function within(depth: number, tree: HostileTree): HostileTree {
  let { entries } = tree;
  for (let level = 0; level < depth; level++) entries = [{ mode: folder, name: "d", holds: entries }];
  return { name: `${tree.name}, ${depth} deep`, entries };
}

const mixtures = 400;

/** `count` of them by chance: of each kind alone, at the top, one deep and forty deep, and of mixtures of any two of these. */
export function hostileTrees(outside: string, count: number, seed: number): HostileTree[] {
  const alone = [...names.flatMap((name) => kindsOf(name, outside)), ...combined(outside)];
  const trees = [...alone, ...alone.map((tree) => within(1, tree)), ...alone.map((tree) => within(40, tree))];
  const random = seeded(seed);
  const pick = () => trees[Math.floor(random() * trees.length)] as HostileTree;
  for (let number = 0; number < mixtures; number++) {
    const [one, other] = [pick(), pick()];
    trees.push({ name: `${one.name}, and ${other.name}`, entries: [...one.entries, ...other.entries] });
  }
  return sample(trees, count, seed);
}

/** Names that Linux can have in a folder, so that a task can leave them: whatever is no part of a path. */
export function namesForFiles(): string[] {
  return names.filter(
    (name) => name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name) && name.length <= 255,
  );
}
