/* A comparison as JSON for scripts: see view.h. Holds all differences, whatever the limit is. */
#include "debugger/diff/node_words.h"
#include "debugger/diff/view.h"

#include <string.h>

static const char *const kinds[DIFFERENCE_KINDS] = {
#define X(tag, code) code,
	DIFFERENCES(X)
#undef X
};

static void recording_object(struct json *json, const struct diff_view *view, int side)
{
	const struct gathered *sums = &view->gathered[side];
	struct reader *recording = view->sessions[side]->recording;

	json_open(json, '{');
	json_key_string(json, "path", view->sessions[side]->path);
	json_key(json, "complete");
	json_boolean(json, reader_state(recording) == RECORDING_COMPLETE);
	json_key_integer(json, "resources", sums->resources);
	json_key_integer(json, "runs", sums->runs);
	json_key_integer(json, "functions", (int64_t)view->comparison->functions[side]);
	json_key_integer(json, "unnamed", (int64_t)view->comparison->unnamed[side]);
	json_key_integer(json, "left_out", sums->left_out);
	json_key(json, "partial");
	json_boolean(json, sums->is_partial);
	json_close(json, '}');
}

static void text(struct json *json, const char *key, const struct diff_view *view, uint32_t number)
{
	json_key_string(json, key, lexicon_words(&view->forest->lexicon, number));
}

static void times(struct json *json, const char *key, const struct samples *samples)
{
	json_key(json, key);
	if (!samples->count) {
		json_null(json);
		return;
	}
	json_open(json, '{');
	json_key_integer(json, "p50_ns", samples_percentile(samples, 50));
	json_key_integer(json, "p90_ns", samples_percentile(samples, 90));
	json_key_integer(json, "max_ns", samples->longest_ns);
	json_key_integer(json, "count", samples->seen);
	json_close(json, '}');
}

/* What one recording has of a node; null when it does not have it. */
static void side_object(
	struct json *json, const struct diff_view *view, const struct difference *row, int side)
{
	const struct node *node = forest_node(view->forest, row->node);
	const struct node_side *own = node->sides[side];
	struct strbuf point = {0};

	json_key(json, side ? "other" : "base");
	if (!own) {
		json_null(json);
		return;
	}
	node_words_point(&point, view->forest, row->node, side);
	json_open(json, '{');
	json_key_string(json, "point", point.length ? strbuf_string(&point) : NULL);
	json_key_integer(json, "count", own->count);
	if (node->kind == NODE_CREATED)
		json_key_integer(json, "alive", own->alive);
	if (node->kind == NODE_RUN) {
		json_key_integer(json, "failed", own->failed);
		times(json, "run", &own->ran);
		times(json, "wait", &own->waited);
	}
	if (row->kind == DIFFERENCE_STATUS || row->kind == DIFFERENCE_ALIVE ||
		row->kind == DIFFERENCE_CREATED || row->kind == DIFFERENCE_RUNS) {
		json_key_integer(json, "differing", row->counts[side]);
		json_key_integer(json, "of", row->of[side]);
	}
	json_close(json, '}');
	strbuf_deinit(&point);
}

static void stack_array(struct json *json, const struct diff_view *view, uint32_t stack)
{
	const struct lexicon *lexicon = &view->forest->lexicon;
	int count = 0;

	json_key(json, "stack");
	json_open(json, '[');
	for (; stack && count < 1024; stack = lexicon_caller(lexicon, stack), count++)
		json_string(json, lexicon_words(lexicon, lexicon_function(lexicon, stack)));
	json_close(json, ']');
}

static void difference_object(
	struct json *json, const struct diff_view *view, const struct difference *row)
{
	const struct node *node = forest_node(view->forest, row->node);
	bool is_call = node->kind == NODE_CREATED || node->kind == NODE_ARMED;
	struct strbuf way = {0};

	node_words_way(&way, view->forest, row->node);
	json_newline(json);
	json_open(json, '{');
	json_key_string(json, "kind", kinds[row->kind]);
	json_key(json, "rare");
	json_boolean(json, row->is_rare);
	text(json, "type", view, node->type);
	text(json, "api", view, is_call ? node->name : 0);
	text(json, "callback", view, node->kind == NODE_RUN ? node->name : 0);
	text(json, "part", view, node->part);
	json_key_integer(json, "status", row->status);
	stack_array(json, view, node->stack);
	json_key_string(json, "way", strbuf_string(&way));
	if (row->kind == DIFFERENCE_ONLY_BASE || row->kind == DIFFERENCE_ONLY_OTHER) {
		json_key_integer(json, "created", row->created);
		json_key_integer(json, "runs", row->runs);
	}
	side_object(json, view, row, 0);
	side_object(json, view, row, 1);
	json_close(json, '}');
	strbuf_deinit(&way);
}

void diff_view_json(struct json *json, const struct diff_view *view)
{
	const struct comparison *comparison = view->comparison;
	int pass;
	size_t kind, i;

	json_open(json, '{');
	json_key_integer(json, "version", 1);
	json_key(json, "base");
	recording_object(json, view, 0);
	json_key(json, "other");
	recording_object(json, view, 1);
	json_key(json, "different");
	json_boolean(json, comparison->count != comparison->rare);
	json_key_integer(json, "common", (int64_t)comparison->common);
	json_key_integer(json, "rare", (int64_t)comparison->rare);
	json_key(json, "drift");
	json_real(json, comparison->drift);
	json_key(json, "differences");
	json_open(json, '[');
	for (pass = 0; pass < 2; pass++)
		for (kind = 0; kind < DIFFERENCE_KINDS; kind++)
			for (i = 0; i < comparison->count; i++)
				if (comparison->rows[i].is_rare == (bool)pass &&
					comparison->rows[i].kind == comparison->order[kind])
					difference_object(json, view, &comparison->rows[i]);
	json_close(json, ']');
	json_close(json, '}');
}
