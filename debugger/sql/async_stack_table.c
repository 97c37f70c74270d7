/*
 * async_stack(POINT) in SQL: see async_stack_table.h. A segment that has no frames is one row
 * without a depth, and so is the reason why a stack is not complete: edge 'end'.
 */
#include "debugger/sql/async_stack_table.h"

#include "debugger/lineage/lineage.h"
#include "debugger/sql/frame_words.h"

#include <string.h>

struct stack_rows {
	struct lineage lineage;
	bool is_loaded, has_begun;
	size_t segment, frame;
	int64_t depth;
};

/* X(SQL's type, name, value): numbers of a segment. The first are the contract's, which has words
 * between them. */
#define NUMBERS(X)                                                                                 \
	X(thread_id, segment->in.run.thread_id)                                                    \
	X(began_ns, segment->in.run.began_ns)                                                      \
	X(ns, segment->ns)                                                                         \
	X(wait_ns, segment->wait_ns)                                                               \
	X(armed_run_id, segment->of_run_id)                                                        \
	X(timeout_ms, segment->armed.timeout_ms)                                                   \
	X(due_ns, wait ? wait->due_ns : UNKNOWN)                                                   \
	X(pool_queue_ns, wait ? wait->pool_queue_ns : UNKNOWN)                                     \
	X(pool_ns, wait ? wait->pool_ns : UNKNOWN)                                                 \
	X(loop_ns, wait ? wait->loop_ns : UNKNOWN)                                                 \
	X(polled_ns, wait ? wait->polled_ns : UNKNOWN)                                             \
	X(held_by_run_id, wait ? wait->holder.run_id : UNKNOWN)                                    \
	X(held_ns, wait ? wait->holder.held_ns : UNKNOWN)                                          \
	X(cause_run_id, segment->has_firing ? segment->firing.row.run_id : UNKNOWN)                \
	X(folded_segments, segment->folded_times ? segment->folded_segments : UNKNOWN)             \
	X(folded_times, segment->folded_times ? segment->folded_times : UNKNOWN)

enum column {
	COLUMN_segment,
	COLUMN_depth,
	COLUMN_edge,
	COLUMN_async_id,
	COLUMN_type,
	COLUMN_run_id,
	COLUMN_api,
	COLUMN_function,
	COLUMN_file,
	COLUMN_line,
	COLUMN_module,
	COLUMN_address,
	COLUMN_callback,
	COLUMN_cause_api,
	COLUMN_place,
#define X(name, value) COLUMN_##name,
	NUMBERS(X)
#undef X
		COLUMN_COUNT
};

static int read_by(sqlite3_value *value, enum lineage_edge *ret, struct error *err)
{
	const char *by = value ? (const char *)sqlite3_value_text(value) : NULL;

	*ret = EDGE_LINK;
	if (!by || !strcmp(by, "link"))
		return 0;
	*ret = !strcmp(by, "cause") ? EDGE_CAUSE : EDGE_TRIGGER;
	if (*ret == EDGE_CAUSE || !strcmp(by, "trigger"))
		return 0;
	return error_set(
		err, "async_stack goes back by 'link', 'cause' or 'trigger', not '%.60s'", by);
}

static int read_point(sqlite3_value *value, struct point *ret, struct error *err)
{
	if (!value || sqlite3_value_type(value) != SQLITE_INTEGER)
		return point_parse(
			value ? (const char *)sqlite3_value_text(value) : NULL, ret, err);
	*ret = (struct point){POINT_ASYNC, sqlite3_value_int64(value)};
	return 0;
}

static int stack_open(
	void *state, struct sql_source *source, sqlite3_value **values, struct error *err)
{
	struct stack_rows *rows = state;
	struct lineage_options options = {.depth = UNKNOWN};
	struct point point;

	if (read_point(values[0], &point, err) || read_by(values[1], &options.by, err) ||
		lineage_init(
			&rows->lineage, source->recording, source->cache, &point, &options, err))
		return -1;
	rows->is_loaded = true;
	return 0;
}

/* Goes on to a frame that somebody asks for, from this one on. False when the segment has none. */
static bool find_frame(struct stack_rows *rows)
{
	const struct frames *frames = rows->lineage.segments[rows->segment].frames;

	while (frames && rows->frame < frames->count && frames->rows[rows->frame].is_aside)
		rows->frame++;
	return frames && rows->frame < frames->count;
}

static bool begin_segment(struct stack_rows *rows)
{
	rows->frame = 0;
	if (rows->segment >= rows->lineage.count)
		rows->depth = UNKNOWN;
	else
		rows->depth = find_frame(rows) ? 0 : UNKNOWN;
	return rows->segment < rows->lineage.count ||
	       (rows->segment == rows->lineage.count && !rows->lineage.complete);
}

static int stack_next(void *state, struct error *err)
{
	struct stack_rows *rows = state;

	(void)err;
	if (!rows->has_begun) {
		rows->has_begun = true;
		return begin_segment(rows);
	}
	if (rows->depth != UNKNOWN) {
		rows->frame++;
		rows->depth++;
		if (find_frame(rows))
			return 1;
	}
	rows->segment++;
	return begin_segment(rows);
}

static const struct frame *frame_of(const struct stack_rows *rows)
{
	return rows->depth == UNKNOWN
		       ? NULL
		       : &rows->lineage.segments[rows->segment].frames->rows[rows->frame];
}

static void frame_column(const struct frame *frame, sqlite3_context *context, int column)
{
	switch (column) {
	case COLUMN_function:
		table_function_text(context, frame->function ? frame->function : frame->end_reason);
		break;
	case COLUMN_file:
		table_function_text(context, frame->file);
		break;
	case COLUMN_line:
		table_function_integer(context, frame->line);
		break;
	case COLUMN_module:
		table_function_text(context, frame->module);
		break;
	default:
		table_function_integer(context, frame->address);
		break;
	}
}

/* A frame in words; none where there is no frame. */
static void place_column(
	const struct stack_rows *rows, const struct frame *frame, sqlite3_context *context)
{
	struct strbuf words = {0};

	if (!frame)
		return;
	frame_words_add(&words, frame, rows->lineage.process.executable);
	table_function_text(context, strbuf_string(&words));
	strbuf_deinit(&words);
}

static void segment_column(const struct segment *segment, sqlite3_context *context, int column)
{
	static const char *const edges[] = {"here", "link", "cause", "trigger"};
	const struct wait *wait = segment->wait;
	const int64_t numbers[] = {
#define X(name, value) [COLUMN_##name - COLUMN_thread_id] = value,
		NUMBERS(X)
#undef X
	};

	switch (column) {
	case COLUMN_edge:
		table_function_text(context, edges[segment->edge]);
		break;
	case COLUMN_async_id:
		table_function_integer(context, segment->in.run.async_id);
		break;
	case COLUMN_type:
		table_function_text(context, segment->in.type);
		break;
	case COLUMN_run_id:
		table_function_integer(context, segment->in.run.run_id);
		break;
	case COLUMN_api:
		table_function_text(context, segment->api);
		break;
	case COLUMN_callback:
		table_function_text(context, segment->in.callback);
		break;
	case COLUMN_cause_api:
		if (segment->has_firing)
			table_function_text(context, segment->firing.row.api);
		break;
	default:
		table_function_integer(context, numbers[column - COLUMN_thread_id]);
		break;
	}
}

static void stack_column(void *state, sqlite3_context *context, int column)
{
	const struct stack_rows *rows = state;
	const struct frame *frame = frame_of(rows);

	if (column == COLUMN_segment)
		table_function_integer(context, (int64_t)rows->segment);
	else if (column == COLUMN_depth)
		table_function_integer(context, rows->depth);
	else if (column >= COLUMN_function && column <= COLUMN_address && frame)
		frame_column(frame, context, column);
	else if (column == COLUMN_place)
		place_column(rows, frame, context);
	else if (rows->segment < rows->lineage.count &&
		 (column < COLUMN_function || column > COLUMN_address))
		segment_column(&rows->lineage.segments[rows->segment], context, column);
	else if (rows->segment == rows->lineage.count && column == COLUMN_edge)
		table_function_text(context, "end");
	else if (rows->segment == rows->lineage.count && column == COLUMN_function)
		table_function_text(context, rows->lineage.ended);
}

static void stack_close(void *state)
{
	struct stack_rows *rows = state;

	if (rows->is_loaded)
		lineage_deinit(&rows->lineage);
}

#define X(name, value) #name " INTEGER, "
const struct table_function async_stack_function = {
	.name = "async_stack",
	.columns = "segment INTEGER, depth INTEGER, edge TEXT, async_id INTEGER, type TEXT,"
		   " run_id INTEGER, api TEXT, function TEXT, file TEXT, line INTEGER, module TEXT,"
		   " address INTEGER, callback TEXT, cause_api TEXT, place TEXT, " NUMBERS(
			   X) "point HIDDEN, back_by HIDDEN",
	.parameter_count = 2,
	.first_parameter = COLUMN_COUNT,
	.state_size = sizeof(struct stack_rows),
	.open = stack_open,
	.next = stack_next,
	.column = stack_column,
	.close = stack_close,
};
#undef X
