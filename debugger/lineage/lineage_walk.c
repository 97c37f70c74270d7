/* What the parts of lineage share: see lineage_walk.h. Decides nothing of the way. */
#include "debugger/lineage/lineage_walk.h"

#include <stdarg.h>
#include <stdio.h>

int walk_end(struct walk *walk, enum lineage_end end, const char *format, ...)
{
	va_list arguments;

	walk->lineage->end = end;
	va_start(arguments, format);
	vsnprintf(walk->lineage->ended, sizeof walk->lineage->ended, format, arguments);
	va_end(arguments);
	return 0;
}

const char *walk_run_words(int64_t run_id, char *room, size_t size)
{
	struct strbuf buffer = {0};

	point_add_run(&buffer, run_id);
	snprintf(room, size, "%s", strbuf_string(&buffer));
	strbuf_deinit(&buffer);
	return room;
}

int walk_stand(struct walk *walk, struct segment *segment, int64_t run_id, int64_t thread_id,
	int64_t stack_id, struct error *err)
{
	if (execution_load(walk->recording, walk->cache, run_id, thread_id, &segment->in, err) < 0)
		return -1;
	return execution_stack(
		walk->recording, walk->cache, &segment->in, stack_id, &segment->frames, err);
}
