/*
 * A query of the library: SQL text whose comment at the top says what it is.
 *
 *     -- stalls: callbacks that held a loop, and what waited behind them
 *     --
 *     -- Words that explain it, as many lines as it takes.
 *     --
 *     -- :at_least duration = 10ms   callbacks that took less are left out
 *     -- :limit integer = 20         rows at most
 *     SELECT …
 *
 * A parameter without "= DEFAULT" must be given.
 */
#ifndef ACAUSAL_DEBUGGER_QUERY_FILE_H
#define ACAUSAL_DEBUGGER_QUERY_FILE_H

#include "recorder/base/error.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#define QUERY_PARAMETERS_MAX 16

/* X(TAG, name, what it takes in words) */
#define QUERY_TYPES(X)                                                                             \
	X(TEXT, "text", "a text")                                                                  \
	X(INTEGER, "integer", "a whole number")                                                    \
	X(REAL, "real", "a number")                                                                \
	X(DURATION, "duration", "a duration such as 500us, 10ms or 2s")                            \
	X(ID, "id", "an async ID such as 42 or 2:42")                                              \
	X(POINT, "point", "a POINT such as 42, run:7 or crash")

#define X(tag, name, words) QUERY_##tag,
enum query_type { QUERY_TYPES(X) QUERY_TYPE_COUNT };
#undef X

struct query_parameter {
	char name[32];
	enum query_type type;
	char fallback[64]; /* its default, as it would be typed; "NULL" for none */
	bool is_required;  /* it has no default */
	char words[160];
};

struct query {
	char name[64];
	char summary[160]; /* one line; "" when the file has none */
	const char *sql;   /* the whole text. Borrowed */
	struct query_parameter parameters[QUERY_PARAMETERS_MAX];
	int parameter_count;
};

/* Reads the comment at the top of `sql`, which is borrowed. */
int query_parse(struct query *ret, const char *name, const char *sql, struct error *err);

/* The parameter's number; -1: it has none of that name. */
int query_find_parameter(const struct query *query, const char *name, size_t length);

/*
 * Gives a statement's parameter a value, as it was typed: bound, never pasted. NULL as `value` is
 * its default.
 */
int query_bind(const struct query *query, const struct query_parameter *parameter,
	const char *value, sqlite3_stmt *statement, struct error *err);

#endif
