/* What a word may become: see candidates.h. */
#include "debugger/prompt/candidates.h"

#include <stdlib.h>
#include <string.h>

void candidates_clear(struct candidates *candidates)
{
	size_t i;

	for (i = 0; i < candidates->count; i++) {
		free(candidates->list[i].word);
		free(candidates->list[i].words);
	}
	free(candidates->list);
	free(candidates->common);
	*candidates = (struct candidates){0};
}

static bool is_there(const struct candidates *candidates, const char *word)
{
	size_t i;

	for (i = 0; i < candidates->count; i++)
		if (!strcmp(candidates->list[i].word, word))
			return true;
	return false;
}

void candidates_add(struct candidates *candidates, const char *beginning, size_t length,
	const char *word, const char *words)
{
	struct candidate *grown;

	if (strncmp(word, beginning, length) || is_there(candidates, word))
		return;
	if (candidates->count == CANDIDATES_MAX) {
		candidates->is_cut = true;
		return;
	}
	if (candidates->count == candidates->capacity) {
		size_t capacity = candidates->capacity ? 2 * candidates->capacity : 32;

		grown = reallocarray(candidates->list, capacity, sizeof *grown);
		if (!grown)
			return;
		candidates->list = grown;
		candidates->capacity = capacity;
	}
	grown = &candidates->list[candidates->count];
	grown->words = words && *words ? strdup(words) : NULL;
	grown->word = strdup(word);
	if (grown->word)
		candidates->count++;
	else
		free(grown->words);
}

char *candidates_common(const struct candidates *candidates)
{
	const char *first = candidates->common;
	size_t length, i;

	if (!candidates->count)
		return NULL;
	if (!first)
		first = candidates->list[0].word;
	length = strlen(first);
	for (i = 0; i < candidates->count; i++) {
		const char *word = candidates->list[i].word;
		size_t same = 0;

		while (same < length && word[same] == first[same])
			same++;
		length = same;
	}
	return strndup(first, length);
}
