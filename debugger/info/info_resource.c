/*
 * `info` of a resource: see info_resource.h. What it is, its birth and its end are here; what came
 * of it in info_armings.c, info_runs.c and info_sums.c. Reads by key and index alone.
 */
#include "debugger/info/info_resource.h"

#include "debugger/info/info_armings.h"
#include "debugger/info/info_context.h"
#include "debugger/info/info_runs.h"
#include "debugger/info/info_sums.h"
#include "debugger/lineage/describe.h"
#include "debugger/lineage/describe_process.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"

#include <inttypes.h>
#include <string.h>

static void resource_columns(struct inquiry *inquiry, const struct resource_row *resource)
{
	inquiry_integer(inquiry, "async_id", resource->async_id);
	inquiry_integer(inquiry, "process_id", id_process(resource->async_id));
	inquiry_string(inquiry, "type", resource->type.name);
	inquiry_string(inquiry, "class", resource->type.class);
	inquiry_string(inquiry, "hook_type", resource->type.hook_type);
	inquiry_integer(inquiry, "trigger_id", resource->trigger_id);
	inquiry_integer(inquiry, "run_id", resource->run_id);
	inquiry_integer(inquiry, "thread_id", resource->thread_id);
	inquiry_integer(inquiry, "stack_id", resource->stack_id);
	inquiry_string(inquiry, "api", resource->api);
	inquiry_integer(inquiry, "created_ns", resource->created_ns);
	inquiry_integer(inquiry, "destroyed_ns", resource->destroyed_ns);
	inquiry_integer(inquiry, "address", resource->address);
	inquiry_integer(inquiry, "loop_id", resource->loop_id);
	inquiry_integer(inquiry, "handle_id", resource->handle_id);
	inquiry_integer(inquiry, "has_ref", resource->has_ref);
	inquiry_string(inquiry, "detail", resource->detail);
	inquiry_integer(inquiry, "fd", resource->fd);
}

static void resource_title(struct inquiry *inquiry, const struct resource_row *resource)
{
	struct strbuf *words = inquiry_words(inquiry);

	printable_add_string(words, resource->type.name ? resource->type.name : "unknown type");
	if (resource->type.class) {
		strbuf_add_string(words, ", ");
		printable_add_string(words, resource->type.class);
	}
	if (resource->type.hook_type) {
		strbuf_add_string(words, ", in Node ");
		printable_add_string(words, resource->type.hook_type);
	}
	if (resource->detail) {
		strbuf_add_string(words, ": ");
		printable_add_string(words, resource->detail);
	}
	inquiry_line(inquiry, "resource");
}

static bool is_request(const struct resource_row *resource)
{
	return resource->type.class && !strcmp(resource->type.class, "request");
}

static int resource_birth(
	struct inquiry *inquiry, const struct resource_row *resource, struct error *err)
{
	struct strbuf *words = inquiry_words(inquiry);

	if (!resource->api && resource->type.class && !strcmp(resource->type.class, "root")) {
		strbuf_add_string(words, "with its process");
	} else {
		strbuf_add_string(words, "by ");
		describe_arming(words, resource->api, UNKNOWN, UNKNOWN);
		strbuf_add_string(words, " in ");
		if (inquiry_add_run(inquiry, resource->run_id, resource->thread_id, err))
			return -1;
	}
	inquiry_add_moment(inquiry, resource->created_ns);
	if (inquiry_add_thread(inquiry, resource->thread_id, err))
		return -1;
	inquiry_line(inquiry, "made");
	if (inquiry_add_stack(inquiry, "frames", resource->stack_id, err))
		return -1;
	if (resource->trigger_id != UNKNOWN && resource->trigger_id) {
		inquiry_words(inquiry);
		if (inquiry_add_resource(inquiry, resource->trigger_id, err))
			return -1;
		inquiry_line(inquiry, "trigger");
	}
	if (resource->handle_id != UNKNOWN && resource->handle_id &&
		resource->handle_id != resource->async_id) {
		inquiry_words(inquiry);
		if (inquiry_add_resource(inquiry, resource->handle_id, err))
			return -1;
		strbuf_add_string(words, ": ");
		inquiry_add_command(inquiry, "info", resource->handle_id);
		inquiry_line(inquiry, is_request(resource) ? "stream" : "server");
	}
	if (resource->loop_id != UNKNOWN && resource->loop_id) {
		inquiry_words(inquiry);
		if (inquiry_add_resource(inquiry, resource->loop_id, err))
			return -1;
		inquiry_line(inquiry, "loop");
	}
	if (resource->fd != UNKNOWN) {
		strbuf_clear(words);
		strbuf_printf(words, "%" PRId64, resource->fd);
		inquiry_line(inquiry, "descriptor");
	}
	return 0;
}

static int resource_end(
	struct inquiry *inquiry, const struct resource_row *resource, struct error *err)
{
	struct strbuf *words = inquiry_words(inquiry);
	struct process_row process;

	if (lookup_process(inquiry->recording, id_process(resource->async_id), &process, err) < 0)
		return -1;
	if (resource->destroyed_ns == UNKNOWN) {
		strbuf_add_string(words, process.ended_ns != UNKNOWN
						 ? "never: alive when its process ended"
					 : reader_state(inquiry->recording) == RECORDING_COMPLETE
						 ? "never: alive when the recording ended"
						 : "not yet, as far as is recorded");
	} else {
		inquiry_add_moment(inquiry, resource->destroyed_ns);
		if (resource->destroyed_ns == process.history_from_ns) {
			strbuf_add_string(words, " at the latest: its end was overwritten");
		} else if (resource->created_ns != UNKNOWN) {
			strbuf_add_string(words, ", lived ");
			quantity_add_span(words, resource->created_ns, resource->destroyed_ns);
		}
	}
	inquiry_line(inquiry, "destroyed");
	/* What it did before that may not be told below. */
	if (process.history_from_ns != UNKNOWN && resource->created_ns < process.history_from_ns) {
		describe_history(
			inquiry_words(inquiry), inquiry->recording, process.history_from_ns);
		inquiry_line(inquiry, "history");
	}
	return 0;
}

int info_resource(struct inquiry *inquiry, const struct point *point, struct error *err)
{
	struct resource_row resource;
	struct strbuf *words;
	int found = lookup_resource(inquiry->recording, point->id, &resource, err);

	if (found != 1)
		return found ? -1 : point_not_there(inquiry->recording, point, err);
	resource_columns(inquiry, &resource);
	resource_title(inquiry, &resource);
	if (resource_birth(inquiry, &resource, err))
		return -1;
	if (info_context_of_resource(inquiry, &resource, err) ||
		resource_end(inquiry, &resource, err) || info_alike(inquiry, &resource, err))
		return -1;
	if (is_request(&resource) && info_pool(inquiry, &resource, err))
		return -1;
	if (resource.request_run_id != UNKNOWN)
		return info_request_run(inquiry, &resource, err);
	if (resource.type.class && !strcmp(resource.type.class, "loop"))
		return info_polls(inquiry, resource.async_id, err);
	if (resource.has_ref != UNKNOWN &&
		info_references(inquiry, resource.async_id, resource.has_ref, err))
		return -1;
	if (!reader_finds(inquiry->recording, "packed_arming", "async_id") ||
		!reader_finds(inquiry->recording, "packed_shot", "async_id") ||
		!reader_finds(inquiry->recording, "packed_run", "async_id")) {
		words = inquiry_words(inquiry);
		strbuf_add_string(words, "not told: an unfinished recording has no index for them");
		inquiry_line(inquiry, "runs");
		return 0;
	}
	if (info_bytes(inquiry, &resource, err))
		return -1;
	return info_armings(inquiry, point->id, err) || info_runs(inquiry, point->id, err) ? -1 : 0;
}
