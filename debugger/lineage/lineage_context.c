/*
 * The contexts of segments: see lineage_context.h. Segments one after the other mostly have the
 * same one, which is then read once.
 */
#include "debugger/lineage/lineage_context.h"

#include <stdlib.h>

#define SEGMENTS_MAX 2000
#define ROWS_MAX     20000 /* of all contexts together */
#define CONTEXTS_MAX 256   /* different ones that are kept */

/* The values of a context, which the lineage keeps; NULL when there are none, or too many. */
static int keep(struct lineage *lineage, struct reader *recording, int64_t context_id,
	const struct context_values **ret, struct error *err)
{
	struct context_values *kept;
	size_t i;

	*ret = NULL;
	if (context_id == UNKNOWN)
		return 0;
	for (i = lineage->context_count; i-- > 0;) {
		if (lineage->contexts[i].context_id == context_id) {
			*ret = &lineage->contexts[i];
			return 0;
		}
	}
	if (lineage->context_count == CONTEXTS_MAX)
		return 0;
	kept = &lineage->contexts[lineage->context_count++];
	if (context_values_load(
		    recording, context_id, NULL, &lineage->context_rows_left, kept, err))
		return -1;
	*ret = kept;
	return 0;
}

/*
 * What was in force at the point itself. Of a run, a thread and a process that is what was at its
 * end: what it did while it stood there is not one moment.
 */
static int context_here(
	struct lineage *lineage, struct reader *recording, int64_t *ret, struct error *err)
{
	const struct segment *here = &lineage->segments[0];
	enum point_kind kind = lineage->point.kind;

	if (kind == POINT_ASYNC && lineage->resource.run_id != UNKNOWN)
		return lookup_context_of_resource(recording, lineage->point.id, ret, err);
	return lookup_context_in_run(recording, &here->in.run,
		kind == POINT_LOG || kind == POINT_CRASH ? here->ns : UNKNOWN, ret, err);
}

static int context_of(struct lineage *lineage, struct reader *recording, struct segment *segment,
	struct error *err)
{
	int64_t context_id = UNKNOWN;
	int found;

	if (segment == lineage->segments)
		found = context_here(lineage, recording, &context_id, err);
	else
		found = lookup_context_in_run(
			recording, &segment->in.run, segment->ns, &context_id, err);
	if (found < 0 || keep(lineage, recording, context_id, &segment->context, err))
		return -1;
	if (!segment->has_firing)
		return 0;
	found = lookup_context_in_run(recording, &segment->firing.in.run,
		segment->firing.row.caused_ns, &context_id, err);
	return found < 0 ? -1 : keep(lineage, recording, context_id, &segment->firing.context, err);
}

int lineage_add_contexts(struct lineage *lineage, struct reader *recording, struct error *err)
{
	int found = lookup_has_context(recording, err);
	size_t i;

	if (found != 1)
		return found;
	lineage->has_contexts = true;
	lineage->context_rows_left = ROWS_MAX;
	lineage->contexts = calloc(CONTEXTS_MAX, sizeof *lineage->contexts);
	if (!lineage->contexts)
		return error_set(err, "out of memory");
	for (i = 0; i < lineage->count && i < SEGMENTS_MAX; i++)
		if (context_of(lineage, recording, &lineage->segments[i], err))
			return -1;
	return 0;
}

void lineage_free_contexts(struct lineage *lineage)
{
	for (size_t i = 0; i < lineage->context_count; i++)
		context_values_deinit(&lineage->contexts[i]);
	free(lineage->contexts);
	lineage->contexts = NULL;
	lineage->context_count = 0;
}
