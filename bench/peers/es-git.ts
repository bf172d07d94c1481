// es-git: libgit2 in Rust. All of its calls hold up the caller's thread, so one worktree is as many as it can use: that
// saves it the others. Its prebuilt addon asks for glibc 2.38; where it does not load, that is the result.
import { join } from "node:path";
import { applyEdit, type Edit, EditPlan } from "../edits.js";
import { headOf } from "../git-command.js";
import { measure } from "../measure.js";
import { fromPeers } from "../peer-packages.js";
import { poolFigures } from "../pool-figures.js";
import type { Job, Measure, Peer, Taken } from "../trial.js";
import { requireDone } from "../verify.js";

interface Repository {
  worktree(name: string, path: string): unknown;
  getCommit(oid: string): object;
  getTree(oid: string): object;
  setHeadDetached(commit: object): void;
  checkoutHead(options: object): void;
  index(): { addAll(paths: readonly string[]): void; write(): void; writeTree(): string };
  commit(tree: object, message: string, options: { updateRef: string; parents: readonly string[] }): string;
  getAnnotatedCommit(commit: object): object;
  merge(commits: readonly object[]): void;
  cleanupState(): void;
}

interface EsGit {
  openRepository(path: string): Promise<Repository>;
}

interface Place {
  repository: string;
  main: Repository;
  path: string;
  worktree: Repository;
}

async function fanOut({ repository, folder, effects }: Job): Promise<Taken> {
  const git = load();
  const plan = await EditPlan.of(repository);
  const first = plan.round(effects);
  const path = join(folder, "w");
  const main = await git.openRepository(repository);
  const places: Place[] = [];
  let making: Measure | undefined;
  const cold = await measure(effects, async () => {
    making = await measure(1, async () => {
      main.worktree("w", path);
      places.push({ repository, path, main, worktree: await git.openRepository(path) });
    });
    await landAll(places[0] as Place, first);
  });
  const further = plan.round(effects);
  const warm = [await measure(effects, () => landAll(places[0] as Place, further))];
  await requireDone(repository, [...first, ...further]);
  return { sample: { cold, warm, extra: poolFigures(making) } };
}

async function landAll({ repository, path, main, worktree }: Place, edits: readonly Edit[]): Promise<void> {
  const baseOid = await headOf(repository);
  let tipOid = baseOid;
  for (const edit of edits) {
    worktree.setHeadDetached(worktree.getCommit(baseOid));
    worktree.checkoutHead({ force: true, removeUntracked: true });
    await applyEdit(path, edit);
    const index = worktree.index();
    index.addAll(["*"]);
    index.write();
    const snapshotOid = commit(worktree, index.writeTree(), edit, [baseOid]);
    main.merge([main.getAnnotatedCommit(main.getCommit(snapshotOid))]);
    tipOid = commit(main, main.index().writeTree(), edit, [tipOid, snapshotOid]);
    main.cleanupState();
  }
}

function commit(repository: Repository, treeOid: string, { id }: Edit, parents: readonly string[]): string {
  return repository.commit(repository.getTree(treeOid), `Effect ${id}`, { updateRef: "HEAD", parents });
}

/** Throws what the loader of the system said, which es-git hides among the platforms that it tried. */
function load(): EsGit {
  try {
    return fromPeers<EsGit>("es-git");
  } catch (error) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
      if ((cause as NodeJS.ErrnoException).code === "ERR_DLOPEN_FAILED")
        throw new Error(`does not load: ${/[^/]*$/.exec(cause.message)?.[0]}`);
    throw error;
  }
}

export const esGit: Peer = { fanOut };
