/*
 * The library of queries: those that come with the program, of schema/queries, and the user's own,
 * NAME.sql in $XDG_CONFIG_HOME/acausal/queries (~/.config/acausal/queries), of which one may
 * replace one of ours by its name.
 */
#ifndef ACAUSAL_DEBUGGER_QUERY_LIBRARY_H
#define ACAUSAL_DEBUGGER_QUERY_LIBRARY_H

#include "debugger/sql/query_file.h"

struct query_entry {
	struct query query;
	char *path, *text;	/* of a user's own; NULL for one of ours */
	struct error complaint; /* why a user's own cannot be used; "" when it can */
};

struct query_library {
	struct query_entry *entries; /* by name */
	size_t count, capacity;
};

/* Reads them all. To be ended with query_library_deinit, also after an error. */
int query_library_init(struct query_library *library, struct error *err);
void query_library_deinit(struct query_library *library);

/* NULL when there is none of that name. */
const struct query_entry *query_library_find(const struct query_library *library, const char *name);

#endif
