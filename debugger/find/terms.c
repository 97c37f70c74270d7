/* What is looked for: see terms.h. Knows no recording. */
#include "debugger/find/terms.h"

#include "debugger/recording/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const keys[] = {
#define X(tag, key) key,
	TERM_KEYS(X)
#undef X
};

void terms_deinit(struct terms *terms)
{
	int i;

	for (i = 0; i < terms->count; i++) {
		pattern_destroy(terms->rows[i].pattern);
		free(terms->rows[i].context_key);
	}
	*terms = (struct terms){0};
}

/* "/etc/ *" with its stars and question marks as a shell means them, as a regular expression. */
static char *glob_pattern(const char *text)
{
	char *pattern = malloc(2 * strlen(text) + 1), *end = pattern;

	for (; pattern && *text; text++) {
		if (*text == '*') {
			*end++ = '.';
			*end++ = '*';
		} else if (*text == '?') {
			*end++ = '.';
		} else {
			if (strchr("\\^$.[]|()+{}#", *text))
				*end++ = '\\';
			*end++ = *text;
		}
	}
	if (pattern)
		*end = 0;
	return pattern;
}

/* "/regex/", a text with stars, or a text. */
static int make_pattern(struct term *term, const char *text, struct error *err)
{
	struct pattern_options options = {.ignore_case = true, .literal = true};
	size_t length = strlen(text);
	char *copy;
	int result;

	if (!length)
		return error_set(err, "find: '%s' has no text to look for", term->word);
	if (length > 2 && text[0] == '/' && text[length - 1] == '/') {
		options.literal = false;
		copy = strndup(text + 1, length - 2);
	} else if (strpbrk(text, "*?")) {
		options.literal = false;
		copy = glob_pattern(text);
	} else {
		copy = strdup(text);
	}
	if (!copy)
		return error_set(err, "out of memory");
	result = pattern_create(&term->pattern, copy, &options, err);
	free(copy);
	return result;
}

/* The line of "http.c:80" is taken off `text`. */
static void take_line(struct term *term, char *text)
{
	char *colon = strrchr(text, ':'), *end;
	long long line;

	if (!colon || colon == text || colon[1] < '0' || colon[1] > '9')
		return;
	line = strtoll(colon + 1, &end, 10);
	if (*end || line > INT32_MAX)
		return;
	term->number = line;
	*colon = 0;
}

static int make_text(struct term *term, const char *value, struct error *err)
{
	char *text = strdup(value);
	int result;

	if (!text)
		return error_set(err, "out of memory");
	if ((term->key == TERM_FILE || term->key == TERM_ANY) && text[0] != '/')
		take_line(term, text);
	else if (term->key == TERM_FILE && text[strlen(text) - (*text != 0)] != '/')
		take_line(term, text);
	result = make_pattern(term, text, err);
	free(text);
	return result;
}

static int make_address(struct term *term, const char *value, struct error *err)
{
	char *end;

	errno = 0;
	term->number = (int64_t)strtoull(value, &end, 0);
	if (errno || *end || *value < '0' || *value > '9')
		return error_set(
			err, "find: address= takes an address, as 0x7f12, not '%s'", value);
	return 0;
}

/* KEY=VALUE of a key that is none of ours is a context. */
static int make_context(
	struct term *term, const char *key, size_t length, const char *value, struct error *err)
{
	term->key = TERM_CONTEXT;
	term->context_key = strndup(key, length);
	if (!term->context_key)
		return error_set(err, "out of memory");
	return make_pattern(term, value, err);
}

static int make_term(struct term *term, const char *word, struct error *err)
{
	const char *equals = strchr(word, '='), *value = word, *inner;
	size_t length = equals ? (size_t)(equals - word) : 0;
	int i;

	*term = (struct term){.key = TERM_ANY, .word = word, .number = UNKNOWN};
	if (length && word[0] != '/') {
		value = equals + 1;
		for (i = TERM_TYPE; i < TERM_KEY_COUNT && term->key == TERM_ANY; i++)
			if (strlen(keys[i]) == length && !strncmp(keys[i], word, length))
				term->key = (enum term_key)i;
		if (term->key == TERM_ANY)
			return make_context(term, word, length, value, err);
		inner = strchr(value, '=');
		if (term->key == TERM_CONTEXT && inner && inner != value)
			return make_context(term, value, (size_t)(inner - value), inner + 1, err);
	}
	if (term->key == TERM_ADDRESS)
		return make_address(term, value, err);
	if (term->key == TERM_ALIVE)
		return strcmp(value, "end") ? error_set(err, "find: alive= takes 'end': what was"
							     " there when the recording ended;"
							     " of other moments see 'live'")
					    : 0;
	return make_text(term, value, err);
}

int terms_init(struct terms *terms, char **words, int count, struct error *err)
{
	*terms = (struct terms){0};
	if (count > TERMS_MAX)
		return error_set(err, "find: at most %d words", TERMS_MAX);
	for (; terms->count < count; terms->count++)
		if (make_term(&terms->rows[terms->count], words[terms->count], err)) {
			terms->count++; /* what there is of it is freed too */
			return -1;
		}
	return 0;
}

bool term_matches(const struct term *term, const char *text)
{
	struct pattern_range range;
	struct error err;

	return text && term->pattern &&
	       pattern_find(term->pattern, text, strlen(text), 0, &range, &err) == 1;
}
