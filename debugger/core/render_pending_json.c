/*
 * Loops of a core and what they wait for, as JSON: see render_pending.h. Scripts rely on every key;
 * keys may be added.
 */
#include "debugger/core/render_pending.h"

#include "recorder/core/core_loops.h"

static const char *const place_names[] = {
#define X(tag, name, words) [CORE_PLACE_##tag] = name,
	CORE_PLACES(X)
#undef X
};

static void key_boolean(struct json *json, const char *key, bool value)
{
	json_key(json, key);
	json_boolean(json, value);
}

/* "function", "file", "line", "module". */
static void place_json(struct json *json, struct core_view *view, uint64_t address)
{
	const struct frame *place = address ? core_view_place(view, address) : NULL;

	json_key_string(json, "function", place ? place->function : NULL);
	json_key_string(json, "file", place ? place->file : NULL);
	json_key_integer(json, "line", place ? place->line : JSON_UNKNOWN);
	json_key_string(json, "module", place ? place->module : NULL);
}

/* The same as an object of its own; null when there is none. */
static void key_place(struct json *json, struct core_view *view, const char *key, uint64_t address)
{
	json_key(json, key);
	if (!address) {
		json_null(json);
		return;
	}
	json_open(json, '{');
	place_json(json, view, address);
	json_close(json, '}');
}

static void pending_json(
	struct json *json, struct core_view *view, const struct core_pending *pending)
{
	json_newline(json);
	json_open(json, '{');
	json_key_string(json, "type", pending->type);
	json_key_string(json, "kind", pending->is_request ? "request" : "handle");
	json_key_integer(json, "address", (int64_t)pending->address);
	json_key_integer(json, "data", (int64_t)pending->data);
	key_boolean(json, "active", pending->is_active || pending->is_request);
	key_boolean(json, "closing", pending->is_closing);
	key_boolean(json, "ref", pending->has_ref || pending->is_request);
	place_json(json, view, pending->callback);
	json_key_integer(json, "fd", pending->fd);
	json_key_integer(json, "events", pending->events);
	key_boolean(json, "listening", pending->is_listening);
	key_boolean(json, "reading", pending->is_reading);
	key_boolean(json, "sent", pending->was_sent);
	key_boolean(json, "written", pending->is_written);
	json_key_integer(json, "queue_size", pending->queue_size);
	json_key_integer(json, "due_ms", pending->due_ms);
	json_key_integer(json, "repeat_ms", pending->repeat_ms);
	json_key_integer(json, "interval_ms", pending->interval_ms);
	json_key_integer(json, "signal", pending->signal);
	json_key_integer(json, "os_pid", pending->os_pid);
	json_key_string(json, "operation", pending->operation);
	json_key_string(json, "text", pending->text);
	json_key_string(json, "place", place_names[pending->place]);
	json_key_integer(json, "os_tid", pending->os_tid);
	key_place(json, view, "pool_callback", pending->pool_callback);
	json_close(json, '}');
}

static void loop_json(struct json *json, struct core_view *view, const struct core_loop *loop)
{
	json_newline(json);
	json_open(json, '{');
	json_key_integer(json, "address", (int64_t)loop->address);
	json_key_integer(json, "data", (int64_t)loop->data);
	json_key_string(json, "layout", loop->libuv->known_by);
	json_key_integer(json, "fd", loop->fd);
	json_key_integer(json, "os_tid", loop->os_tid);
	key_boolean(json, "waiting", loop->is_waiting);
	json_key_integer(json, "wait_ms", loop->wait_ms);
	key_place(json, view, "in", loop->calls);
	json_key_integer(json, "active_handles", (int64_t)loop->active_handles);
	json_key_integer(json, "active_requests", (int64_t)loop->active_requests);
	json_key_integer(json, "found_handles", (int64_t)loop->found_handles);
	json_key_integer(json, "found_requests", (int64_t)loop->found_requests);
	json_key_integer(json, "left_out", (int64_t)loop->left_out);
	key_boolean(json, "complete",
		!loop->is_broken && !loop->left_out &&
			loop->found_handles == loop->active_handles &&
			loop->found_requests == loop->active_requests);
	json_key(json, "pending");
	json_open(json, '[');
	for (size_t i = 0; i < loop->count; i++)
		pending_json(json, view, &loop->pending[i]);
	json_close(json, ']');
	json_close(json, '}');
}

int render_pending_json(struct json *json, struct core_view *view, struct error *err)
{
	bool is_complete;
	struct core_loops loops;

	if (core_loops_find(&loops, core_view_core(view), err))
		return -1;
	is_complete = !loops.is_cut;
	json_key(json, "loops");
	json_open(json, '[');
	for (size_t i = 0; i < loops.loop_count; i++) {
		loop_json(json, view, &loops.loops[i]);
		is_complete &= !loops.loops[i].is_broken && !loops.loops[i].left_out;
	}
	json_close(json, ']');
	json_key(json, "loops_complete");
	json_boolean(json, is_complete);
	core_loops_deinit(&loops);
	return 0;
}
