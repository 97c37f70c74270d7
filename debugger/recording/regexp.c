/*
 * SQL's REGEXP: see regexp.h. The pattern is compiled once in a statement where it is the same for
 * all rows. NULL matches nothing and is no match: NULL.
 */
#include "debugger/recording/regexp.h"

#include "debugger/text/pattern.h"

#include <stdbool.h>

static void destroy(void *match)
{
	pattern_destroy(match);
}

/* `text REGEXP pattern` is regexp(pattern, text). */
static void regexp(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct pattern *match = sqlite3_get_auxdata(context, 0);
	struct pattern_options options = {false, false};
	struct pattern_range range;
	struct error err;
	const char *pattern, *text;
	bool is_new = !match;
	int found;

	(void)count;
	pattern = (const char *)sqlite3_value_text(values[0]);
	text = sqlite3_value_blob(values[1]);
	if (!pattern || sqlite3_value_type(values[1]) == SQLITE_NULL)
		return;
	if (is_new && pattern_create(&match, pattern, &options, &err)) {
		sqlite3_result_error(context, err.text, -1);
		return;
	}
	found = pattern_find(match, text, (size_t)sqlite3_value_bytes(values[1]), 0, &range, &err);
	if (found < 0)
		sqlite3_result_error(context, err.text, -1);
	else
		sqlite3_result_int(context, found);
	if (is_new) /* may destroy it at once */
		sqlite3_set_auxdata(context, 0, match, destroy);
}

void regexp_add(sqlite3 *database)
{
	sqlite3_create_function(database, "regexp", 2,
		SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL, regexp, NULL, NULL);
}
