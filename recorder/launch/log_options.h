/* Which lines `acausal record` is to keep, and how: its options, as the recorded process is told.
 */
#ifndef ACAUSAL_LAUNCH_LOG_OPTIONS_H
#define ACAUSAL_LAUNCH_LOG_OPTIONS_H

#include "recorder/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_options {
	char log[1024];	  /* as ARENA_LOG_ENV says */
	uint64_t longest; /* bytes kept of a line */
	bool tags_lines;
};

void log_options_init(struct log_options *);

/* --no-log: none but those that patterns name. */
void log_options_none(struct log_options *);

/*
 * --log: what else is kept. A pattern that has a slash and does not begin with one is meant from
 * the current folder.
 */
int log_options_add(struct log_options *, const char *pattern, struct error *err);

/* --log-max: a number of bytes, with K or M for 1,024 or 1,048,576 of them. */
int log_options_limit(struct log_options *, const char *size, struct error *err);

enum { LOG_VARIABLES = 3 };

/*
 * What the process is told by its environment: NAME=VALUE each, made by malloc; less than
 * LOG_VARIABLES of them where it is to do as it does untold. `ret` is all NULL before. Returns how
 * many; -1: there is no memory, and some may have been made.
 */
int log_options_variables(const struct log_options *, char *ret[LOG_VARIABLES]);

#endif
