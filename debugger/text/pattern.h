/*
 * A regular expression for the bytes of log lines: PCRE2's, compiled to machine code where that can
 * be done. Bytes that are no UTF-8 match nothing but end nothing either. One thread.
 */
#ifndef ACAUSAL_DEBUGGER_PATTERN_H
#define ACAUSAL_DEBUGGER_PATTERN_H

#include "recorder/base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct pattern;

struct pattern_options {
	bool ignore_case;
	bool literal; /* the pattern is a text, not a regular expression */
};

/* In one error line: where the pattern goes wrong, and why. */
int pattern_create(struct pattern **ret, const char *pattern, const struct pattern_options *options,
	struct error *err);
void pattern_destroy(struct pattern *match);

struct pattern_range {
	size_t begin, end;
};

/*
 * The first match at or after `from`: 1 and where, 0 none, -1 an error: the pattern takes far too
 * long on this text.
 */
int pattern_find(struct pattern *match, const char *bytes, size_t length, size_t from,
	struct pattern_range *ret, struct error *err);

#endif
