/*
 * An async stack as JSON: see render_trace.h, and the contract for the names. Scripts rely on every
 * key; keys may be added.
 */
#include "debugger/render/render_trace.h"

#include "debugger/recording/point.h"
#include "debugger/render/render_context.h"
#include "debugger/render/render_wait.h"

static void frame_json(struct json *json, const struct frame *frame)
{
	json_open(json, '{');
	json_key_string(json, "function", frame->function ? frame->function : frame->end_reason);
	json_key_string(json, "file", frame->file);
	json_key_string(json, "directory", frame->directory);
	json_key_integer(json, "line", frame->line);
	json_key_integer(json, "column", frame->column);
	json_key_string(json, "module", frame->module);
	json_key_integer(json, "address", frame->address);
	json_key(json, "inlined");
	json_boolean(json, frame->inlined);
	json_close(json, '}');
}

void render_frames_json(struct json *json, const char *key, const struct frames *frames, bool full)
{
	size_t i, count = frames ? frames->count : 0;

	json_key(json, key);
	json_open(json, '[');
	for (i = 0; i < count; i++) {
		const struct frame *frame = &frames->rows[i];

		if (frame->is_aside && !full)
			continue;
		if (count > 1)
			json_newline(json);
		frame_json(json, frame);
	}
	json_close(json, ']');
}

static const char *edge_name(enum lineage_edge edge)
{
	static const char *const names[] = {"here", "link", "cause", "trigger"};

	return names[edge];
}

/* Which run it is, of what. */
static void execution_json(struct json *json, const struct execution *in)
{
	json_key_integer(json, "async_id", in->run.async_id);
	json_key_string(json, "type", in->type);
	json_key_integer(json, "run_id", in->run.run_id);
	json_key_integer(json, "thread_id", in->run.thread_id);
	json_key_string(json, "callback", in->callback);
}

static void firing_json(struct json *json, const struct segment *segment, bool full)
{
	const struct firing *firing = &segment->firing;

	json_key(json, "cause");
	if (!segment->has_firing) {
		json_null(json);
		return;
	}
	json_open(json, '{');
	json_key_string(json, "kind", firing->row.kind);
	execution_json(json, &firing->in);
	json_key_string(json, "api", firing->row.api);
	json_key_integer(json, "ns", firing->row.caused_ns);
	json_key_integer(json, "count", firing->count);
	render_context_json(json, firing->context);
	render_frames_json(json, "frames", firing->frames, full);
	json_close(json, '}');
}

static void segment_json(struct json *json, const struct segment *segment, bool full)
{
	json_newline(json);
	json_open(json, '{');
	json_key_string(json, "edge", edge_name(segment->edge));
	execution_json(json, &segment->in);
	json_key_integer(json, "status", segment->in.run.status);
	json_key_string(json, "api", segment->api);
	json_key_integer(json, "ns", segment->ns);
	json_key_integer(json, "wait_ns", segment->wait_ns);
	json_key(json, "armed");
	if (segment->edge == EDGE_HERE) {
		json_null(json);
	} else {
		json_open(json, '{');
		json_key_integer(json, "async_id", segment->armed.async_id);
		json_key_string(json, "type", segment->armed.type);
		json_key_integer(json, "timeout_ms", segment->armed.timeout_ms);
		json_key_integer(json, "repeat_ms", segment->armed.repeat_ms);
		json_key_integer(json, "times", segment->armed.times);
		json_key_string(json, "detail", segment->armed.detail);
		json_close(json, '}');
	}
	render_wait_json(json, segment);
	firing_json(json, segment, full);
	render_context_json(json, segment->context);
	json_key(json, "folded");
	if (segment->folded_times) {
		json_open(json, '{');
		json_key_integer(json, "segments", segment->folded_segments);
		json_key_integer(json, "times", segment->folded_times);
		json_close(json, '}');
	} else {
		json_null(json);
	}
	render_frames_json(json, "frames", segment->frames, full);
	json_close(json, '}');
}

static const char *end_code(enum lineage_end end)
{
	static const char *const codes[] = {
#define X(tag, code) [LINEAGE_##tag] = code,
		LINEAGE_ENDS(X)
#undef X
	};

	return codes[end];
}

void render_trace_json(
	struct json *json, const struct lineage *lineage, const struct render_options *options)
{
	struct strbuf point = {0};
	size_t i;

	point_add(&point, &lineage->point);
	json_open(json, '{');
	json_key_integer(json, "version", 1);
	json_key_string(json, "point", strbuf_string(&point));
	json_key_integer(json, "process_id", lineage->process_id);
	json_key(json, "segments");
	json_open(json, '[');
	for (i = 0; i < lineage->count; i++)
		segment_json(json, &lineage->segments[i], options->full);
	json_close(json, ']');
	json_newline(json);
	json_key(json, "complete");
	json_boolean(json, lineage->complete);
	json_key_string(json, "ended", lineage->complete ? NULL : lineage->ended);
	json_key_string(json, "ended_code", end_code(lineage->end));
	json_close(json, '}');
	strbuf_deinit(&point);
}

void render_frame_json(struct json *json, const struct lineage *lineage, size_t index,
	const struct frame *frame, size_t number)
{
	const struct segment *segment = &lineage->segments[index];
	struct strbuf point = {0};

	point_add(&point, &lineage->point);
	json_open(json, '{');
	json_key_integer(json, "version", 1);
	json_key_string(json, "point", strbuf_string(&point));
	json_key_integer(json, "number", (int64_t)number);
	json_key_integer(json, "segment", (int64_t)index);
	json_key_string(json, "edge", edge_name(segment->edge));
	execution_json(json, &segment->in);
	json_key_integer(json, "ns", segment->ns);
	json_key(json, "frame");
	frame_json(json, frame);
	json_close(json, '}');
	strbuf_deinit(&point);
}
