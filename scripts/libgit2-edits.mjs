// Our edits of libgit2's own files, made on copies below build/ at configure time. An edit knows the file for which it was
// written by its hash: another version must be looked at by somebody before it is edited.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const edits = [
  {
    // An index whose offsets were damaged leads beyond the end of the pack, and that was read (a crash). And the byte behind an
    // object is a NUL for whoever reads it as text: a stream that is longer than the object may have written there. And an entry
    // says how long its object is: so much memory was not only asked for but filled with zeros, whatever the pack can hold.
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
      [
        `	GIT_ERROR_CHECK_ALLOC_ADD(&buffer_len, size, 1);
	data = git__calloc(1, buffer_len);
	GIT_ERROR_CHECK_ALLOC(data);

	if ((error = git_zstream_init(&zstream, GIT_ZSTREAM_INFLATE)) < 0) {
		git_error_set(GIT_ERROR_ZLIB, "failed to init zlib stream on unpack");
`,
        `	/* zlib makes 1032 bytes of one at most. */
	if (*position > p->mwf.size || size / 1032 > (size_t)(p->mwf.size - *position))
		return packfile_error("an object is said to be larger than its pack can make it");
	GIT_ERROR_CHECK_ALLOC_ADD(&buffer_len, size, 1);
	data = git__malloc(buffer_len);
	GIT_ERROR_CHECK_ALLOC(data);

	if ((error = git_zstream_init(&zstream, GIT_ZSTREAM_INFLATE)) < 0) {
		git_error_set(GIT_ERROR_ZLIB, "failed to init zlib stream on unpack");
`,
      ],
      [
        `	if (total != size || !git_zstream_eos(&zstream)) {
		git_error_set(GIT_ERROR_ZLIB, "error inflating zlib stream");
		error = -1;
		goto out;
	}
`,
        `	if (total != size || !git_zstream_eos(&zstream)) {
		git_error_set(GIT_ERROR_ZLIB, "error inflating zlib stream");
		error = -1;
		goto out;
	}
	data[size] = 0;
`,
      ],
    ],
  },
  {
    // A delta says how long its result is: a size of more bits than there are, and one that asks for all memory (CVE-2026-53585).
    file: "src/libgit2/delta.c",
    sha256: "3e5d84b81f8fa3b752f75e0853a548ec3863ac3f1070bf99a9367bf6ae8ab87c",
    replace: [
      [
        `		c = *d++;
		r |= (c & 0x7f) << shift;
		shift += 7;
	} while (c & 0x80);
	*delta = d;
`,
        `		if (shift + 7 > sizeof(size_t) * 8) {
			git_error_set(GIT_ERROR_INVALID, "a delta has an impossible size");
			return -1;
		}
		c = *d++;
		r |= (size_t)(c & 0x7f) << shift;
		shift += 7;
	} while (c & 0x80);
	*delta = d;
`,
      ],
      [
        `	GIT_ERROR_CHECK_ALLOC_ADD(&alloc_sz, res_sz, 1);
	res_dp = git__malloc(alloc_sz);
`,
        `	/* One byte of a delta copies 16 MiB of its base at most. */
	if (res_sz / 0x1000000 > delta_len) {
		git_error_set(GIT_ERROR_INVALID, "a delta promises more than it can make");
		return -1;
	}
	GIT_ERROR_CHECK_ALLOC_ADD(&alloc_sz, res_sz, 1);
	res_dp = git__malloc(alloc_sz);
`,
      ],
    ],
  },
  {
    // A stream that is cut off makes no progress, and was asked for more for ever.
    file: "src/util/zstream.c",
    sha256: "51e507d17742366b91e6f427a48b566b52013f06502c3f05fbd6f5120b3d6afb",
    replace: [
      [
        `		out_remain -= out_written;
		out = ((char *)out) + out_written;
`,
        `		if (!out_written && !zstream->in_len && zstream->zerr != Z_STREAM_END) {
			git_error_set(GIT_ERROR_ZLIB, "a zlib stream is cut off");
			return -1;
		}
		out_remain -= out_written;
		out = ((char *)out) + out_written;
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
