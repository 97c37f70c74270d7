/*
 * Shell patterns: see sink_match.h. A pattern ends at a newline or a NUL.
 *
 * Only the last `*` is ever tried anew, which is enough, and keeps the time within the product of
 * both lengths.
 */
#include "recorder/hooks/sink_match.h"

#include <stddef.h>
#include <string.h>

static bool is_end(char c)
{
	return c == 0 || c == '\n';
}

/* After a `[`; NULL when no bracket closes it, and it stands for itself. */
static const char *set(const char *pattern, char c, bool *ret)
{
	bool is_not = *pattern == '!' || *pattern == '^', found = false;
	const char *first = pattern += is_not;

	for (; *pattern != ']' || pattern == first; pattern++) {
		unsigned char low, high;

		if (*pattern == '\\' && !is_end(pattern[1]))
			pattern++;
		if (is_end(*pattern))
			return NULL;
		low = high = (unsigned char)*pattern;
		if (pattern[1] == '-' && pattern[2] != ']' && !is_end(pattern[2])) {
			pattern += 2;
			if (*pattern == '\\' && !is_end(pattern[1]))
				pattern++;
			high = (unsigned char)*pattern;
		}
		found |= low <= (unsigned char)c && (unsigned char)c <= high;
	}
	*ret = found != is_not && c != '/';
	return pattern + 1;
}

/*
 * The part of a pattern that stands for one character. Sets whether it stands for `c`, and returns
 * what comes after it.
 */
static const char *one(const char *pattern, char c, bool *ret)
{
	const char *after;

	switch (*pattern) {
	case '?':
		*ret = c != '/';
		return pattern + 1;
	case '[':
		after = set(pattern + 1, c, ret);
		if (after)
			return after;
		break;
	case '\\':
		if (!is_end(pattern[1]))
			pattern++;
		break;
	default:
		break;
	}
	*ret = *pattern == c;
	return pattern + 1;
}

static bool matches(const char *pattern, const char *text)
{
	const char *star = NULL, *star_text = NULL;

	for (;;) {
		bool is_one = false;
		const char *after = pattern;

		if (*pattern == '*') {
			star = ++pattern;
			star_text = text;
			continue;
		}
		if (!*text && is_end(*pattern))
			return true;
		if (*text && !is_end(*pattern))
			after = one(pattern, *text, &is_one);
		if (is_one) {
			pattern = after;
			text++;
			continue;
		}
		/* The last star stands for one character more. */
		if (!star || !*star_text || *star_text == '/')
			return false;
		pattern = star;
		text = ++star_text;
	}
}

bool sink_match(const char *patterns, const char *path)
{
	const char *last = strrchr(path, '/');

	while (*patterns == '\n') {
		size_t length = strcspn(++patterns, "\n");

		if (length > 0 &&
			matches(patterns, memchr(patterns, '/', length) || !last ? path : last + 1))
			return true;
		patterns += length;
	}
	return false;
}
