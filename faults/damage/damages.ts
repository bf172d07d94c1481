// What can happen to the bytes of a file: each damage is done to a file of a repository, and can be taken back as long as nobody has
// written the file since.
import { randomBytes } from "node:crypto";
import { lstat, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";

type Random = () => number;

/** What stands at the path afterwards; null: nothing. */
type Made = Buffer | { readonly link: string } | "folder" | null;

const large = 8 << 20;

function at(bytes: Buffer, random: Random): number {
  return Math.floor(random() * bytes.length);
}

function changed(bytes: Buffer, offset: number, by: (byte: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  if (copy.length > 0) copy[offset] = by(copy[offset] as number) & 0xff;
  return copy;
}

export const damages: Readonly<Record<string, (bytes: Buffer, random: Random) => Made>> = {
  empty: () => Buffer.alloc(0),
  gone: () => null,
  truncated: (bytes, random) => bytes.subarray(0, at(bytes, random)),
  "last-byte-gone": (bytes) => bytes.subarray(0, -1),
  bit: (bytes, random) => changed(bytes, at(bytes, random), (byte) => byte ^ (1 << Math.floor(random() * 8))),
  "bit-at-head": (bytes, random) =>
    changed(bytes, Math.floor(random() * Math.min(24, bytes.length)), (byte) => byte ^ (1 << Math.floor(random() * 8))),
  bits: (bytes, random) => {
    let made = bytes;
    for (let time = 0; time < 40; time++) made = changed(made, at(bytes, random), () => random() * 256);
    return made;
  },
  zeros: (bytes, random) => {
    const copy = Buffer.from(bytes);
    const start = at(bytes, random);
    return copy.fill(0, start, Math.min(bytes.length, start + 64));
  },
  garbage: (bytes) => randomBytes(Math.max(40, bytes.length)),
  "garbage-behind": (bytes) => Buffer.concat([bytes, randomBytes(100)]),
  twice: (bytes) => Buffer.concat([bytes, bytes]),
  large: () => Buffer.alloc(large, "x\n"),
  lines: () => Buffer.from("\n".repeat(5_000)),
  dots: () => Buffer.from(`${"../".repeat(100)}etc/passwd\n`),
  "no-text": () => Buffer.from([0, 0xff, 0xfe, 0x0a, 0, 0x80]),
  folder: () => "folder",
  "link-to-nothing": () => ({ link: "nowhere/at/all" }),
  "link-to-itself": () => ({ link: "." }),
  "link-to-zeros": () => ({ link: "/dev/zero" }),
};

/** What was at a path, and what is now. */
export class Damaged {
  readonly #path: string;
  readonly #before: { readonly bytes: Buffer; readonly mode: number };
  readonly #made: Made;

  private constructor(path: string, before: { bytes: Buffer; mode: number }, made: Made) {
    this.#path = path;
    this.#before = before;
    this.#made = made;
  }

  static async do(path: string, damage: string, random: Random): Promise<Damaged> {
    const before = { bytes: await readFile(path), mode: (await lstat(path)).mode & 0o777 };
    const make = damages[damage];
    if (make === undefined) throw new Error(`there is no damage ${damage}`);
    const made = make(before.bytes, random);
    await put(path, made, before.mode);
    return new Damaged(path, before, made);
  }

  /** Puts back what was there, unless somebody has written the path since. False: somebody has. */
  async mend(): Promise<boolean> {
    if (!(await isAt(this.#path, this.#made))) return false;
    // What it lay in may be gone, too: a worktree that had nothing to keep.
    if ((await lstat(dirname(this.#path)).catch(() => null)) === null) return false;
    await put(this.#path, this.#before.bytes, this.#before.mode);
    return true;
  }
}

async function put(path: string, made: Made, mode: number): Promise<void> {
  await rm(path, { recursive: true, force: true });
  if (made === null) return;
  if (made === "folder") await mkdir(path);
  else if (Buffer.isBuffer(made)) await writeFile(path, made, { mode });
  else await symlink(made.link, path);
}

async function isAt(path: string, made: Made): Promise<boolean> {
  const stat = await lstat(path).catch(() => null);
  if (stat === null || made === null) return stat === null && made === null;
  if (made === "folder") return stat.isDirectory();
  if (!Buffer.isBuffer(made)) return stat.isSymbolicLink();
  return stat.isFile() && isDeepStrictEqual(await readFile(path), made);
}
