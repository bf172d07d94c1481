// isomorphic-git: git in JavaScript. It knows no linked worktrees, so there is a repository with an index of its own whose
// object folder is a link to the shared one: the nearest thing to a worktree. There is one worker, because all of its work
// is on one thread anyway. What it is given: one cache for all calls, and the changed paths, so that it need not look for
// them (its statusMatrix reads every file).
import fs from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { applyEdit, EditPlan } from "../edits.js";
import { headOf } from "../git-command.js";
import { measure } from "../measure.js";
import { fromPeers } from "../peer-packages.js";
import { poolFigures } from "../pool-figures.js";
import type { Job, Measure, Peer, Taken } from "../trial.js";
import { requireDone } from "../verify.js";

interface Place {
  fs: typeof fs;
  dir: string;
  cache: object;
}

interface IsomorphicGit {
  checkout(options: Place & { ref: string; force: boolean }): Promise<void>;
  add(options: Place & { filepath: readonly string[] }): Promise<void>;
  commit(
    options: Place & { message: string; author: object; ref?: string; parent?: readonly string[] },
  ): Promise<string>;
  merge(options: Place & { ours: string; theirs: string; author: object }): Promise<{ oid?: string }>;
}

const author = { name: "A U Thor", email: "author@example.com" };

async function fanOut({ repository, folder, effects }: Job): Promise<Taken> {
  const git = fromPeers<IsomorphicGit>("isomorphic-git");
  const edits = (await EditPlan.of(repository)).round(effects);
  const baseOid = await headOf(repository);
  const main = { fs, dir: repository, cache: {} };
  const worker = { fs, dir: join(folder, "w"), cache: main.cache };
  let pool: Measure | undefined;
  const cold = await measure(effects, async () => {
    pool = await measure(1, async () => {
      await borrowObjects(repository, worker.dir, baseOid);
      await git.checkout({ ...worker, ref: "main", force: true });
    });
    for (const edit of edits) {
      await applyEdit(worker.dir, edit);
      await git.add({ ...worker, filepath: edit.paths });
      const theirs = await git.commit({ ...worker, message: `Effect ${edit.id}`, author });
      await git.merge({ ...main, ours: "main", theirs, author });
    }
    await git.checkout({ ...main, ref: "main", force: true });
  });
  await requireDone(repository, edits);
  const { poolMs, poolCpuMs } = poolFigures(pool);
  const warm = [{ ...cold, wallMs: cold.wallMs - poolMs, cpuMs: cold.cpuMs - poolCpuMs }];
  return { sample: { cold, warm, extra: { poolMs, poolCpuMs } } };
}

async function borrowObjects(repository: string, dir: string, commitOid: string): Promise<void> {
  const own = join(dir, ".git");
  await mkdir(join(own, "refs/heads"), { recursive: true });
  await symlink(join(repository, ".git/objects"), join(own, "objects"));
  await writeFile(join(own, "HEAD"), "ref: refs/heads/main\n");
  await writeFile(join(own, "config"), "[core]\n\trepositoryformatversion = 0\n\tbare = false\n");
  await writeFile(join(own, "refs/heads/main"), `${commitOid}\n`);
}

export const isomorphicGit: Peer = { fanOut };
