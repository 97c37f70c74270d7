/*
 * The values of a context: of each key the one that was set last on the way through the parents.
 */
#ifndef ACAUSAL_DEBUGGER_CONTEXT_VALUES_H
#define ACAUSAL_DEBUGGER_CONTEXT_VALUES_H

#include "debugger/recording/lookup_context.h"
#include "debugger/text/strbuf.h"

#include <stdbool.h>

struct context_value {
	char *key;
	char *value; /* NULL: the key was taken away, and is not in force */
	int64_t context_id, run_id, async_id, set_ns, stack_id; /* where that was done */

	/* What was in force before, as far as that is known: the same key's. */
	char *old_value; /* NULL: none */
	int64_t old_run_id;
};

/* Begins zeroed: nothing in force. Those set last come first. */
struct context_values {
	int64_t context_id; /* UNKNOWN or 0 when there is none */
	struct context_value *rows;
	size_t count;
	bool is_cut; /* a parent is missing, or they are too many: older values may be missing */
};

/*
 * The values of a context, of one key alone unless `key` is NULL. UNKNOWN has none. `ret` is to be
 * ended with context_values_deinit, also after an error. `rows_left`, which may be NULL, is the
 * number of rows that may still be read by several of them; it is lessened by what was.
 */
int context_values_load(struct reader *recording, int64_t context_id, const char *key,
	int64_t *rows_left, struct context_values *ret, struct error *err);
void context_values_deinit(struct context_values *values);

/* What is said of a key; NULL: nothing, or (with `in_force`) that it was taken away. */
const struct context_value *context_values_find(
	const struct context_values *values, const char *key, bool in_force);

/* Values in force. */
size_t context_values_count(const struct context_values *values);

/* Have both the key in force with the same value, or both not? */
bool context_values_agree(
	const struct context_values *one, const struct context_values *other, const char *key);

/* "request_id=7f3a", printable and cut. */
void context_value_add(struct strbuf *words, const char *key, const char *value);

#endif
