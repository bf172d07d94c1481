// `npm run fuzz:seeds`: the first inputs of the fuzzer's targets, made of what stock git writes, into native/fuzz/corpus.
// Files there that have other names (findings) stay. The layouts are those at the heads of native/fuzz/*.cc.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { inflateSync } from "node:zlib";
import { projectFolder } from "./native-sources.mjs";

const repository = mkdtempSync(join(tmpdir(), "coppice-seeds-"));
const environment = {
  PATH: process.env.PATH,
  HOME: repository,
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "A",
  GIT_AUTHOR_EMAIL: "a@example.com",
  GIT_AUTHOR_DATE: "1700000000 +0000",
  GIT_COMMITTER_NAME: "A",
  GIT_COMMITTER_EMAIL: "a@example.com",
  GIT_COMMITTER_DATE: "1700000000 +0000",
};

function git(...args) {
  return execFileSync("git", args, { cwd: repository, env: environment, stdio: ["ignore", "pipe", "ignore"] });
}

function file(name, content) {
  mkdirSync(dirname(join(repository, name)), { recursive: true });
  writeFileSync(join(repository, name), content);
}

function seed(target, name, ...parts) {
  const path = join(projectFolder, "native/fuzz/corpus", target, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    Buffer.concat(parts.map((part) => (typeof part === "number" ? Buffer.of(part) : Buffer.from(part)))),
  );
}

const read = (name) => readFileSync(join(repository, name));
const two = (number) => Buffer.of(number >> 8, number & 255);
const long = (text) => Buffer.concat([two(Buffer.byteLength(text)), Buffer.from(text)]);
const short = (text) => Buffer.concat([Buffer.of(Buffer.byteLength(text)), Buffer.from(text)]);

git("init", "-q", "-b", "main");
file("a.txt", "a\n");
file("dir/b.txt", "line\n".repeat(40));
file("dir/sub/c", "c\n");
file(".gitattributes", '*.txt text=auto\n[attr]mine -text merge=union\n/dir/** mine eol=crlf\n"q\\303\\251" -diff\n');
file(".gitignore", "*.log\n!keep.log\n/build/\n**/tmp/**\n[a-c]?\\ x\n");
git("add", "-A");
git("commit", "-q", "-m", "first");
indexes();
file("dir/b.txt", `${"line\n".repeat(20)}other\n${"line\n".repeat(20)}`);
git("commit", "-q", "-a", "-m", "second");
git("tag", "-a", "-m", "a tag", "v1");
notes();
looseObjects();
packs();
patterns();
trees();
rmSync(repository, { recursive: true, force: true });

function indexes() {
  const save = (name) => seed("index", name, read(".git/index").subarray(0, -20));
  save("version-2");
  git("update-index", "--index-version", "4");
  save("version-4");
  git("update-index", "--index-version", "2");
  file("planned", "p");
  git("add", "-N", "planned");
  git("update-index", "--skip-worktree", "a.txt");
  git("update-index", "--assume-unchanged", "dir/sub/c");
  save("version-3");
  git("update-index", "--no-skip-worktree", "a.txt");
  git("update-index", "--no-assume-unchanged", "dir/sub/c");
  git("rm", "-q", "--cached", "planned");
  git("-c", "core.untrackedCache=true", "update-index", "--untracked-cache");
  git("-c", "core.untrackedCache=true", "status");
  save("untracked-cache");
  git("update-index", "--no-untracked-cache");
  const oid = git("rev-parse", "HEAD:a.txt").toString().trim();
  execFileSync("git", ["update-index", "--index-info"], {
    cwd: repository,
    env: environment,
    input: `0 ${"0".repeat(40)}\ta.txt\n100644 ${oid} 1\ta.txt\n100644 ${oid} 2\ta.txt\n100644 ${oid} 3\ta.txt\n`,
  });
  save("conflict");
  git("reset", "-q", "--hard");
}

function notes() {
  git("branch", "side/one");
  git("pack-refs", "--all");
  seed("notes", "packed-refs", 0, read(".git/packed-refs"));
  const oid = git("rev-parse", "HEAD").toString().trim();
  const fields = (...texts) => texts.map((text) => `${text}\0`).join("");
  seed("notes", "move-note", 1, fields("coppice move 1", "/a/.git", "refs/heads/main", oid, oid));
  const change = ["dir/b.txt", "100644", oid, "0", ""];
  seed("notes", "quarantine-list", 2, fields("coppice quarantine 1", "/nowhere/worktree", ...change, ...change, "end"));
  git("worktree", "add", "-q", "--detach", `${repository}/w`);
  const admin = (name) => long(read(`.git/worktrees/w/${name}`).toString().replaceAll(repository, "/nowhere"));
  seed(
    "notes",
    "worktree",
    3,
    admin("gitdir"),
    admin("HEAD"),
    long("a reason\n"),
    admin("commondir"),
    "gitdir: /nowhere/.git/worktrees/w\n",
  );
  seed(
    "notes",
    "worktree-branch",
    3,
    long("../../../w/.git\n"),
    long("ref: refs/heads/main\n"),
    long(""),
    long("../..\n"),
    "gitdir: .\n",
  );
}

function looseObjects() {
  for (const revision of ["HEAD", "HEAD^{tree}", "HEAD:a.txt", "v1"]) {
    const oid = git("rev-parse", revision).toString().trim();
    const packed = read(`.git/objects/${oid.slice(0, 2)}/${oid.slice(2)}`);
    const name = revision.replaceAll(/\W/g, "-");
    seed("loose", `${name}-file`, 0, packed);
    seed("loose", `${name}-text`, 1, inflateSync(packed));
  }
}

function packs() {
  git("repack", "-adfq", "--depth=5", "--window=10");
  const folder = ".git/objects/pack";
  const name = readdirSync(join(repository, folder)).find((each) => each.endsWith(".idx"));
  const index = read(`${folder}/${name}`);
  const pack = read(`${folder}/${name.replace(".idx", ".pack")}`);
  seed("packs", "whole", 0, two(index.length >> 16), two(index.length & 65535), index, pack);
  const offsets = git("verify-pack", "-v", join(folder, name))
    .toString()
    .split("\n")
    .map((line) => /^[0-9a-f]{40} \w+ +\d+ \d+ (\d+)/.exec(line)?.[1])
    .filter((offset) => offset !== undefined)
    .map(Number);
  seed("packs", "entries", 1, offsets.length, ...offsets.map(two), pack);
}

function patterns() {
  const attributes = read(".gitattributes").toString();
  seed(
    "patterns",
    "attributes",
    0,
    0,
    long("* -text\n"),
    long(attributes),
    long("*.txt eol=lf ident\n"),
    long("dir/x filter=lfs\n"),
    short("a.txt"),
    short("dir/b.txt"),
  );
  seed("patterns", "ignore", 1, 0, 0, short("build/tmp/x.log"), read(".gitignore"));
  seed("patterns", "glob", 2, 0, short("**/[a-z]*[!.]/?\\*x[[:digit:]]**"), "dir/sub/name/a*x1y");
  seed("patterns", "line-ends", 3, 4, "a\r\nb\n$Id: 0123 $\r\n$Id$ $Id: x");
}

// The names are places in the list of crafted_trees.cc: a b c dir file link a.txt b.txt.
function trees() {
  const mode = { file: 0, link: 3, tree: 4 };
  const lines = (count, ...changes) => [1, count, changes.length, ...changes.flat()];
  const tree = (...entries) => [2, entries.length, ...entries.flat()];
  const merge = (base, ours, theirs) => [5, base, ours, theirs];
  const versions = [
    ...lines(20),
    ...tree([mode.file, 6, 0]),
    ...lines(20, [2, 120]),
    ...tree([mode.file, 6, 0]),
    ...lines(20, [15, 121]),
    ...tree([mode.file, 6, 0]),
  ];
  seed("trees", "clean-merge", 0, ...versions, ...merge(2, 1, 0));
  const conflict = [...versions.slice(0, -8), ...lines(20, [2, 122]), ...tree([mode.file, 6, 0])];
  seed("trees", "conflict", 2, ...conflict, ...merge(2, 1, 0));
  const renamed = [
    ...lines(30),
    ...tree([mode.file, 6, 0]),
    ...lines(30, [3, 65]),
    ...tree([mode.file, 6, 0]),
    ...tree([mode.file, 7, 3]),
  ];
  seed("trees", "rename", 0, ...renamed, ...merge(2, 1, 0));
  // "link" leads to the canary on one side, and is a folder with a file on the other.
  const swap = [...tree([mode.link, 5, 8]), ...tree([mode.file, 0, 2]), ...tree([mode.tree, 5, 0])];
  for (const portable of [0, 1]) seed("trees", `link-and-folder-${portable}`, portable, ...swap, ...merge(2, 0, 2));
  seed("trees", "deep", 0, ...tree([mode.file, 0, 0]), 4, 0, ...two(600), ...merge(0, 0, 0));
  const raw = Buffer.concat([
    Buffer.from("100644 a\0"),
    Buffer.alloc(20, 1),
    Buffer.from("40000 a\0"),
    Buffer.alloc(20, 2),
  ]);
  seed("trees", "raw", 0, 3, two(raw.length), raw, ...merge(0, 0, 0));
  seed("trees", "git-folder", 0, ...tree([mode.file, 32, 0]), ...tree([mode.tree, 12, 0]), ...merge(1, 0, 0));
}
