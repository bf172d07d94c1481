// How a configuration is read, compared with `git config --list`; and which of its keys bear code.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openGit } from "../../src/git/git.js";
import { codeBearingAttributes, isCodeBearing } from "../../src/repository/code-bearing.js";
import { projectFolder } from "../support/built.js";
import { gitResult } from "../support/git.js";
import { createRepository } from "../support/repository.js";

const name = fc.constantFrom("core", "Filter", "alias", "a.b", "x-1");
const subsection = fc.constantFrom("", ' "Sub"', ' "a.b c"', ' "q\\"uote"', ' ""');
const key = fc.constantFrom("hooksPath", "clean", "st", "A1-b", "editor");
const value = fc.constantFrom(
  "",
  " = x",
  "=!sh -c 'y'",
  ' = "a # b" # c',
  " = one \\\n  two",
  ' = "\\t\\n\\\\"',
  " = x ; comment",
  ' = a"b"c  ',
  " = true\r",
);
const line = fc.oneof(
  { weight: 2, arbitrary: fc.tuple(name, subsection).map(([section, sub]) => `[${section}${sub}]`) },
  { weight: 4, arbitrary: fc.tuple(key, value).map(([word, text]) => `\t${word}${text}`) },
  { weight: 1, arbitrary: fc.tuple(name, key, value).map(([section, word, text]) => `[${section}] ${word}${text}`) },
  { weight: 1, arbitrary: fc.constantFrom("# comment", "; comment", "", "[unclosed", "key with words", '\tx = "open') },
);

test("the entries of a configuration are those that git reads", async () => {
  const repository = await createRepository({ tree: { a: "a\n" } });
  const git = await openGit({ path: repository.path });
  const path = join(repository.path, ".git", "config.worktree");
  const request = { gitDirectory: join(repository.path, ".git"), workingDirectory: repository.path, knownMarks: null };
  let compared = 0;
  const property = fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 6 }), async (lines) => {
    await writeFile(path, `[first]\n${lines.join("\n")}\n`);
    const listed = await gitResult(repository.path, ["config", "--file", path, "--list", "-z"]);
    const { files } = await git.sharedFiles(request);
    const read = files.find((file) => file.path === path);
    // Where git refuses to read, it runs nothing of it either.
    if (listed.exitCode !== 0) return;
    compared++;
    const expected = listed.stdout.toString().split("\0").slice(0, -1);
    expect(read).toMatchObject({ readable: true });
    expect(read?.entries.map((entry) => (entry.value === null ? entry.name : `${entry.name}\n${entry.value}`))).toEqual(
      expected,
    );
  });
  try {
    await fc.assert(property, { numRuns: 150, seed: 20260102 });
    expect(compared).toBeGreaterThan(40);
  } finally {
    await rm(path);
    await git.close();
  }
});

test("nothing is read while the marks are as they were; what has just changed has none", async () => {
  // The project's own repository: it is older than the moment in which a change might not show.
  const git = await openGit({ path: projectFolder });
  const { gitDirectory, workingDirectory } = await git.describe();
  const request = { gitDirectory, workingDirectory, knownMarks: null };
  const first = await git.sharedFiles(request);
  expect(first.changed).toBe(true);
  expect(first.files.map(({ place }) => place)).toContain("config");
  expect(first.marks).toMatch(/^[0-9a-f]{40}$/);
  const again = { changed: false, marks: first.marks, files: [] };
  expect(await git.sharedFiles({ ...request, knownMarks: first.marks })).toEqual(again);
  await git.close();

  const repository = await createRepository({ tree: { a: "a\n" } });
  const fresh = await openGit({ path: repository.path });
  const { marks, files } = await fresh.sharedFiles({ ...request, gitDirectory: join(repository.path, ".git") });
  expect(files.length).toBeGreaterThan(0);
  expect(marks).toBeNull();
  await fresh.close();
});

const bearing: [string, string | null][] = [
  ["core.hookspath", ".husky"],
  ["core.sshcommand", "ssh"],
  ["core.fsmonitor", "/bin/x"],
  ["core.pager", "less"],
  ["core.editor", "vi"],
  ["core.attributesfile", "x"],
  ["core.worktree", "/x"],
  ["filter.lfs.clean", "git-lfs clean"],
  ["filter.a.b.smudge", "x"],
  ["filter.x.process", "x"],
  ["diff.external", "x"],
  ["diff.x.command", "x"],
  ["diff.x.textconv", "x"],
  ["merge.x.driver", "x"],
  ["mergetool.x.cmd", "x"],
  ["sequence.editor", "x"],
  ["gpg.program", "x"],
  ["gpg.ssh.program", "x"],
  ["credential.helper", "store"],
  ["credential.https://example.com.helper", "!x"],
  ["alias.st", "!rm"],
  ["alias.st", "-c core.pager=x log"],
  ["include.path", "x"],
  ["includeif.gitdir:/x.path", "x"],
  ["pager.log", "x"],
  ["remote.origin.uploadpack", "x"],
  ["protocol.ext.allow", "always"],
  ["submodule.x.update", "!x"],
  ["sendemail.smtpserver", "/x"],
  ["sendemail.work.smtpserver", "/x"],
];
const harmless: [string, string | null][] = [
  ["branch.main.merge", "refs/heads/main"],
  ["branch.main.remote", "origin"],
  ["remote.origin.url", "https://example.com"],
  ["remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"],
  ["user.name", "x"],
  ["core.filemode", "true"],
  ["core.fsmonitor", "true"],
  ["core.fsmonitor", null],
  ["pager.branch", "false"],
  ["alias.st", "status -sb"],
  ["submodule.x.update", "rebase"],
  ["submodule.x.url", "x"],
  ["extensions.worktreeconfig", "true"],
  ["filter.x.required", "true"],
];

test("keys that bear code, and keys that do not", () => {
  const entry = ([key, text]: [string, string | null]) => ({ name: key, value: text });
  expect(bearing.filter((pair) => !isCodeBearing(entry(pair)))).toEqual([]);
  expect(harmless.filter((pair) => isCodeBearing(entry(pair)))).toEqual([]);
});

test("lines of attributes that name a program", () => {
  const text = "*.a text\n*.b filter=lfs -text\n# *.c filter=x\n[attr]m diff=y\n*.d -filter\n*.e merge=union\n";
  expect(codeBearingAttributes(text)).toEqual(["*.b filter=lfs -text", "[attr]m diff=y", "*.e merge=union"]);
});
