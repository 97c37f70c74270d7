/*
 * A regular expression for the bytes of log lines: PCRE2's, compiled to machine code where that can
 * be done. Bytes that are no UTF-8 match nothing but end nothing either. One thread.
 */
#ifndef ACAUSAL_DEBUGGER_LOG_MATCH_H
#define ACAUSAL_DEBUGGER_LOG_MATCH_H

#include "recorder/base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct log_match;

struct log_match_options {
	bool ignore_case;
	bool literal; /* the pattern is a text, not a regular expression */
};

/* In one error line: where the pattern goes wrong, and why. */
int log_match_create(struct log_match **ret, const char *pattern,
	const struct log_match_options *options, struct error *err);
void log_match_destroy(struct log_match *match);

struct log_match_range {
	size_t begin, end;
};

/*
 * The first match at or after `from`: 1 and where, 0 none, -1 an error: the pattern takes far too
 * long on this text.
 */
int log_match_find(struct log_match *match, const char *bytes, size_t length, size_t from,
	struct log_match_range *ret, struct error *err);

#endif
