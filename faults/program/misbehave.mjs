// Three effects in one worktree, one after the other: the first looks at what it was given, the second misbehaves, the third looks again
// and must see what the first one saw. Its order is a JSON file, named by the first argument:
//   { repository, baseOid, runId, script, env, beat, report }
// `script` is a task for the shell. A process that it leaves behind writes to the file `beat` as long as it lives: the third effect waits
// until that has gone on, so that what still writes has written.
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { commandTask, isCoppiceError, WorktreeManager } from "../../dist/index.js";

const run = promisify(execFile);
const order = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { repository, runId, script, env, beat } = order;
const beats = 3;
const mostWaitMs = 2_000;

/** All that a task can see of its worktree, by git and by the filesystem; the worktree's own place and name do not count. */
async function look(path) {
  const git = (...args) =>
    run("git", ["-c", "core.fsmonitor=false", ...args], { cwd: path }).then(
      ({ stdout }) => stdout,
      (error) => `${error.stderr}`,
    );
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const listed = entries.map(async (entry) => {
    const name = join(entry.parentPath, entry.name);
    const { mode } = await stat(name).catch(() => ({ mode: 0 }));
    const text = entry.isFile() ? await readFile(name, "utf8") : "";
    return [name, mode.toString(8), text];
  });
  const admin = (await git("rev-parse", "--absolute-git-dir")).trim();
  const below = await readdir(admin, { recursive: true }).catch(() => []);
  const seen = {
    files: (await Promise.all(listed)).sort(([a], [b]) => (a < b ? -1 : 1)),
    status: await git("status", "--porcelain=v2", "--branch", "--ignored"),
    head: await git("log", "-1", "--format=%H", "HEAD"),
    admin: below.sort(),
    adminHead: await readFile(join(admin, "HEAD"), "utf8").catch(() => null),
    stages: await git("ls-files", "--stage", "-v"),
  };
  const name = path.split("/").at(-1);
  return JSON.parse(
    JSON.stringify(seen).replaceAll(path, "<worktree>").replaceAll(`worktrees/${name}`, "worktrees/<name>"),
  );
}

/** Somebody who still writes has done so several times from here on; or nobody writes. */
async function letThemWrite() {
  const size = () =>
    readFile(beat).then(
      ({ length }) => length,
      () => 0,
    );
  const [start, limit] = [await size(), performance.now() + mostWaitMs];
  if (start === 0) return;
  while ((await size()) < start + beats && performance.now() < limit) await new Promise(setImmediate);
}

const events = [];
const manager = await WorktreeManager.open(repository, {
  runId,
  limits: { worktrees: 1, nativeThreads: 2, lockTimeoutMs: 2_000, graceMs: 200 },
});
for (const name of ["warning", "repository:changed", "effect:released", "tracking:missed"])
  manager.on(name, (event) => events.push({ name, ...event }));

const lookFirst = async ({ path }) => look(path);
const lookAgain = async ({ path, resolve }) => {
  await letThemWrite();
  const seen = await look(path);
  await writeFile(resolve("after.txt"), "after\n");
  return seen;
};
const settle = (id, task) =>
  manager.run({ id, task }, { base: order.baseOid }).catch((error) => {
    if (!isCoppiceError(error)) throw error;
    return { kind: "refused", error };
  });
const before = await settle("before", lookFirst);
const bad = await settle("bad", commandTask("sh", ["-ec", script], { env }));
const acknowledged = manager.acknowledge();
const after = await settle("after", lookAgain);
const closing = await manager.close().then(
  () => null,
  (error) => ({ code: error.code ?? null, message: String(error) }),
);
const shown = (outcome) => ({
  ...outcome,
  error: outcome.error === undefined ? null : { code: outcome.error.code, message: outcome.error.message },
});
writeFileSync(
  order.report,
  JSON.stringify({ before: shown(before), bad: shown(bad), after: shown(after), acknowledged, events, closing }),
);
