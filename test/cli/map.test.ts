import { beforeAll, expect, test } from "vitest";
import { requireBuilt } from "../support/built.js";
import { coppiceRefs } from "../support/manager.js";
import { createRepository } from "../support/repository.js";
import { coppice, lastJson } from "./coppice.js";

beforeAll(requireBuilt, 120_000);

const names = ["plain.txt", "two words.txt", "quo\"te's.txt", "$& $(dollar).txt", "ünï.txt", "-dash.txt"];
const tree = Object.fromEntries(names.map((name) => [name, `${name}\n`]));
const append = ["sh", "-c", 'echo more >> "./$1"', "sh", "{}"];

test("a command runs for each line, whatever is in it", async () => {
  const repository = await createRepository({ tree });
  const ended = await coppice(["map", "--items", "-", "--json", "--", ...append], {
    cwd: repository.path,
    input: `${names.join("\n")}\n`,
  });
  expect(ended.exitCode).toBe(0);
  expect(lastJson(ended)).toMatchObject({ effects: names.length, landed: names.length });
  for (const name of names) expect(await repository.git("show", `HEAD:${name}`)).toBe(`${name}\nmore`);
  expect(await repository.status()).toBe("");
});

test("items may end with NUL bytes, from a file, and then hold line breaks", async () => {
  const repository = await createRepository({ tree: { "a\nb": "x\n", c: "y\n" } });
  await repository.write({ "../items": "a\nb\0c\0" });
  const args = ["map", "--items", "../items", "--null", "--", ...append];
  expect(await coppice(args, { cwd: repository.path })).toMatchObject({ exitCode: 0 });
  expect(await repository.git("show", "HEAD:a\nb")).toBe("x\nmore");
  expect(await repository.git("show", "HEAD:c")).toBe("y\nmore");
});

test("without a placeholder the item comes last, as with xargs; dashes of the command need no separator", async () => {
  const repository = await createRepository({ tree: { a: "1\n", b: "2\n" } });
  const args = ["map", "--items", "-", "--jobs", "1", "sed", "-i", "s/^/n/"];
  expect(await coppice(args, { cwd: repository.path, input: "a\r\nb\r\n\r\n" })).toMatchObject({ exitCode: 0 });
  expect(await repository.git("show", "HEAD:a")).toBe("n1");
  expect(await repository.git("log", "--format=%s")).toBe("sed -i s/^/n/: b\nsed -i s/^/n/: a\ninitial");
});

test("items are isolated: the same file at once is a conflict, and both versions stay", async () => {
  const repository = await createRepository({ tree: { a: "1\n" } });
  const args = ["map", "--items", "-", "--run-id", "run-1", "--json", "--", "sh", "-c", "echo {} > a"];
  const ended = await coppice(args, { cwd: repository.path, input: "x\ny\n" });
  expect(ended.exitCode).toBe(1);
  expect(lastJson(ended)).toMatchObject({ landed: 1, conflicted: 1, kept: 1 });
  const kept = (await coppiceRefs(repository)).find((ref) => ref.includes("/effects/")) as string;
  expect([await repository.git("show", "HEAD:a"), await repository.git("show", `${kept}:a`)].sort()).toEqual([
    "x",
    "y",
  ]);
});

test("the same item twice is refused by name", async () => {
  const repository = await createRepository({ tree: { a: "1\n" } });
  const ended = await coppice(["map", "--items", "-", "--", "ls"], { cwd: repository.path, input: "a\nb\na\n" });
  expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
  expect(ended.stderr).toContain('the item "a" is there twice');
});

test("no items: nothing to do, and that is well", async () => {
  const repository = await createRepository({ tree: { a: "1\n" } });
  const ended = await coppice(["map", "--items", "-", "--json", "--", "ls"], { cwd: repository.path });
  expect(ended.exitCode).toBe(0);
  expect(lastJson(ended)).toMatchObject({ effects: 0, outcomes: [] });
});

test("items that cannot be read are exit code 2", async () => {
  const repository = await createRepository({ tree: { a: "1\n" } });
  const ended = await coppice(["map", "--items", "none", "--", "ls"], { cwd: repository.path });
  expect(ended.exitCode).toBe(2);
  expect(ended.stderr).toContain("the items cannot be read");
});

test("--on-conflict says what becomes of conflicts, and the progress tells of overlaps", async () => {
  const lines = "1\n2\n3\n4\n5\n";
  const repository = await createRepository({ tree: { a: lines } });
  const meet = 'echo "$1" >> a; touch "$2/$1"; while [ "$(ls "$2" | wc -l)" -lt 2 ]; do sleep 0.02; done';
  await repository.write({ "../met/.keep": "" });
  const command = ["sh", "-c", meet, "sh", "{}", `${repository.path}/../met`];
  const args = ["map", "--items", "-", "--json", "--on-conflict", "union", "--", ...command];
  const ended = await coppice(args, { cwd: repository.path, input: "x\ny\n" });
  expect(ended.exitCode).toBe(0);
  expect(lastJson(ended)).toMatchObject({
    landed: 2,
    outcomes: [{}, { resolutions: [{ path: "a", policy: "union" }] }],
  });
  expect(await repository.git("show", "HEAD:a")).toBe(`${lines}x\ny`);
  expect(ended.stderr).toMatch(/have both changed a: they may come to be in conflict/);
});
