// The repositories that the demo works on: a temporary copy of the given one, and a large generated one. The given one is only
// read. Both are made with stock git when it is there, and without it otherwise.
import { cp, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { WorktreeManager } from "coppice";
import ignore from "ignore";
import { generatedFiles, generateRepository } from "../../scripts/generate-repository.mjs";
import { git, hasGit, Refusal } from "./git.mjs";

const generatedOptions = { files: 20_000, meanBytes: 2_000 };
/** Of git's own folder: what belongs to other worktrees, to people's hooks, or to a process. */
const notCopied = /^(worktrees|coppice|hooks|.*\.lock)$/;

/** A copy of the repository at `from`, on a branch, with the files of its HEAD. */
export async function copyRepository(from, to) {
  if (await hasGit()) {
    await git(dirname(to), "clone", "--quiet", "--no-hardlinks", "--no-tags", resolve(from), to);
    // The given repository may stand on no branch, as it does where tests are run.
    await git(to, "switch", "--quiet", "--force-create", "demo");
  } else {
    await copyWithoutGit(resolve(from), to);
  }
  return to;
}

/** 20,000 files in 2,500 folders. */
export async function makeLargeRepository(to, seedRepository) {
  if (await hasGit()) {
    await generateRepository(to, generatedOptions);
    return to;
  }
  // Without git, Coppice itself makes it: the files are written into a leased worktree, and landed.
  await cp(seedRepository, to, { recursive: true, verbatimSymlinks: true });
  const manager = await WorktreeManager.open(to);
  try {
    const lease = await manager.acquire("generate");
    for (const { path, mode, content } of generatedFiles(generatedOptions)) {
      await mkdir(join(lease.path, dirname(path)), { recursive: true });
      if (mode === "120000") await symlink(content.toString(), join(lease.path, path));
      else await writeFile(join(lease.path, path), content, { mode: mode === "100755" ? 0o755 : 0o644 });
    }
    const outcome = await lease.land({ message: "20,000 generated files" });
    if (outcome.kind !== "landed") throw outcome.error ?? new Error(`the generated files are ${outcome.kind}`);
    await lease.discard();
  } finally {
    await manager.close();
  }
  return to;
}

/** Git's folder and the files that its ignore rules do not name. Uncommitted changes come along. */
async function copyWithoutGit(from, to) {
  const { gitFolder, commonFolder } = await findGitFolders(from);
  const own = join(to, ".git");
  await cp(commonFolder, own, {
    recursive: true,
    filter: (path) => !notCopied.test(path.slice(commonFolder.length + 1)),
  });
  for (const name of ["HEAD", "index"]) await cp(join(gitFolder, name), join(own, name));
  const rules = ignore().add(await readFile(join(from, ".gitignore"), "utf8").catch(() => ""));
  const filter = (path) => {
    const inside = path.slice(from.length + 1);
    return inside === "" || (inside !== ".git" && inside !== "node_modules" && !rules.ignores(inside));
  };
  await cp(from, to, { recursive: true, verbatimSymlinks: true, filter });
}

/** A linked worktree has a file `.git` that leads to its own folder, and that to the one of all. */
async function findGitFolders(from) {
  const path = join(from, ".git");
  const found = await stat(path).catch(() => null);
  if (found === null) throw new Refusal(`there is no git repository at ${from}`);
  if (found.isDirectory()) return { gitFolder: path, commonFolder: path };
  const gitFolder = resolve(from, (await readFile(path, "utf8")).replace(/^gitdir: /, "").trim());
  const common = await readFile(join(gitFolder, "commondir"), "utf8").catch(() => ".");
  return { gitFolder, commonFolder: resolve(gitFolder, common.trim()) };
}
