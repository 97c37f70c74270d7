/* `log --with KEY`: see log_with.h. Looks up by key and index alone. */
#include "debugger/log/log_with.h"

#include "debugger/text/printable.h"

#include <stdlib.h>
#include <string.h>

int log_with_add(struct log_with *with, const char *keys, struct error *err)
{
	while (*keys) {
		size_t length = strcspn(keys, ",");

		if (with->count == LOG_WITH_MAX)
			return error_set(err, "log: --with takes at most %d keys", LOG_WITH_MAX);
		if (length && !(with->keys[with->count++] = strndup(keys, length)))
			return error_set(err, "out of memory");
		keys += length + (keys[length] == ',');
	}
	return with->count ? 0 : error_set(err, "log: --with takes a KEY, such as request_id");
}

void log_with_deinit(struct log_with *with)
{
	for (size_t i = 0; i < with->count; i++)
		free(with->keys[i]);
	context_values_deinit(&with->values);
	strbuf_deinit(&with->words);
}

int log_with_check(const struct log_with *with, struct reader *recording, struct error *err)
{
	int found = with->count ? lookup_has_context(recording, err) : 1;

	if (found)
		return found < 0 ? -1 : 0;
	return error_set(err,
		"log: no context was recorded in %s, so --with has nothing to show: no program set"
		" one while it was recorded",
		reader_path(recording));
}

int log_with_load(struct log_with *with, struct reader *recording, const struct log_row *log,
	struct error *err)
{
	int64_t context_id = UNKNOWN;

	if (log->run_id == UNKNOWN || with->run.run_id != log->run_id) {
		if (lookup_run(recording, log->run_id, &with->run, err) < 0)
			return -1;
		/* A thread's root run may have no row, and sets values all the same. */
		with->run.run_id = log->run_id;
	}
	if (log->run_id != UNKNOWN &&
		lookup_context_in_run(recording, &with->run, log->written_ns, &context_id, err) < 0)
		return -1;
	if (with->values.context_id == context_id && context_id != UNKNOWN)
		return 0;
	context_values_deinit(&with->values);
	return context_values_load(recording, context_id, NULL, NULL, &with->values, err);
}

const char *log_with_words(struct log_with *with)
{
	strbuf_clear(&with->words);
	for (size_t i = 0; i < with->count; i++) {
		const struct context_value *value =
			context_values_find(&with->values, with->keys[i], true);

		strbuf_add_string(&with->words, i ? " " : "");
		if (value) {
			context_value_add(&with->words, value->key, value->value);
			continue;
		}
		printable_add_string(&with->words, with->keys[i]);
		strbuf_add_string(&with->words, "=-");
	}
	return strbuf_string(&with->words);
}

void log_with_json(const struct log_with *with, struct json *json)
{
	json_key(json, "context");
	json_open(json, '{');
	for (size_t i = 0; i < with->count; i++) {
		const struct context_value *value =
			context_values_find(&with->values, with->keys[i], true);

		json_key_string(json, with->keys[i], value ? value->value : NULL);
	}
	json_close(json, '}');
}
