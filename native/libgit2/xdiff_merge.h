/*
 * The three-way text merge with git's own settings, which git_merge_file cannot be asked for (histogram).
 * Plain C, no global state, nothing thrown; safe from any thread.
 */
#ifndef COPPICE_XDIFF_MERGE_H
#define COPPICE_XDIFF_MERGE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
	const char *data;
	size_t size;
} coppice_text;

typedef struct {
	const char *ours_label;
	const char *theirs_label;
	int marker_size; /* 0: git's default of 7 */
	int favor;       /* one of the below; with any but NONE there is never a conflict */
} coppice_merge_settings;

#define COPPICE_FAVOR_NONE 0
#define COPPICE_FAVOR_OURS 1
#define COPPICE_FAVOR_THEIRS 2
#define COPPICE_FAVOR_UNION 3 /* both sides' lines, ours first */

/*
 * Merges like merge-ort: zealous, histogram. Returns 0 when clean, the number of conflicts when *out holds markers,
 * -1 when memory ran out or a text is beyond git's 1,023 MiB. *out is to be given to coppice_text_free, also on 0 size.
 */
int coppice_merge_text(
	char **out, size_t *out_size,
	coppice_text base, coppice_text ours, coppice_text theirs,
	const coppice_merge_settings *settings);
void coppice_text_free(char *text);

#ifdef __cplusplus
}
#endif

#endif
