/* The values of a context in force: see info_context.h. */
#include "debugger/info/info_context.h"

#include "debugger/lineage/context_values.h"
#include "debugger/render/render_context.h"

static int show(struct inquiry *inquiry, int64_t context_id, int64_t run_id, struct error *err)
{
	struct strbuf *words = inquiry_words(inquiry);
	struct context_values values;
	int result = context_values_load(inquiry->recording, context_id, NULL, NULL, &values, err);

	inquiry_integer(inquiry, "context_id", context_id);
	facts_begin_object(&inquiry->facts, "context");
	/* Keys outlive the values: they are kept with the recording. */
	for (size_t i = 0; i < values.count; i++)
		if (values.rows[i].value)
			inquiry_string(inquiry,
				reader_intern(inquiry->recording, values.rows[i].key),
				values.rows[i].value);
	facts_end_item(&inquiry->facts);
	render_context_words(words, &values, run_id);
	if (words->length)
		inquiry_line(inquiry, "context");
	context_values_deinit(&values);
	return result;
}

int info_context_of_resource(
	struct inquiry *inquiry, const struct resource_row *resource, struct error *err)
{
	int64_t context_id;
	int found = lookup_has_context(inquiry->recording, err);

	if (found != 1)
		return found;
	if (lookup_context_of_resource(inquiry->recording, resource->async_id, &context_id, err) <
		0)
		return -1;
	return show(inquiry, context_id, UNKNOWN, err);
}

int info_context_in_run(
	struct inquiry *inquiry, const struct run_row *run, int64_t at_ns, struct error *err)
{
	int64_t context_id;
	int found = lookup_has_context(inquiry->recording, err);

	if (found != 1)
		return found;
	if (lookup_context_in_run(inquiry->recording, run, at_ns, &context_id, err) < 0)
		return -1;
	return show(inquiry, context_id, run->run_id, err);
}
