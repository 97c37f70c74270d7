/* Rows as sprouts: see packing.h. Reads what stands in a row and asks for nothing. */
#include "debugger/tree/packing.h"

#include "debugger/recording/lookup.h"

#include <string.h>

void packing_forget(struct sprout *sprout, enum sprout_kind kind)
{
	*sprout = (struct sprout){kind, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN,
		UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN};
}

void packing_read_request(sqlite3_stmt *row, struct sprout *request, struct sprout *run)
{
	packing_forget(request, SPROUT_RESOURCE);
	request->id = request->async_id = lookup_column(row, 0);
	request->origin_id = lookup_column(row, 1);
	request->ns = lookup_column(row, 2);
	request->parent_id = lookup_column(row, 10);
	packing_forget(run, SPROUT_RUN);
	run->async_id = run->parent_id = request->async_id;
	run->id = lookup_column(row, 3);
	run->entry_id = lookup_column(row, 4);
	run->ns = lookup_column(row, 5);
	run->wait_ns = lookup_column(row, 6);
	run->duration_ns = lookup_column(row, 7);
	run->status = lookup_column(row, 8);
	run->cause_id = lookup_column(row, 9);
}

void packing_read_resource(sqlite3_stmt *row, struct sprout *resource)
{
	packing_forget(resource, SPROUT_RESOURCE);
	resource->id = resource->async_id = lookup_column(row, 0);
	resource->origin_id = lookup_column(row, 1);
	resource->ns = lookup_column(row, 2);
	resource->type_id = lookup_column(row, 3);
	resource->parent_id = lookup_column(row, 4);
}

void packing_read_arming(sqlite3_stmt *row, struct sprout *arming, int64_t *disarmed_ns)
{
	packing_forget(arming, SPROUT_ARMING);
	arming->id = lookup_column(row, 0);
	arming->origin_id = lookup_column(row, 1);
	arming->ns = lookup_column(row, 2);
	arming->async_id = lookup_column(row, 3);
	arming->timeout_ms = lookup_column(row, 4);
	arming->repeat_ms = lookup_column(row, 5);
	arming->end_code = lookup_column(row, 6);
	*disarmed_ns = lookup_column(row, 7);
	arming->parent_id = lookup_column(row, 8);
}

void packing_read_shot(sqlite3_stmt *row, struct sprout *arming, struct sprout *run)
{
	packing_forget(arming, SPROUT_ARMING);
	arming->id = lookup_column(row, 0);
	arming->origin_id = lookup_column(row, 1);
	arming->ns = lookup_column(row, 2);
	arming->async_id = lookup_column(row, 3);
	arming->timeout_ms = lookup_column(row, 4);
	arming->end_code = 1; /* fired */
	arming->parent_id = lookup_column(row, 11);
	packing_forget(run, SPROUT_RUN);
	run->async_id = arming->async_id;
	run->parent_id = arming->id;
	run->id = lookup_column(row, 5);
	run->entry_id = lookup_column(row, 6);
	run->ns = lookup_column(row, 7);
	run->wait_ns = lookup_column(row, 8);
	run->duration_ns = lookup_column(row, 9);
	run->cause_id = lookup_column(row, 10);
}

void packing_read_cause(sqlite3_stmt *row, struct sprout *cause)
{
	packing_forget(cause, SPROUT_CAUSE);
	cause->id = lookup_column(row, 0);
	cause->origin_id = lookup_column(row, 1);
	cause->ns = lookup_column(row, 2);
	cause->async_id = lookup_column(row, 3);
	cause->run_id = lookup_column(row, 4);
	cause->parent_id = lookup_column(row, 5);
	cause->end_code = lookup_column(row, 6);
}

void packing_read_run(sqlite3_stmt *row, struct sprout *run, bool *is_close)
{
	const char *part = (const char *)sqlite3_column_text(row, 8);

	packing_forget(run, SPROUT_RUN);
	run->id = lookup_column(row, 0);
	run->async_id = lookup_column(row, 1);
	run->parent_id = lookup_column(row, 2);
	run->entry_id = lookup_column(row, 3);
	run->ns = lookup_column(row, 4);
	run->duration_ns = lookup_column(row, 5);
	run->status = lookup_column(row, 6);
	run->cause_id = lookup_column(row, 7);
	*is_close = part && !strcmp(part, "close");
}
