/* What was alive, as JSON: see render_live.h. The object is described in the command's help. */
#include "debugger/lineage/describe.h"
#include "debugger/render/render_trace.h"
#include "debugger/time/render_live.h"

static void state_counts(struct json *json, const struct live_group *group)
{
	int state;

	json_key(json, "states");
	json_open(json, '{');
	for (state = 0; state < ALIVE_STATE_COUNT; state++)
		if (group->states[state])
			json_key_integer(json, alive_state_name(state), group->states[state]);
	json_close(json, '}');
}

static int frames_of(
	struct json *json, const struct live_view *view, int64_t stack_id, struct error *err)
{
	const struct frames_base base = {false, UNKNOWN};
	const struct frames *frames;

	if (frames_of_stack(
		    view->session->cache, view->session->recording, stack_id, &base, &frames, err))
		return -1;
	render_frames_json(json, "frames", frames, false);
	return 0;
}

static void group_counts(struct json *json, const struct live_group *group)
{
	json_key_integer(json, "count", group->count);
	state_counts(json, group);
	json_key_integer(json, "unreferenced", group->unreferenced);
	json_key_integer(json, "next_due_ns", group->next_due_ns);
	json_key_integer(json, "oldest_id", group->oldest_id);
	json_key_integer(json, "oldest_ns", group->oldest_ns);
	json_key_integer(json, "newest_id", group->newest_id);
	json_key_integer(json, "newest_ns", group->newest_ns);
}

static int group_object(struct json *json, const struct live_view *view,
	const struct live_group *group, struct error *err)
{
	int result;

	json_newline(json);
	json_open(json, '{');
	json_key_string(json, "type", group->type.name);
	json_key_string(json, "class", group->type.class);
	json_key_integer(json, "stack_id", group->stack_id);
	group_counts(json, group);
	result = frames_of(json, view, group->stack_id, err);
	json_close(json, '}');
	return result;
}

static int item_object(struct json *json, const struct live_view *view, const struct alive *item,
	struct error *err)
{
	struct resource_row resource;

	if (lookup_resource(view->session->recording, item->async_id, &resource, err) < 0)
		return -1;
	json_newline(json);
	json_open(json, '{');
	json_key_integer(json, "async_id", item->async_id);
	json_key_string(json, "type", resource.type.name);
	json_key_string(json, "detail", resource.detail);
	json_key_string(json, "state", alive_state_name(item->state));
	json_key_integer(json, "created_ns", item->created_ns);
	json_key_integer(json, "thread_id", item->thread_id);
	json_key_integer(json, "stack_id", item->stack_id);
	json_key(json, "unreferenced");
	json_boolean(json, item->is_unreferenced);
	json_key_integer(json, "armed_ns", item->armed_ns);
	json_key_integer(json, "timeout_ms", item->timeout_ms);
	json_key_integer(json, "repeat_ms", item->repeat_ms);
	json_key_integer(json, "due_ns", item->due_ns);
	json_key_integer(json, "pool_thread_id", item->pool_thread_id);
	json_close(json, '}');
	return 0;
}

int render_live_json(struct json *json, const struct live_view *view, struct error *err)
{
	const struct live_set *set = view->set;
	int result = 0;
	size_t i;

	json_open(json, '{');
	json_key_integer(json, "version", 1);
	json_key_integer(json, "ns", set->at_ns);
	json_key(json, "process_ids");
	json_open(json, '[');
	for (i = 0; i < set->processes.count; i++)
		json_integer(json, set->processes.ids[i]);
	json_close(json, ']');
	json_key(json, "total");
	json_open(json, '{');
	group_counts(json, &set->total);
	json_close(json, '}');
	json_key(json, "groups");
	json_open(json, '[');
	for (i = 0; !result && i < set->group_count; i++)
		result = group_object(json, view, &set->groups[i], err);
	json_close(json, ']');
	if (set->options->list) {
		json_key(json, "resources");
		json_open(json, '[');
		for (i = 0; !result && i < set->item_count; i++)
			result = item_object(json, view, &set->items[i], err);
		json_close(json, ']');
	}
	json_key(json, "vague");
	json_boolean(json, set->vague);
	json_key(json, "lacks");
	json_open(json, '[');
	for (i = 0; i < view->lacks->count; i++)
		json_string(json, strbuf_string(&view->lacks->words[i]));
	json_close(json, ']');
	json_close(json, '}');
	return result;
}
