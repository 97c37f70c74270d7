/* Values of a context: see render_context.h. Promises printable text. */
#include "debugger/render/render_context.h"

#include "debugger/recording/point.h"
#include "debugger/text/quantity.h"

#define NAMED_MAX 4 /* values, in words */

static void add_setter(struct strbuf *words, int64_t setter_id, int64_t run_id)
{
	strbuf_add_string(words, " (set in ");
	if (setter_id == run_id)
		strbuf_add_string(words, "it");
	else
		point_add_run(words, setter_id);
	strbuf_add_char(words, ')');
}

void render_context_words(struct strbuf *words, const struct context_values *values, int64_t run_id)
{
	size_t i, count = context_values_count(values), named = 0;
	int64_t setter_id = UNKNOWN;

	for (i = 0; values && i < values->count && named < NAMED_MAX; i++) {
		const struct context_value *value = &values->rows[i];

		if (!value->value)
			continue;
		/* Those that were set in one run are named together. */
		if (named && setter_id != value->run_id && setter_id != UNKNOWN)
			add_setter(words, setter_id, run_id);
		strbuf_add_string(words, named++ ? ", " : "");
		context_value_add(words, value->key, value->value);
		setter_id = value->run_id;
	}
	if (named && setter_id != UNKNOWN)
		add_setter(words, setter_id, run_id);
	if (count > named) {
		strbuf_add_string(words, " and ");
		quantity_add_count(words, (int64_t)(count - named));
		strbuf_add_string(words, " more");
	}
}

void render_context_difference(
	struct strbuf *words, const struct context_values *here, const struct context_values *there)
{
	size_t i, named = 0;

	for (i = 0; there && i < there->count && named < NAMED_MAX; i++) {
		const struct context_value *value = &there->rows[i];

		if (!value->value || context_values_agree(here, there, value->key))
			continue;
		if (here && here->is_cut && !context_values_find(here, value->key, false))
			continue;
		named++;
		strbuf_add_string(words, "; ");
		context_value_add(words, value->key, value->value);
		strbuf_add_string(words,
			context_values_find(here, value->key, true) ? " differs" : " is lost here");
	}
}

void render_context_json(struct json *json, const struct context_values *values)
{
	json_key(json, "context");
	json_open(json, '{');
	for (size_t i = 0; values && i < values->count; i++)
		if (values->rows[i].value)
			json_key_string(json, values->rows[i].key, values->rows[i].value);
	json_close(json, '}');
}
