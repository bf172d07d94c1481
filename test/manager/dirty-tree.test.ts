// The live working tree: every state of the user's file, touched by the effect or not, in both ways of landing. What the user
// has is the same before and after, byte for byte; an effect that would touch it is blocked, and kept.
import { readFile, rm, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { readFiles } from "../support/file-tree.js";
import { gitBytes } from "../support/git.js";
import { coppiceRefs, openManager } from "../support/manager.js";
import { createRepository, type TestRepository } from "../support/repository.js";

const tree = { ".gitignore": "*.log\n", "a.txt": "a\n", "b.txt": "b\n", "run.sh": "run\n" };

interface State {
  readonly path: string;
  make(repository: TestRepository): Promise<unknown>;
}
const states: Record<string, State> = {
  unstaged: { path: "a.txt", make: (repository) => repository.write({ "a.txt": "mine\n" }) },
  staged: {
    path: "a.txt",
    make: async (repository) => {
      await repository.write({ "a.txt": "mine\n" });
      await repository.git("add", "a.txt");
    },
  },
  "staged and edited again": {
    path: "a.txt",
    make: async (repository) => {
      await repository.write({ "a.txt": "mine\n" });
      await repository.git("add", "a.txt");
      await repository.write({ "a.txt": "mine, again\n" });
    },
  },
  "staged, then edited back": {
    path: "a.txt",
    make: async (repository) => {
      await repository.write({ "a.txt": "mine\n" });
      await repository.git("add", "a.txt");
      await repository.write({ "a.txt": "a\n" });
    },
  },
  deleted: { path: "a.txt", make: (repository) => repository.write({ "a.txt": null }) },
  "removed from the index": { path: "a.txt", make: (repository) => repository.git("rm", "-q", "--cached", "a.txt") },
  "made executable": { path: "run.sh", make: (repository) => repository.write({ "run.sh": { executable: "run\n" } }) },
  "made a link": { path: "a.txt", make: (repository) => repository.write({ "a.txt": { symlink: "b.txt" } }) },
  "made a folder": {
    path: "a.txt",
    make: (repository) => repository.write({ "a.txt": null, "a.txt/inside": "mine\n" }),
  },
  untracked: { path: "new.txt", make: (repository) => repository.write({ "new.txt": "mine\n" }) },
  "untracked folder": { path: "new.txt", make: (repository) => repository.write({ "new.txt/inside": "mine\n" }) },
  "staged as new": {
    path: "new.txt",
    make: async (repository) => {
      await repository.write({ "new.txt": "mine\n" });
      await repository.git("add", "new.txt");
    },
  },
  ignored: { path: "trace.log", make: (repository) => repository.write({ "trace.log": "mine\n" }) },
};

/** Everything that is the user's: files, status with ignored ones, and the index entry by entry. */
async function look(repository: TestRepository) {
  return {
    files: await readFiles(repository.path),
    status: await repository.status("--ignored"),
    index: (await gitBytes(repository.path, ["ls-files", "--stage", "-z"])).toString(),
  };
}

for (const land of ["commit", "working-tree"] as const) {
  for (const [name, { path, make }] of Object.entries(states)) {
    // With land "working-tree" the index is nobody's business but the user's: the file decides.
    const indexOnly = ["staged, then edited back", "removed from the index"].includes(name);

    test(`${name}, touched, land ${land}`, async () => {
      const repository = await createRepository({ tree });
      await make(repository);
      const before = await look(repository);
      const manager = await openManager(repository, { land, runId: "run-1" });
      const outcome = await manager.run({
        id: "one",
        task: async ({ resolve }) => {
          await rm(resolve(".gitignore"));
          await writeFile(resolve(".gitignore"), "");
          await writeFile(resolve(path), "theirs\n");
        },
      });
      await manager.close();
      if (land === "working-tree" && indexOnly) {
        expect(outcome.kind).toBe("landed");
        expect((await look(repository)).index).toBe(before.index);
        return;
      }
      expect(outcome).toMatchObject({ kind: "blocked", blocked: [{ path }] });
      expect(await look(repository)).toEqual(before);
      expect(await coppiceRefs(repository)).toContain("refs/coppice/run-1/effects/one");
      expect(await repository.git("show", `refs/coppice/run-1/effects/one:${path}`)).toBe("theirs");
    });

    test(`${name}, not touched, land ${land}`, async () => {
      const repository = await createRepository({ tree });
      await make(repository);
      const before = await look(repository);
      const manager = await openManager(repository, { land });
      const outcome = await manager.run({ id: "one", task: ({ resolve }) => writeFile(resolve("b.txt"), "theirs\n") });
      await manager.close();
      expect(outcome.kind).toBe("landed");
      const after = await look(repository);
      expect(after.files).toEqual({ ...before.files, "b.txt": "theirs\n" });
      const theirs = land === "commit" ? "" : " M b.txt\n";
      const statusWithout = after.status.split("\n").filter((line) => line !== theirs.trimEnd());
      expect(statusWithout.join("\n")).toBe(before.status);
      expect(await readFile(`${repository.path}/b.txt`, "utf8")).toBe("theirs\n");
    });
  }
}
