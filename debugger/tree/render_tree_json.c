/* A tree as JSON: see render_tree.h. Flat, so that neither depth nor a script's patience is an
 * issue. */
#include "debugger/tree/render_tree.h"

#include "debugger/lineage/describe.h"

static const char *const kind_names[] = {"resource", "arming", "run", "cause"};

static int spread(const struct tree_view *view, const struct bunch *bunch, enum spread_of of,
	const char *key, struct json *json, struct error *err)
{
	struct spread spread;

	if (bunches_spread(view->bunches, bunch, of, &spread, err))
		return -1;
	json_key(json, key);
	if (!spread.count) {
		json_null(json);
		return 0;
	}
	json_open(json, '{');
	json_key_integer(json, "min", spread.least);
	json_key_integer(json, "median", spread.median);
	json_key_integer(json, "max", spread.most);
	json_close(json, '}');
	return 0;
}

static int place(const struct tree_view *view, const struct bunch *bunch, struct json *json,
	struct error *err)
{
	const struct frame *frame;

	if (render_tree_place(view, bunch, &frame, err))
		return -1;
	json_key_string(json, "function", frame ? frame->function : NULL);
	json_key_string(json, "file", frame ? frame->file : NULL);
	json_key_integer(json, "line", frame ? frame->line : JSON_UNKNOWN);
	return 0;
}

static int one(const struct tree_view *view, uint32_t number, struct json *json, struct error *err)
{
	const struct bunches *bunches = view->bunches;
	const struct bunch *bunch = &bunches->rows[number];
	const struct sprout *first =
		&bunches->growth->shoots[bunches->members[bunch->first]].sprout;
	const struct kind *kind = kinds_at(bunches->growth->kinds, bunch->kind_key);

	json_newline(json);
	json_open(json, '{');
	json_key_integer(json, "node", number);
	json_key_integer(json, "parent",
		bunch->parent == GROWTH_NONE ? JSON_UNKNOWN : (int64_t)bunch->parent);
	json_key_string(json, "kind", kind_names[first->kind]);
	json_key_integer(json, "id", first->id);
	json_key_integer(json, "async_id", first->async_id);
	json_key_string(json, "type", kind->type);
	json_key_string(json, "callback", kind->callback);
	json_key_string(json, "part", kind->part);
	json_key_string(json, "api", kind->api);
	json_key_string(json, "cause", kind->cause);
	json_key_integer(json, "status", first->status);
	if (place(view, bunch, json, err))
		return -1;
	json_key_integer(json, "count", bunch->count - bunch->repeats);
	json_key_integer(json, "repeats", bunch->repeats);
	json_key(json, "leads_back");
	json_boolean(json, bunch->leads_back);
	json_key_integer(json, "unfollowed", bunch->unfollowed);
	json_key(json, "more");
	json_boolean(json, bunch->has_more);
	if (spread(view, bunch, SPREAD_TIME, "ns", json, err) ||
		spread(view, bunch, SPREAD_WAIT, "wait_ns", json, err) ||
		spread(view, bunch, SPREAD_DURATION, "duration_ns", json, err))
		return -1;
	json_close(json, '}');
	return 0;
}

int render_tree_json(const struct tree_view *view, struct json *json, struct error *err)
{
	static const char *const edges[] = {"here", "link", "cause", "trigger"};
	const struct growth *growth = view->bunches->growth;
	struct strbuf point = {0};
	uint32_t i;
	int result = 0;

	point_add(&point, &growth->point);
	json_open(json, '{');
	json_key_integer(json, "version", 1);
	json_key_string(json, "point", strbuf_string(&point));
	json_key_string(json, "by", edges[view->by]);
	json_key(json, "nodes");
	json_open(json, '[');
	for (i = 0; !result && i < view->bunches->count; i++)
		if (view->limit == UNKNOWN || i < view->limit)
			result = one(view, i, json, err);
	json_close(json, ']');
	json_key_integer(json, "things", growth->count - 1);
	json_key_integer(json, "left_out",
		view->limit != UNKNOWN && view->bunches->count > view->limit
			? view->bunches->count - view->limit
			: 0);
	json_key_integer(json, "unfollowed", (int64_t)growth->unfollowed);
	json_key(json, "cut");
	json_boolean(json, growth->is_cut);
	json_key_integer(json, "looked_until_ns", growth->looked_until_ns);
	json_close(json, '}');
	strbuf_deinit(&point);
	return result;
}
