/* `watch` and `unwatch`: see watch.h. */
#include "debugger/time/watch.h"

#include "debugger/lineage/describe.h"
#include "debugger/text/json.h"
#include "debugger/text/terminal.h"
#include "debugger/time/cursor.h"

#include <string.h>

static const struct option_row options[] = {
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{"help", 'h', NULL, "this help"},
	{0},
};

static size_t find(const struct cursor *cursor, int64_t async_id)
{
	size_t i = 0;

	while (i < cursor->watch_count && cursor->watches[i] != async_id)
		i++;
	return i;
}

static int read_id(struct session *session, const char *word, int64_t *ret, struct error *err)
{
	struct resource_row resource;
	struct point point;
	int found;

	if (session_point(session, word, &point, err))
		return -1;
	if (point.kind != POINT_ASYNC)
		return error_set(err,
			"'%s' is no async ID, as 42 or 2:42: only resources can be watched", word);
	found = lookup_resource(session->recording, point.id, &resource, err);
	if (found != 1)
		return found ? -1 : point_not_there(session->recording, &point, err);
	*ret = point.id;
	return 0;
}

static void json_list(struct session *session, const struct cursor *cursor)
{
	struct json json = {.out = session->out};
	size_t i;

	json_open(&json, '[');
	for (i = 0; i < cursor->watch_count; i++)
		json_integer(&json, cursor->watches[i]);
	json_close(&json, ']');
	fputc('\n', session->out);
}

static int text_list(struct session *session, const struct cursor *cursor, struct error *err)
{
	struct resource_row resource;
	struct strbuf words = {0};
	struct page page = {0};
	int result = 0;
	size_t i;

	terminal_begin(&page, session->out);
	for (i = 0; !result && i < cursor->watch_count; i++) {
		if (lookup_resource(session->recording, cursor->watches[i], &resource, err) < 0)
			result = -1;
		strbuf_clear(&words);
		strbuf_add_string(&words, "steps stop at ");
		describe_resource(&words, resource.type.name, cursor->watches[i], resource.detail);
		page_words(&page, PAGE_PLAIN, strbuf_string(&words));
		page_end_line(&page);
	}
	if (!cursor->watch_count) {
		page_words(&page, PAGE_PLAIN,
			"nothing is watched: steps stop where callbacks begin, on the cursor's"
			" thread");
		page_end_line(&page);
	}
	if (!result)
		terminal_show(&page, session->out, false);
	page_deinit(&page);
	strbuf_deinit(&words);
	return result;
}

static int show(struct session *session, const struct invocation *invocation,
	const struct cursor *cursor, struct error *err)
{
	const char *format = option_value(&invocation->options, "format");

	if (!format || *format != 'j')
		return text_list(session, cursor, err);
	json_list(session, cursor);
	return 0;
}

static int watch_run(
	struct session *session, const struct invocation *invocation, struct error *err)
{
	const struct option_values *values = &invocation->options;
	struct cursor *cursor = cursor_of(session);
	int64_t async_id = UNKNOWN;

	if (!cursor)
		return error_set(err, "out of memory"), 1;
	if (values->word_count) {
		if (read_id(session, values->words[0], &async_id, err))
			return 1;
		if (find(cursor, async_id) == cursor->watch_count) {
			if (cursor->watch_count == CURSOR_WATCHES_MAX)
				return error_set(err,
					       "no more than %d can be watched: 'unwatch' one",
					       CURSOR_WATCHES_MAX),
				       1;
			cursor->watches[cursor->watch_count++] = async_id;
		}
	}
	return show(session, invocation, cursor, err) ? 1 : 0;
}

static int unwatch_run(
	struct session *session, const struct invocation *invocation, struct error *err)
{
	const struct option_values *values = &invocation->options;
	struct cursor *cursor = cursor_of(session);
	struct point point;
	size_t at;

	if (!cursor)
		return error_set(err, "out of memory"), 1;
	if (!values->word_count) {
		cursor->watch_count = 0;
		return show(session, invocation, cursor, err) ? 1 : 0;
	}
	if (session_point(session, values->words[0], &point, err))
		return 2;
	at = point.kind == POINT_ASYNC ? find(cursor, point.id) : cursor->watch_count;
	if (at == cursor->watch_count)
		return error_set(err, "'%s' is not watched", values->words[0]), 1;
	memmove(&cursor->watches[at], &cursor->watches[at + 1],
		(--cursor->watch_count - at) * sizeof cursor->watches[0]);
	return show(session, invocation, cursor, err) ? 1 : 0;
}

const struct command watch_command = {
	.name = "watch",
	.group = GROUP_TIME,
	.usage = "[options] [ID]",
	.summary = "let steps stop only at what happens to a resource",
	.description =
		"From now on 'step', 'next' and 'back' stop at the events of that resource, and of"
		"\nothers that are watched: made, armed, made to fire, a callback of it begins or "
		"ends,"
		"\ndisarmed, destroyed; on whatever thread and in whatever process, to which the "
		"cursor"
		"\ngoes along. Without ID it says what is watched.\n"
		"\nJSON: an array of the async IDs that are watched.",
	.options = options,
	.flags = COMMAND_PROMPT | COMMAND_RECORDING,
	.most_words = 1,
	.completion = COMPLETE_POINT,
	.run = watch_run,
};

const struct command unwatch_command = {
	.name = "unwatch",
	.group = GROUP_TIME,
	.usage = "[options] [ID]",
	.summary = "let steps stop at callbacks again",
	.description = "Ends the watch of one resource; without ID of all.\n"
		       "\nJSON: an array of the async IDs that are still watched.",
	.options = options,
	.flags = COMMAND_PROMPT | COMMAND_RECORDING,
	.most_words = 1,
	.completion = COMPLETE_POINT,
	.run = unwatch_run,
};
