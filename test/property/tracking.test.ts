// Tracking equals scanning: after generated edits the tracked snapshot is the one that a scan of the whole worktree makes, and
// a tracked reset leaves exactly the base, whatever base is next. COPPICE_TRACKING_RUNS=20000 for more than the usual.

import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Git, openGit } from "../../src/git/git.js";
import { noLimits } from "../../src/worktree/snapshot.js";
import { gitProgram } from "../support/git.js";
import { createRepository, type TestRepository, temporaryFolder } from "../support/repository.js";
import { apply, type Edit, gitEdit, plainEdit } from "./worktree-edits.js";

const runs = Number(process.env.COPPICE_TRACKING_RUNS ?? 1000);
const worktrees = ["w01", "w02"] as const;
const person = { name: "Author", email: "author@example.com", timeSeconds: 1_700_000_000, offsetMinutes: 0 };

let repository: TestRepository;
let tracking: Git;
let scanning: Git;
let folder: string;
let outside: string;
let bases: string[];
let scans = 0;
let steps = 0;

beforeAll(async () => {
  repository = await createRepository({
    tree: {
      ".gitignore": "*.log\nbuild/\n",
      a: "a\n",
      "c.txt": "c\n",
      "src/a": "src a\n",
      "src/b": { executable: "src b\n" },
      "src/.gitignore": "*.tmp\n",
      "src/deep/a": "deep a\n",
      "src/deep/c.txt": "deep c\n",
      "src/deep/er/a": "deeper a\n",
      "docs/a": "docs a\n",
      "docs/b": { symlink: "a" },
      "tools/a": "tools a\n",
    },
  });
  const first = await repository.oid("HEAD");
  const second = await repository.commit("second", { a: "other\n", "new/a": "new a\n", "src/b": null });
  const third = await repository.commit("third", {
    docs: "a file now\n",
    ".gitignore": "c.txt\n",
    "src/deep/er/a": null,
  });
  bases = [first, first, second, third];
  tracking = await openGit({ path: repository.path, threads: 2 });
  scanning = await openGit({ path: repository.path, threads: 2 });
  folder = `${repository.path}.worktrees`;
  outside = mkdtempSync(join(await temporaryFolder("outside"), "x"));
  for (const name of worktrees) {
    const path = join(folder, name);
    const reply = await tracking.addWorktree({
      name,
      path,
      baseOid: first,
      lockReason: "test",
      copyFrom: null,
      track: true,
      reserveBytes: 0,
    });
    expect(reply.untracked).toBeNull();
  }
});

afterAll(async () => {
  await tracking?.close();
  await scanning?.close();
});

async function snapshot(git: Git, name: string, baseOid: string, verify = false) {
  const reply = await git.snapshot({
    name,
    path: join(folder, name),
    baseOid,
    exclude: [],
    limits: noLimits,
    author: person,
    committer: person,
    message: "snapshot\n",
    verify,
  });
  return { reply, seen: { treeOid: reply.treeOid, unheld: reply.unheld, taskCommits: reply.taskCommits } };
}

async function reset(name: string, baseOid: string, keepIgnored: boolean) {
  const reply = await tracking.reset({ name, path: join(folder, name), baseOid, keepIgnored, keep: [] });
  steps++;
  if (reply.scanned !== null) scans++;
}

/** Snapshots of both kinds are one. */
async function requireSameSnapshots(name: string, baseOid: string, verify: boolean): Promise<void> {
  const tracked = await snapshot(tracking, name, baseOid, verify);
  const scanned = await snapshot(scanning, name, baseOid);
  expect(tracked.seen).toEqual(scanned.seen);
  expect(tracked.reply.missed).toEqual([]);
  steps++;
  if (tracked.reply.scanned !== null) scans++;
}

let looks = 0;

async function requireFresh(name: string, baseOid: string): Promise<void> {
  const path = join(folder, name);
  const { reply } = await snapshot(scanning, name, baseOid);
  expect(reply.changes).toEqual([]);
  expect(reply.unheld).toEqual([]);
  expect((await scanning.listIgnored({ path, maxEntries: 10 })).paths).toEqual([]);
  if (looks++ % 8 !== 0) return;
  // Git may not refresh the index here: what it says must be right with the index as the reset has left it.
  const status = ["--no-optional-locks", "status", "--porcelain", "--ignored"];
  expect(execFileSync(gitProgram, status, { cwd: path, encoding: "utf8" })).toBe("");
  const head = execFileSync(gitProgram, ["rev-parse", "HEAD"], { cwd: path, encoding: "utf8" });
  expect(head.trim()).toBe(baseOid);
}

interface Sequence {
  name: (typeof worktrees)[number];
  base: number;
  edits: readonly Edit[];
  more: readonly Edit[];
  strays: readonly Edit[];
  keepIgnored: boolean;
  verify: boolean;
  next: number;
}

const base = fc.nat({ max: 3 });
const sequence = (edit: fc.Arbitrary<Edit>): fc.Arbitrary<Sequence> =>
  fc.record({
    name: fc.constantFrom(...worktrees),
    base,
    edits: fc.array(edit, { minLength: 1, maxLength: 10 }),
    more: fc.oneof(fc.constant([]), fc.array(edit, { maxLength: 3 })),
    strays: fc.oneof(fc.constant([]), fc.array(plainEdit, { maxLength: 3 })),
    keepIgnored: fc.boolean(),
    verify: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    next: base,
  });

async function walk({ name, base, edits, more, strays, keepIgnored, verify, next }: Sequence): Promise<void> {
  const path = join(folder, name);
  const from = bases[base] as string;
  await reset(name, from, false);
  for (const edit of edits) apply(path, outside, edit);
  await requireSameSnapshots(name, from, verify);
  if (more.length > 0) {
    for (const edit of more) apply(path, outside, edit);
    await requireSameSnapshots(name, from, false);
  }
  if (keepIgnored) {
    // Ignored files stay for the next task, and are no change of its making.
    const to = bases[next] as string;
    await reset(name, to, true);
    await requireSameSnapshots(name, to, false);
    for (const edit of more) apply(path, outside, edit);
    await requireSameSnapshots(name, to, false);
  }
  // Somebody writes after the task has ended.
  for (const edit of strays) apply(path, outside, edit);
  const to = bases[next] as string;
  await reset(name, to, false);
  await requireFresh(name, to);
}

test("after edits of files, a tracked snapshot and reset equal a scan", { timeout: 1_200_000 }, async () => {
  await fc.assert(fc.asyncProperty(sequence(plainEdit), walk), { numRuns: runs });
  // Tracking was at work, and did not fall back to the scan that it is compared with.
  expect(scans).toBeLessThan(steps / 50);
});

test("after edits and git commands, a tracked snapshot and reset equal a scan", { timeout: 1_200_000 }, async () => {
  const edit = fc.oneof({ weight: 4, arbitrary: plainEdit }, { weight: 1, arbitrary: gitEdit });
  await fc.assert(fc.asyncProperty(sequence(edit), walk), { numRuns: Math.ceil(runs / 8) });
});
