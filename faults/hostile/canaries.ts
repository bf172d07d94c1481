// Canaries: files outside of every root that the product may write to. Whatever is hostile aims at them; afterwards they must be byte
// for byte what they were, and nothing may have come to lie beside them. Git's own files that a tree could reach count too.
import { createHash } from "node:crypto";
import { lstat, mkdir, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Problem } from "../scenario.js";

/** Of the git directory: what neither landings nor worktrees nor snapshots may touch. */
const gitsOwn = ["config", "config.worktree", "description", "HEAD", "hooks", "info", "index.canary"];
/** Roots of the product, by their names in the folder of a case. */
const roots = ["project", "project.worktrees"];

/** @param files by name: they lie in the folder to which hostile links lead */
export async function layCanaries(place: string, files: Readonly<Record<string, string>>): Promise<string> {
  const outside = join(place, "outside");
  await mkdir(join(outside, "deep/er"), { recursive: true });
  await mkdir(join(place, "cwd"), { recursive: true });
  const all = { "canary.txt": "a canary\n", "deep/er/canary.txt": "another\n", config: "[core]\n", ...files };
  for (const [name, text] of Object.entries(all)) await writeFile(join(outside, name), text);
  await writeFile(join(place, "canary.txt"), "beside the repository\n");
  await writeFile(join(place, "cwd/canary.txt"), "where the process stands\n");
  return outside;
}

/** What is outside, by path: kind, mode and digest of the content. `except`: names at the top that belong to the harness. */
export async function lookOutside(place: string, except: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of await readdir(place)) {
    if (!roots.includes(name) && !except.includes(name)) await look(place, name, found);
  }
  for (const name of gitsOwn) await look(place, `project/.git/${name}`, found);
  return found;
}

async function look(place: string, name: string, found: Map<string, string>): Promise<void> {
  const path = join(place, name);
  const stat = await lstat(path).catch(() => null);
  if (stat === null) return;
  const mode = stat.mode.toString(8);
  if (stat.isDirectory()) {
    found.set(name, mode);
    for (const child of await readdir(path)) await look(place, `${name}/${child}`, found);
  } else if (stat.isSymbolicLink()) found.set(name, `${mode} ${await readlink(path)}`);
  else if (stat.isFile())
    found.set(
      name,
      `${mode} ${createHash("sha256")
        .update(await readFile(path))
        .digest("hex")}`,
    );
  else found.set(name, mode);
}

export function judgeCanaries(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Problem[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])];
  return paths
    .filter((path) => before.get(path) !== after.get(path))
    .map((path) => ({
      kind: "escapes",
      what: `${path}: ${before.get(path) ?? "nothing"} became ${after.get(path) ?? "nothing"}`,
    }));
}
