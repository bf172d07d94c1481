// Objects written by hand, byte for byte: stock git refuses to make what a hostile repository holds. They are loose, because a loose
// object is the shortest way to put bytes under their own name.
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deflateSync } from "node:zlib";

/** An entry as it is written: nothing is sorted, checked or normalised. Names and modes are bytes, one a character (latin1). */
export interface RawEntry {
  readonly mode: string;
  readonly name: string;
  /** What it names: a blob's bytes, a tree's entries, or an object by its oid. */
  readonly holds: Buffer | readonly RawEntry[] | { readonly oid: string };
}

/** Writes objects into one repository. Its git directory must have the usual layout. */
export class RawObjects {
  readonly #folder: string;

  constructor(repository: string) {
    this.#folder = join(repository, ".git/objects");
  }

  async write(type: "blob" | "tree" | "commit", body: Buffer): Promise<string> {
    const bytes = Buffer.concat([Buffer.from(`${type} ${body.length}\0`), body]);
    const oid = createHash("sha1").update(bytes).digest("hex");
    const folder = join(this.#folder, oid.slice(0, 2));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, oid.slice(2)), deflateSync(bytes), { flag: "wx" }).catch(unlessThere);
    return oid;
  }

  async tree(entries: readonly RawEntry[]): Promise<string> {
    const parts: Buffer[] = [];
    for (const { mode, name, holds } of entries) {
      const oid = await this.#oidOf(holds);
      parts.push(Buffer.from(`${mode} ${name}\0`, "latin1"), Buffer.from(oid, "hex"));
    }
    return this.write("tree", Buffer.concat(parts));
  }

  commit(treeOid: string, parentOids: readonly string[], message: string): Promise<string> {
    const person = "H Ostile <hostile@example.com> 1700000000 +0000";
    const parents = parentOids.map((oid) => `parent ${oid}\n`).join("");
    const text = `tree ${treeOid}\n${parents}author ${person}\ncommitter ${person}\n\n${message}\n`;
    return this.write("commit", Buffer.from(text));
  }

  #oidOf(holds: RawEntry["holds"]): Promise<string> | string {
    if (Buffer.isBuffer(holds)) return this.write("blob", holds);
    return "oid" in holds ? holds.oid : this.tree(holds);
  }
}

/** In the order that git wants, in which a folder's name ends with a slash; else every tree would be refused for its order alone. */
export function inGitsOrder(entries: readonly RawEntry[]): RawEntry[] {
  const key = ({ mode, name }: RawEntry) => Buffer.from(/^0*4/.test(mode) ? `${name}/` : name, "latin1");
  return [...entries].sort((a, b) => Buffer.compare(key(a), key(b)));
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}
