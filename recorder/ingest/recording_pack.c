/*
 * How rows are packed: the numbers that each has in its table, in the order of schema/tables.sql.
 * IDs that are near one another are stored as their difference, because SQLite stores small numbers
 * in few bytes; the views of schema/views.sql undo that. ROW_UNKNOWN is NULL.
 */
#include "recorder/ingest/recording_internal.h"

static int64_t id_or_null(int64_t id)
{
	return id ? id : ROW_UNKNOWN;
}

static int64_t difference(int64_t from, int64_t less)
{
	int64_t result;

	return !from || !less || __builtin_sub_overflow(from, less, &result) ? ROW_UNKNOWN : result;
}

static int64_t span(int64_t from_ns, int64_t to_ns)
{
	int64_t result;

	return from_ns == ROW_UNKNOWN || to_ns == ROW_UNKNOWN ||
			       __builtin_sub_overflow(to_ns, from_ns, &result)
		       ? ROW_UNKNOWN
		       : result;
}

static void pack_resource(const void *data, int64_t *column)
{
	const struct row_resource *row = data;

	column[0] = row->async_id;
	column[1] = id_or_null(row->origin_id);
	column[2] = id_or_null(row->type_id);
	column[3] = difference(row->async_id, row->trigger_id);
	column[4] = id_or_null(row->run_id);
	column[5] = row->created_ns;
	column[6] = row->lifetime_ns;
	column[7] = row->address_delta;
	column[8] = difference(row->async_id, row->handle_id);
	column[9] = row->has_ref;
}

static void pack_request(const void *data, int64_t *column)
{
	const struct row_request *row = data;
	const struct row_resource *resource = &row->resource;
	const struct row_run *run = &row->run;

	column[0] = resource->async_id;
	column[1] = id_or_null(resource->origin_id);
	column[2] = difference(resource->async_id, resource->trigger_id);
	column[3] = difference(run->run_id, resource->run_id);
	column[4] = resource->created_ns;
	column[5] = resource->address_delta;
	column[6] = difference(resource->async_id, resource->handle_id);
	column[7] = run->run_id;
	column[8] = id_or_null(run->entry_id);
	column[9] = span(resource->created_ns, run->began_ns);
	column[10] = run->duration_ns;
	column[11] = run->status;
	column[12] = run->bytes;
	column[13] = id_or_null(run->cause_id);
}

static void pack_run(const void *data, int64_t *column)
{
	const struct row_run *row = data;

	column[0] = row->run_id;
	column[1] = id_or_null(row->async_id);
	column[2] = id_or_null(row->arming_id);
	column[3] = id_or_null(row->entry_id);
	column[4] = row->began_ns;
	column[5] = row->duration_ns;
	column[6] = row->status;
	column[7] = row->bytes;
	column[8] = id_or_null(row->cause_id);
}

static void pack_shot(const void *data, int64_t *column)
{
	const struct row_shot *row = data;
	const struct row_run *run = &row->run;

	column[0] = run->run_id;
	column[1] = id_or_null(run->async_id);
	column[2] = difference(run->run_id, row->arming.arming_id);
	column[3] = id_or_null(row->arming.origin_id);
	column[4] = difference(run->run_id, row->arming.run_id);
	column[5] = row->arming.armed_ns;
	column[6] = row->arming.timeout_ms;
	column[7] = id_or_null(run->entry_id);
	column[8] = span(row->arming.armed_ns, run->began_ns);
	column[9] = run->duration_ns;
	column[10] = id_or_null(run->cause_id);
}

static void pack_outer(const void *data, int64_t *column)
{
	const struct row_outer *row = data;

	column[0] = row->run_id;
	column[1] = id_or_null(row->outer_run_id);
	column[2] = id_or_null(row->outer_stack_id);
}

static void pack_arming(const void *data, int64_t *column)
{
	const struct row_arming *row = data;

	column[0] = row->arming_id;
	column[1] = id_or_null(row->async_id);
	column[2] = id_or_null(row->run_id);
	column[3] = id_or_null(row->origin_id);
	column[4] = row->armed_ns;
	column[5] = row->timeout_ms;
	column[6] = row->repeat_ms;
	column[7] = row->times;
	column[8] = row->stood_ns;
	column[9] = id_or_null(row->end_code);
	column[10] = row->disarmed_run_id ? row->disarmed_run_id - row->run_id : ROW_UNKNOWN;
	column[11] = id_or_null(row->disarmed_stack_id);
}

static void pack_cause(const void *data, int64_t *column)
{
	const struct row_cause *row = data;

	column[0] = row->cause_id;
	column[1] = id_or_null(row->async_id);
	column[2] = id_or_null(row->run_id);
	column[3] = id_or_null(row->origin_id);
	column[4] = row->caused_ns;
	column[5] = difference(row->cause_id, row->first_id);
	column[6] = row->caused_run_id ? row->caused_run_id - row->run_id : ROW_UNKNOWN;
	column[7] = row->times;
}

static void pack_poll(const void *data, int64_t *column)
{
	const struct row_poll *row = data;

	column[0] = row->loop_id;
	column[1] = row->entered_ns;
	column[2] = id_or_null(row->thread_id);
	column[3] = row->wait_ns;
	column[4] = row->timeout_ms;
}

static void pack_pool(const void *data, int64_t *column)
{
	const struct row_pool *row = data;

	column[0] = row->async_id;
	column[1] = id_or_null(row->thread_id);
	column[2] = row->began_ns;
	column[3] = row->duration_ns;
	column[4] = row->is_estimated;
}

static void pack_ref(const void *data, int64_t *column)
{
	const struct row_ref *row = data;

	column[0] = row->async_id;
	column[1] = id_or_null(row->run_id);
	column[2] = row->at_ns;
	column[3] = row->has_ref;
}

/* Its key and value are given by recording_give_context. */
static void pack_context(const void *data, int64_t *column)
{
	const struct row_context *row = data;

	column[0] = row->context_id;
	column[1] = id_or_null(row->parent_id);
	column[2] = id_or_null(row->async_id);
	column[3] = id_or_null(row->run_id);
	column[4] = row->set_ns;
	column[5] = id_or_null(row->stack_id);
}

static void pack_carried(const void *data, int64_t *column)
{
	const struct row_carried *row = data;

	column[0] = row->id;
	column[1] = row->context_id;
}

#define pack_resource_context pack_carried
#define pack_arming_context   pack_carried
#define pack_context_repeat   pack_carried

/* Its text is given by recording_give_line. */
static void pack_log(const void *data, int64_t *column)
{
	const struct row_log *row = data;

	column[0] = id_or_null(row->log_origin_id);
	column[1] = id_or_null(row->run_id);
	column[2] = id_or_null(row->stack_id);
	column[3] = row->written_ns;
	column[4] = id_or_null(row->line_number);
	column[5] = row->full_length;
}

int recording_wait_init(struct recording *recording)
{
	static const struct {
		const char *name;
		size_t stride;
		int columns;
		waiting_pack *pack;
	} tables[WAITING_COUNT] = {
#define X(tag, name, columns, row)                                                                 \
	[WAITING_##tag] = {"waiting_" #name, sizeof(row), columns, pack_##name},
		RECORDING_WAITING(X)
#undef X
	};

	for (int i = 0; i < WAITING_COUNT; i++) {
		struct waiting *waiting = &recording->waiting[i];

		batch_init(&waiting->batch, tables[i].stride);
		waiting->pack = tables[i].pack;
		waiting->column_count = tables[i].columns;
		waiting->user = recording;
		if (i == WAITING_LOG) {
			waiting->text = recording_give_line;
			waiting->text_count = 1;
		} else if (i == WAITING_CONTEXT) {
			waiting->text = recording_give_context;
			waiting->text_count = 2;
		}
		if (waiting_create(recording->db, tables[i].name, waiting) != SQLITE_OK)
			return -1;
	}
	return 0;
}
