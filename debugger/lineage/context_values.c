/*
 * The values of a context: see context_values.h. A parent's ID is less than its child's, or it is
 * not followed; their number, that of keys and the bytes that are kept are bounded.
 */
#include "debugger/lineage/context_values.h"

#include "debugger/text/printable.h"

#include <stdlib.h>
#include <string.h>

#define PARENTS_MAX 20000 /* that are followed */
#define KEYS_MAX    64
#define BYTES_MAX   (64 << 10) /* of all values together */
#define WORD_MAX    80	       /* bytes of a value, in words */

static struct context_value *find(const struct context_values *values, const char *key)
{
	for (size_t i = 0; i < values->count; i++)
		if (!strcmp(values->rows[i].key, key))
			return &values->rows[i];
	return NULL;
}

static int add_value(struct context_values *ret, const struct context_row *row, struct error *err)
{
	struct context_value *value;

	/* Room for 4, and twice as many whenever a power of two is full. */
	if (!ret->count || (ret->count >= 4 && !(ret->count & (ret->count - 1)))) {
		value = realloc(ret->rows, (ret->count ? ret->count * 2 : 4) * sizeof *value);
		if (!value)
			return error_set(err, "out of memory");
		ret->rows = value;
	}
	value = &ret->rows[ret->count];
	*value = (struct context_value){.context_id = row->context_id,
		.run_id = row->run_id,
		.async_id = row->async_id,
		.set_ns = row->set_ns,
		.stack_id = row->stack_id,
		.old_run_id = UNKNOWN};
	value->key = strdup(strbuf_string(&row->key));
	if (row->is_set)
		value->value = strdup(strbuf_string(&row->value));
	if (!value->key || (row->is_set && !value->value)) {
		free(value->key);
		free(value->value);
		return error_set(err, "out of memory");
	}
	ret->count++;
	return 0;
}

/* The same key again, further back: what the nearer one stands in the place of. */
static int add_old(struct context_value *value, const struct context_row *row, struct error *err)
{
	if (value->old_run_id != UNKNOWN || value->old_value)
		return 0;
	value->old_run_id = row->run_id;
	if (row->is_set && !(value->old_value = strdup(strbuf_string(&row->value))))
		return error_set(err, "out of memory");
	return 0;
}

int context_values_load(struct reader *recording, int64_t context_id, const char *key,
	int64_t *rows_left, struct context_values *ret, struct error *err)
{
	struct context_row row = {0};
	struct context_value *value;
	size_t bytes = 0;
	int64_t most = rows_left && *rows_left < PARENTS_MAX ? *rows_left : PARENTS_MAX;
	int64_t followed = 0;
	int found = 1, result = 0;

	*ret = (struct context_values){.context_id = context_id};
	while (!result && context_id != UNKNOWN &&
		(found = lookup_context(recording, context_id, &row, err)) == 1) {
		if (++followed > most || ret->count == KEYS_MAX || bytes > BYTES_MAX) {
			ret->is_cut = true;
			break;
		}
		/* Without a key it only says that its parent's are in force. */
		value = row.key.length ? find(ret, strbuf_string(&row.key)) : NULL;
		if (value) {
			result = add_old(value, &row, err);
		} else if (row.key.length && (!key || !strcmp(strbuf_string(&row.key), key))) {
			bytes += row.key.length + row.value.length;
			result = add_value(ret, &row, err);
		}
		context_id = row.parent_context_id < context_id ? row.parent_context_id : UNKNOWN;
	}
	/* A row that is not there: overwritten, or not written yet. */
	if (!found)
		ret->is_cut = true;
	if (rows_left)
		*rows_left -= followed < most ? followed : most;
	context_row_deinit(&row);
	return found < 0 || result ? -1 : 0;
}

void context_values_deinit(struct context_values *values)
{
	for (size_t i = 0; i < values->count; i++) {
		free(values->rows[i].key);
		free(values->rows[i].value);
		free(values->rows[i].old_value);
	}
	free(values->rows);
	*values = (struct context_values){0};
}

const struct context_value *context_values_find(
	const struct context_values *values, const char *key, bool in_force)
{
	const struct context_value *value = values ? find(values, key) : NULL;

	return value && (value->value || !in_force) ? value : NULL;
}

size_t context_values_count(const struct context_values *values)
{
	size_t count = 0;

	for (size_t i = 0; values && i < values->count; i++)
		count += values->rows[i].value != NULL;
	return count;
}

bool context_values_agree(
	const struct context_values *one, const struct context_values *other, const char *key)
{
	const struct context_value *a = context_values_find(one, key, true);
	const struct context_value *b = context_values_find(other, key, true);

	return a && b ? !strcmp(a->value, b->value) : a == b;
}

void context_value_add(struct strbuf *words, const char *key, const char *value)
{
	printable_add(words, key, strlen(key), WORD_MAX);
	strbuf_add_char(words, '=');
	printable_add(words, value, strlen(value), WORD_MAX);
}
