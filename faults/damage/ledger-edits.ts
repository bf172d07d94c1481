// Ledgers that somebody has edited: entries and landing records that are no JSON, no entries, or not true. Each is a commit on the ledger's
// ref, and the old one can be put back as long as nobody has written the ledger since.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { git } from "../../test/support/git.js";
import { runId } from "../walk.js";
import type { World } from "../world.js";

const ledgerRef = `refs/coppice/${runId}/ledger`;
const noOid = "1".repeat(40);

const texts: Readonly<Record<string, string>> = {
  nothing: "",
  "half a line": '{"digest":"',
  null: "null",
  "a number": "42",
  "a text": '"landed"',
  "a list": "[]",
  "no members": "{}",
  "members of other types": '{"digest":7,"outcome":"landed"}',
  "an outcome of nothing": '{"digest":"unknown","outcome":{}}',
  "an outcome of no kind": '{"digest":"unknown","outcome":{"kind":"other","effectId":"edit"}}',
  "landed, and no more": '{"digest":"unknown","outcome":{"kind":"landed"}}',
  "failed without an error": '{"digest":"unknown","outcome":{"kind":"failed"}}',
  "kept nowhere": `{"digest":"unknown","outcome":{"kind":"failed","attempt":"x","kept":{"ref":7},"error":{"code":"ERR_X"}}}`,
  "kept as another ref": `{"digest":"unknown","outcome":{"kind":"failed","effectId":"edit","attempt":1,"kept":{"ref":"refs/heads/main","snapshotOid":"${noOid}"},"error":{"code":"ERR_NATIVE","message":""}}}`,
  "a landing of nothing": '{"targetRef":null,"oldOid":0,"newOid":[],"effectIds":{}}',
  "a landing of no effects": `{"targetRef":"refs/heads/main","worktree":null,"oldOid":"${noOid}","newOid":"${noOid}"}`,
  "a landing of others": `{"targetRef":"refs/heads/../main","worktree":7,"oldOid":"x","newOid":"HEAD~1","effectIds":["../../x"]}`,
  deep: `${"[".repeat(100_000)}${"]".repeat(100_000)}`,
  long: JSON.stringify({ digest: "x".repeat(4 << 20), outcome: { kind: "failed" } }),
  "a prototype": '{"__proto__":{"outcome":{"kind":"landed"}},"digest":"unknown"}',
};

export const ledgerTexts = Object.keys(texts);
/** What the ref itself may name. */
export const ledgerHeads = [
  "a blob",
  "a tree",
  "an empty commit",
  "the branch",
  "an object that is not there",
] as const;

export interface Edited {
  /** False: the product has written the ledger since. */
  mend(): Promise<boolean>;
}

/** Null: there is no ledger yet. */
export async function editEntries(world: World, text: string, which: "entries" | "landing"): Promise<Edited | null> {
  const { repository, folder } = world;
  const before = await ledgerOid(world);
  if (before === null) return null;
  const listed = (await git(repository, ["ls-tree", "-r", "--name-only", before])).split("\n");
  const paths = which === "landing" ? ["landing.json"] : listed.filter((path) => path !== "landing.json");
  const blobOid = await git(repository, ["hash-object", "-w", "--stdin"], { input: texts[text] ?? "" });
  const env = { GIT_INDEX_FILE: join(folder, "ledger.index") };
  await git(repository, ["read-tree", before], { env });
  const lines = paths.map((path) => `100644 ${blobOid}\t${path}\n`).join("");
  await git(repository, ["update-index", "--add", "--index-info"], { env, input: lines });
  const treeOid = await git(repository, ["write-tree"], { env });
  await rm(env.GIT_INDEX_FILE);
  return moveLedger(world, before, await git(repository, ["commit-tree", "-m", "edited", treeOid]));
}

export async function moveHead(world: World, to: (typeof ledgerHeads)[number]): Promise<Edited | null> {
  const { repository } = world;
  const before = await ledgerOid(world);
  if (before === null) return null;
  const oids: Record<typeof to, () => Promise<string>> = {
    "a blob": () => git(repository, ["hash-object", "-w", "--stdin"], { input: "a blob\n" }),
    "a tree": () => git(repository, ["rev-parse", "main^{tree}"]),
    "an empty commit": async () =>
      git(repository, ["commit-tree", "-m", "", await git(repository, ["mktree"], { input: "" })]),
    "the branch": () => git(repository, ["rev-parse", "main"]),
    "an object that is not there": async () => noOid,
  };
  return moveLedger(world, before, await oids[to]());
}

async function ledgerOid({ repository }: World): Promise<string | null> {
  const oid = await git(repository, ["for-each-ref", "--format=%(objectname)", ledgerRef]);
  return oid === "" ? null : oid;
}

/** By hand: git refuses to let a ref name what is not there. */
async function moveLedger(world: World, before: string, after: string): Promise<Edited> {
  const path = join(world.repository, ".git", ledgerRef);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, `${after}\n`);
  return {
    async mend() {
      if ((await readFile(path, "utf8").catch(() => "")) !== `${after}\n`) return false;
      await writeFile(path, `${before}\n`);
      return true;
    },
  };
}
