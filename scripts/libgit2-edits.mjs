// Our edits of libgit2's own files, made on copies below build/ at configure time. An edit knows the file for which it was
// written by its hash: another version must be looked at by somebody before it is edited.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const edits = [
  {
    // An index whose offsets were damaged leads beyond the end of the pack, and that was read (a crash).
    file: "src/libgit2/pack.c",
    sha256: "ab8d2431d1e531d9ef848f845b5bacaf1da039f8893f80a191b782380ecef550",
    replace: [
      [
        `	base = git_mwindow_open(&p->mwf, w_curs, *curpos, p->oid_size, &left);
	git_mutex_unlock(&p->lock);
	git_mutex_unlock(&p->mwf.lock);
	if (base == NULL)
		return GIT_EBUFS;
`,
        `	if (*curpos < 0 || p->mwf.size < (off64_t)p->oid_size || *curpos > p->mwf.size - (off64_t)p->oid_size) {
		git_mutex_unlock(&p->lock);
		git_mutex_unlock(&p->mwf.lock);
		return packfile_error("an object lies outside of the pack");
	}
	base = git_mwindow_open(&p->mwf, w_curs, *curpos, p->oid_size, &left);
	git_mutex_unlock(&p->lock);
	git_mutex_unlock(&p->mwf.lock);
	if (base == NULL)
		return GIT_EBUFS;
`,
      ],
    ],
  },
];

/**
 * `source` or, where it is edited, the path of its edited copy.
 * @param projectFolder absolute
 * @param libgit2 the folder of libgit2, relative to the project, as `source` is
 * @throws when the file is not the one for which the edit was written
 */
export function editedSource(projectFolder, libgit2, source) {
  const edit = edits.find(({ file }) => source === `${libgit2}/${file}`);
  if (edit === undefined) return source;
  const original = readFileSync(join(projectFolder, source));
  const found = createHash("sha256").update(original).digest("hex");
  if (found !== edit.sha256)
    throw new Error(
      `${source} is not the file that Coppice edits (its SHA-256 is ${found}, expected ${edit.sha256}): ` +
        "see whether the edit in scripts/libgit2-edits.mjs is still needed and still right, then change the hash there",
    );
  const text = edit.replace.reduce((before, [from, to]) => {
    if (before.split(from).length !== 2) throw new Error(`an edit of ${source} finds no single place for itself`);
    return before.replace(from, () => to);
  }, original.toString("utf8"));
  const edited = `build/libgit2-edited/${edit.file.split("/").at(-1)}`;
  writeWhenDifferent(join(projectFolder, edited), text);
  return edited;
}

// A new time on the file would have it compiled again.
function writeWhenDifferent(path, text) {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
