/* A line as words: see words.h. No variables, no patterns. */
#include "debugger/prompt/words.h"

#include <stdlib.h>
#include <string.h>

/* One word from `from` on, into `to`. Returns where it ended, NULL when a quote is not closed. */
static const char *read_word(const char *from, char **to)
{
	char quote = 0;

	for (; *from && (quote || !strchr(" \t\n", *from)); from++) {
		if (quote && *from == quote)
			quote = 0;
		else if (!quote && (*from == '\'' || *from == '"'))
			quote = *from;
		else if (*from == '\\' && quote != '\'' && from[1])
			*(*to)++ = *++from;
		else
			*(*to)++ = *from;
	}
	*(*to)++ = '\0';
	return quote ? NULL : from;
}

int words_split(struct words *words, const char *line, struct error *err)
{
	const char *from = line;
	char *to;

	*words = (struct words){0};
	to = words->storage = malloc(2 * strlen(line) + 2);
	if (!to)
		return error_set(err, "out of memory");
	for (;;) {
		from += strspn(from, " \t\n");
		if (!*from)
			return 0;
		if (words->count == WORDS_MAX)
			return error_set(err, "more than %d words", WORDS_MAX);
		words->offsets[words->count] = (int)(from - line);
		words->list[words->count] = to;
		from = read_word(from, &to);
		if (!from)
			return error_set(err, "a quote is not closed");
		words->count++;
	}
}

void words_deinit(struct words *words)
{
	free(words->storage);
	*words = (struct words){0};
}

int words_find_pipe(const char *line)
{
	char quote = 0;
	int i;

	for (i = 0; line[i]; i++) {
		if (quote && line[i] == quote)
			quote = 0;
		else if (!quote && (line[i] == '\'' || line[i] == '"'))
			quote = line[i];
		else if (line[i] == '\\' && quote != '\'' && line[i + 1])
			i++;
		else if (!quote && line[i] == '|' && i && strchr(" \t", line[i - 1]) &&
			 line[i + 1] != '|')
			return i;
		else if (!quote && line[i] == '|' && line[i + 1] == '|')
			i++;
	}
	return -1;
}
