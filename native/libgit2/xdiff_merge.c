/* See xdiff_merge.h. Rejected: editing libgit2's merge_file.c at build time, which ties every file merge to a patch. */
#include "common.h"

#include "git-xdiff.h"
#include "xdiff.h"

#include "xdiff_merge.h"

/* Beyond this xdiff's own arithmetic is not safe; git calls such a file binary. */
#define MAX_TEXT_SIZE (1024UL * 1024 * 1023)

static mmfile_t file_of(coppice_text text)
{
	mmfile_t file;

	file.ptr = (char *)text.data;
	file.size = (long)text.size;
	return file;
}

static int favor_of(int favor)
{
	switch (favor) {
	case COPPICE_FAVOR_OURS: return XDL_MERGE_FAVOR_OURS;
	case COPPICE_FAVOR_THEIRS: return XDL_MERGE_FAVOR_THEIRS;
	case COPPICE_FAVOR_UNION: return XDL_MERGE_FAVOR_UNION;
	default: return 0;
	}
}

int coppice_merge_text(
	char **out, size_t *out_size,
	coppice_text base, coppice_text ours, coppice_text theirs,
	const coppice_merge_settings *settings)
{
	mmfile_t base_file = file_of(base), our_file = file_of(ours), their_file = file_of(theirs);
	mmbuffer_t merged = { NULL, 0 };
	xmparam_t parameters;
	int conflicts;

	*out = NULL;
	*out_size = 0;
	if (base.size > MAX_TEXT_SIZE || ours.size > MAX_TEXT_SIZE || theirs.size > MAX_TEXT_SIZE)
		return -1;

	memset(&parameters, 0, sizeof parameters);
	parameters.level = XDL_MERGE_ZEALOUS;
	parameters.xpp.flags = XDF_HISTOGRAM_DIFF;
	parameters.favor = favor_of(settings->favor);
	parameters.marker_size = settings->marker_size;
	parameters.file1 = settings->ours_label;
	parameters.file2 = settings->theirs_label;

	conflicts = xdl_merge(&base_file, &our_file, &their_file, &parameters, &merged);
	if (conflicts < 0) {
		git__free(merged.ptr);
		return -1;
	}
	*out = merged.ptr;
	*out_size = (size_t)merged.size;
	return conflicts;
}

void coppice_text_free(char *text)
{
	git__free(text);
}
