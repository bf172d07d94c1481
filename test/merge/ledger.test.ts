// The ledger's writes: many outcomes in one flush, and one that cannot be recorded does not take others with it.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Outcome } from "../../src/effect/effect.js";
import { OutcomeDraft } from "../../src/effect/outcome.js";
import { CoppiceError } from "../../src/errors.js";
import { openGit } from "../../src/git/git.js";
import { Ledger } from "../../src/merge/ledger.js";
import { resolveOptions } from "../../src/options.js";
import { openRun } from "../../src/run.js";
import { createRepository, type TestRepository } from "../support/repository.js";

async function openLedger(repository: TestRepository) {
  const git = await openGit({ path: repository.path, lockTimeoutMs: 200 });
  onTestFinished(() => git.close());
  let flushes = 0;
  git.onFlushed(() => flushes++);
  const ledger = new Ledger(await openRun(git, resolveOptions({ runId: "run-1" }), () => {}));
  return { ledger, git, flushes: () => flushes };
}

const outcome = (effectId: string): Outcome => new OutcomeDraft(effectId, "run-1").unchanged([], null);
const ids = Array.from({ length: 50 }, (_, index) => `e${index}`);

test("what is recorded while a write is under way is written together", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const { ledger, flushes } = await openLedger(repository);
  await Promise.all(ids.map((id) => ledger.record([{ digest: id, outcome: outcome(id) }], [])));
  expect(flushes()).toBe(2);
  for (const id of ids) expect((await ledger.find(id))?.digest).toBe(id);
  expect(await (await openLedger(repository)).ledger.find("e49")).toMatchObject({ digest: "e49" });
});

test("one that cannot be recorded fails alone", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const { ledger } = await openLedger(repository);
  const newOid = await repository.oid("HEAD");
  await repository.git("update-ref", "refs/coppice/run-1/effects/e7", newOid);
  await writeFile(join(repository.path, ".git/refs/coppice/run-1/effects/e7.lock"), "");
  const results = await Promise.allSettled(
    ids.map((id) => {
      const refName = `refs/coppice/run-1/effects/${id}`;
      const refs = [{ refName, newOid, compare: false, expectedOid: null, reflog: null }];
      return ledger.record([{ digest: id, outcome: outcome(id) }], refs);
    }),
  );
  expect(results.flatMap(({ status }, index) => (status === "rejected" ? [index] : []))).toEqual([7]);
  expect(await ledger.find("e7")).toBeNull();
  expect((await ledger.find("e8"))?.digest).toBe("e8");
});

test("a ledger that somebody holds is waited for twice, not once for each", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const { ledger, git } = await openLedger(repository);
  const asked = vi.spyOn(git, "flush");
  const lock = join(repository.path, ".git/refs/coppice/run-1/ledger.lock");
  await mkdir(dirname(lock), { recursive: true });
  await writeFile(lock, "somebody's\n");
  const results = await Promise.allSettled(ids.map((id) => ledger.record([{ digest: id, outcome: outcome(id) }], [])));
  for (const result of results)
    expect(result).toMatchObject({ reason: { code: "ERR_LOCKED", details: { path: lock } } });
  // The first alone, then all that came meanwhile.
  expect(asked).toHaveBeenCalledTimes(2);
  expect(await readFile(lock, "utf8")).toBe("somebody's\n");
});

test("a ledger that another process has moved on, and whose old state a prune has taken, is read anew", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const [one, other] = [await openLedger(repository), await openLedger(repository)];
  const record = (ledger: Ledger, id: string) => ledger.record([{ digest: id, outcome: outcome(id) }], []);
  await record(one.ledger, "e1");
  await record(one.ledger, "e2");
  // Two packs become one: from then on nothing that was read before is remembered.
  await one.git.consolidate({ atMost: 1 });
  await record(other.ledger, "e3");
  await repository.git("gc", "--quiet", "--prune=now");
  await record(one.ledger, "e4");
  for (const id of ["e1", "e2", "e3", "e4"]) expect((await one.ledger.find(id))?.digest).toBe(id);
});

test("a landing that died before its commit point is not believed after the next one has been recorded", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const targetRef = "refs/heads/main";
  const oldOid = await repository.oid("HEAD");
  const elsewhere = await repository.git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "never moved to");
  const dead = { targetRef, worktree: null, oldOid, newOid: elsewhere, effectIds: ["one", "two"] };
  const record = (id: string) => ({ digest: id, outcome: outcome(id) });
  await (await openLedger(repository)).ledger.record([record("one"), record("two")], [], dead);
  const { ledger } = await openLedger(repository);
  expect([await ledger.find("one"), await ledger.find("two")]).toEqual([null, null]);
  await ledger.record([record("one")], [], { ...dead, newOid: oldOid, effectIds: ["one"] });
  ledger.endLanding();
  await ledger.record([record("three")], []);
  expect(await ledger.find("one")).toMatchObject({ digest: "one" });
  expect(await ledger.find("two")).toBeNull();
});

test("the end of a landing leaves the record of another process's alone", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const oldOid = await repository.oid("HEAD");
  const elsewhere = await repository.git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "not moved to yet");
  const landing = { targetRef: "refs/heads/main", worktree: null, oldOid, newOid: oldOid, effectIds: ["one"] };
  const record = (id: string) => ({ digest: id, outcome: outcome(id) });
  const { ledger } = await openLedger(repository);
  await ledger.record([record("one")], [], landing);
  ledger.endLanding();
  const other = (await openLedger(repository)).ledger;
  await other.record([record("two")], [], { ...landing, newOid: elsewhere, effectIds: ["two"] });
  await ledger.record([record("three")], []);
  expect(await ledger.find("one")).toMatchObject({ digest: "one" });
  expect(await ledger.find("two")).toBeNull();
});

test.each([
  ["amended", ["commit", "-q", "--amend", "-m", "mine"]],
  ["taken back", ["reset", "-q", "--hard", "HEAD~1"]],
])("a landing whose commit was %s before it was settled has landed all the same", async (_, rewrite) => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const record = (id: string) => ({ digest: id, outcome: outcome(id) });
  const oldOid = await repository.oid("HEAD");
  await repository.write({ "a.txt": "landed\n" });
  await repository.git("commit", "-qam", "landed");
  const newOid = await repository.oid("HEAD");
  const landing = { targetRef: "refs/heads/main", worktree: repository.path, oldOid, newOid, effectIds: ["one"] };
  // The process that recorded it has died.
  await (await openLedger(repository)).ledger.record([record("one")], [], landing);
  await repository.git(...rewrite);
  const { ledger } = await openLedger(repository);
  expect(await ledger.unmoved()).toEqual([]);
  expect(await ledger.find("one")).toMatchObject({ digest: "one" });
  await ledger.record([record("two")], [], { ...landing, effectIds: ["two"], newOid: await repository.oid("HEAD") });
  expect(await ledger.find("one")).toMatchObject({ digest: "one" });
});

test("without a reflog a living process knows by itself what it has landed", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const oldOid = await repository.oid("HEAD");
  const newOid = await repository.git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "moved to, and amended since");
  const landing = { targetRef: "refs/heads/main", worktree: null, oldOid, newOid, effectIds: ["one"] };
  const { ledger } = await openLedger(repository);
  await ledger.record([{ digest: "one", outcome: outcome("one") }], [], landing);
  expect(await ledger.find("one")).toBeNull();
  ledger.landingMoved(landing);
  expect(await ledger.find("one")).toMatchObject({ digest: "one" });
});

test("a failure that was recorded after its landing could not move stays on record", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const oldOid = await repository.oid("HEAD");
  const newOid = await repository.git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "never moved to");
  const landing = (effectId: string) => ({
    ...{ targetRef: "refs/heads/main", worktree: null, oldOid, newOid },
    effectIds: [effectId],
  });
  const record = (id: string) => ({ digest: id, outcome: outcome(id) });
  const failed = new OutcomeDraft("one", "run-1").failed(new CoppiceError("ERR_NATIVE", "it could not move"), null);
  const { ledger } = await openLedger(repository);
  await ledger.record([record("one")], [], landing("one"));
  await ledger.record([{ digest: "one", outcome: failed }], []);
  await ledger.record([record("two")], [], landing("two"));
  expect((await ledger.find("one"))?.outcome.kind).toBe("failed");
  const { ledger: another } = await openLedger(repository);
  expect(await another.unmoved()).toEqual(["two"]);
  expect(await another.discardUnmoved()).toBe(true);
  expect((await another.find("one"))?.outcome.kind).toBe("failed");
  expect(await another.find("two")).toBeNull();
});

const noOid = "1".repeat(40);
test.each([
  ["", "entry"],
  ["42", "entry"],
  ["{}", "entry"],
  ['{"digest":"unknown","outcome":{}}', "entry"],
  ['{"digest":"unknown","outcome":{"kind":"landed"}}', "entry"],
  ['{"digest":"unknown","outcome":{"kind":"failed"}}', "entry"],
  ["{", "record of a landing"],
  ['{"targetRef":null,"oldOid":0,"newOid":[],"effectIds":{}}', "record of a landing"],
  [`{"targetRef":"refs/heads/main","worktree":null,"oldOid":"x","newOid":"${noOid}","effectIds":["a"]}`, "record"],
])("a ledger that somebody has edited to %j is refused, and stays as it is", async (text, what) => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const { ledger } = await openLedger(repository);
  await ledger.record([{ digest: "one", outcome: outcome("one") }], []);
  const ref = "refs/coppice/run-1/ledger";
  const paths = (await repository.git("ls-tree", "-r", "--name-only", ref)).split("\n");
  const changed = what === "entry" ? paths : ["landing.json"];
  await repository.commitBeside(ref, "edited", Object.fromEntries(changed.map((path) => [path, text])));
  const edited = await repository.oid(ref);
  const refused = { code: "ERR_CORRUPT", message: expect.stringContaining(what) };
  await expect((await openLedger(repository)).ledger.find("one")).rejects.toMatchObject(refused);
  expect(await repository.oid(ref)).toBe(edited);
});

test("a ledger whose object is lost is not taken for none", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const { ledger } = await openLedger(repository);
  await ledger.record([{ digest: "one", outcome: outcome("one") }], []);
  await writeFile(join(repository.path, ".git/refs/coppice/run-1/ledger"), `${noOid}\n`);
  const reading = (await openLedger(repository)).ledger;
  await expect(reading.find("one")).rejects.toMatchObject({ code: "ERR_CORRUPT" });
  await expect(reading.record([{ digest: "two", outcome: outcome("two") }], [])).rejects.toMatchObject({
    code: "ERR_CORRUPT",
  });
});

test("an entry of a version without labels is read as one that has none; one whose labels are none is refused", async () => {
  const repository = await createRepository({ tree: { "a.txt": "a\n" } });
  const { ledger } = await openLedger(repository);
  const { labels: _, ...older } = outcome("older");
  await ledger.record([{ digest: "older", outcome: older as Outcome }], []);
  expect((await ledger.find("older"))?.outcome).toEqual(outcome("older"));
  const garbled = { ...outcome("garbled"), labels: { name: 1 } } as unknown as Outcome;
  await ledger.record([{ digest: "garbled", outcome: garbled }], []);
  await expect(ledger.find("garbled")).rejects.toMatchObject({ code: "ERR_CORRUPT" });
});
