// Gives the product what is hostile, one attempt after the other, and writes down how each ended: with an answer or with an error of
// the product's. Anything else that is thrown is a crash. Its order is a JSON file, named by the first argument:
//   { repository, runId, cwd, addon, cleanOid, attempts: [{ use, name, ...what it needs }], report }

import { readFileSync, writeFileSync } from "node:fs";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { armAddon } from "./arm.mjs";

const order = JSON.parse(readFileSync(process.argv[2], "utf8"));
// A path that is taken for a relative one would lead here.
process.chdir(order.cwd);
armAddon(order);
const { effectId, isCoppiceError, mergeTrees, WorktreeManager } = await import("../../dist/index.js");

const { repository, runId, cleanOid } = order;
const bytes = (name) => Buffer.from(name, "latin1");
const refFile = (name) => join(repository, ".git", name);

async function setRef(name, oid) {
  await mkdir(dirname(refFile(name)), { recursive: true });
  await writeFile(refFile(name), `${oid}\n`);
}

/** Lands an effect while the branch is at a hostile commit; afterwards it is where it was. */
async function onHostileTarget(hostileOid, act) {
  await setRef("refs/heads/main", hostileOid);
  try {
    return await act();
  } finally {
    await setRef("refs/heads/main", cleanOid);
  }
}

async function inLease(manager, number, act) {
  const lease = await manager.acquire(`lease-${number}`, { base: cleanOid });
  try {
    return await act(lease);
  } finally {
    await lease.discard();
  }
}

const into = (path, name) => Buffer.concat([bytes(`${path}/`), bytes(name)]);
const write = (path) => writeFile(path, "written by a hostile task\n");

const uses = {
  async base(manager, { commitOid }, number) {
    await (await manager.acquire(`base-${number}`, { base: commitOid })).discard();
  },
  reset: (manager, { commitOid }, number) => inLease(manager, number, (lease) => lease.reset(commitOid)),
  "merge-base": (_, { commitOid, otherOid }) =>
    mergeTrees(repository, { base: commitOid, ours: cleanOid, theirs: otherOid, content: true }),
  "merge-ours": (_, { commitOid, otherOid }) =>
    mergeTrees(repository, { base: cleanOid, ours: commitOid, theirs: otherOid, content: true }),
  "merge-theirs": (_, { commitOid, otherOid }) =>
    mergeTrees(repository, { base: cleanOid, ours: otherOid, theirs: commitOid, content: true }),
  async kept(manager, { commitOid }, number) {
    await setRef(`refs/coppice/${runId}/effects/kept-${number}`, commitOid);
    return manager.landKept(`kept-${number}`);
  },
  target: (manager, { commitOid }, number) =>
    onHostileTarget(commitOid, () =>
      manager.run(
        { id: `target-${number}`, task: ({ resolve }) => write(resolve(`docs/new-${number}.txt`)) },
        { base: cleanOid },
      ),
    ),
  async removal(manager, { commitOid, removalOid }, number) {
    await setRef(`refs/coppice/${runId}/effects/removal-${number}`, removalOid);
    return onHostileTarget(commitOid, () => manager.landKept(`removal-${number}`));
  },
  files: (manager, { file, kind, outside }, number) =>
    inLease(manager, number, async (lease) => {
      const path = into(lease.path, file);
      await rm(path, { force: true });
      if (kind === "link") await symlink(outside, path);
      else if (kind === "file") await write(path);
      else {
        await mkdir(path);
        await write(Buffer.concat([path, bytes("/config")]));
      }
      return lease.land();
    }),
  commits: (manager, { commitOid }, number) =>
    inLease(manager, number, async (lease) => {
      await writeFile(refFile(`worktrees/${lease.name}/HEAD`), `${commitOid}\n`);
      await rm(join(lease.path, "docs/a.txt"));
      return lease.land();
    }),
  async id(manager, { id }) {
    await (await manager.acquire(id, { base: cleanOid })).discard();
  },
  run: (manager, { id }) => manager.run({ id, task: async () => null }, { base: cleanOid }),
  landKept: (manager, { id }) => manager.landKept(id),
  dropKept: (manager, { id }) => manager.dropKept(id),
  async runId(_, { id }) {
    await (await WorktreeManager.open(repository, { runId: id })).close();
  },
  async madeId(manager, { id }) {
    await (await manager.acquire(effectId(id), { base: cleanOid })).discard();
  },
};

const ended = { attempts: 0, accepted: 0, refused: {}, crashes: [], warnings: [] };

async function attempt(name, act) {
  try {
    const outcome = await act();
    const code = outcome?.error?.code ?? outcome?.kind;
    if (code === undefined || code === "landed" || code === "unchanged") ended.accepted += 1;
    else ended.refused[code] = (ended.refused[code] ?? 0) + 1;
    return outcome;
  } catch (error) {
    if (isCoppiceError(error)) ended.refused[error.code] = (ended.refused[error.code] ?? 0) + 1;
    else ended.crashes.push(`${name}: ${error?.stack ?? error}`);
    return null;
  }
}

const limits = { worktrees: 3, nativeThreads: 2, lockTimeoutMs: 5_000 };
const manager = await WorktreeManager.open(repository, { runId, limits });
manager.on("warning", ({ code, message }) => ended.warnings.push(`${code}: ${message}`));
for (const [number, what] of order.attempts.entries()) {
  ended.attempts += 1;
  await attempt(`${what.use} ${what.name}`, () => uses[what.use](manager, what, number));
}
// Whatever was refused, what is honest still lands.
await setRef("refs/heads/main", cleanOid);
const honest = { id: "honest", task: ({ resolve }) => write(resolve("docs/honest.txt")) };
ended.honest = await manager.run(honest, { base: cleanOid }).then(
  ({ kind, error, blocked }) => (kind === "landed" ? null : `${kind} ${error?.message ?? JSON.stringify(blocked)}`),
  (error) => String(error),
);
await attempt("close", () => manager.close());
writeFileSync(order.report, JSON.stringify(ended));
