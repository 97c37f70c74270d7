/*
 * What the program has and the extension goes without: the core that a recording may come from, and
 * REGEXP, which clients bring themselves.
 */
#include "debugger/core/core_view.h"
#include "debugger/recording/regexp.h"

struct core_view *core_view_of(const struct reader *recording)
{
	(void)recording;
	return NULL;
}

const struct core_stand *core_view_stand(struct core_view *view, size_t index)
{
	(void)view;
	(void)index;
	return NULL;
}

const struct core_stand *core_view_stand_of(const struct reader *recording, int64_t thread_id)
{
	(void)recording;
	(void)thread_id;
	return NULL;
}

bool core_view_is_own(const struct reader *recording)
{
	(void)recording;
	return false;
}

bool core_view_was_drained(const struct reader *recording)
{
	(void)recording;
	return false;
}

void regexp_add(sqlite3 *database)
{
	(void)database;
}
