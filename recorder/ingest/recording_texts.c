/*
 * Texts of rows that wait: they lie one behind the other, beside the batches, until these have been
 * written.
 */
#include "recorder/ingest/recording_internal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_KEPT = 16 << 20 }; /* memory that is kept for the next ones */

bool recording_add_text(struct recording *recording, const char *text, size_t length, uint32_t *ret)
{
	if (!recording->texts || recording->text_capacity - recording->text_size < length) {
		size_t capacity = 2 * recording->text_capacity + length + 4096;
		char *texts = capacity < UINT_MAX ? realloc(recording->texts, capacity) : NULL;

		if (!texts)
			return false;
		recording->texts = texts;
		recording->text_capacity = capacity;
	}
	*ret = (uint32_t)recording->text_size;
	if (length)
		memcpy(recording->texts + recording->text_size, text, length);
	recording->text_size += length;
	return true;
}

void recording_give_text(
	const struct recording *recording, uint32_t at, uint32_t length, sqlite3_context *context)
{
	const char *text = recording->texts + at;

	/* A line may have NULs in it, and is text all the same. */
	if (recording_is_utf8(text, length))
		sqlite3_result_text(context, text, (int)length, SQLITE_STATIC);
	else
		sqlite3_result_blob(context, text, (int)length, SQLITE_STATIC);
}

void recording_give_context(const void *data, int n, void *user, sqlite3_context *context)
{
	const struct row_context *row = data;

	/* Without a key: what its parent has is in force again. */
	if (n == 0 && row->key_length)
		recording_give_text(user, row->text, row->key_length, context);
	else if (n != 0 && !row->is_gone)
		recording_give_text(user, row->text + row->key_length, row->value_length, context);
}

void recording_forget_texts(struct recording *recording)
{
	recording->text_size = 0;
	if (recording->text_capacity <= TEXT_KEPT)
		return;
	free(recording->texts);
	recording->texts = NULL;
	recording->text_capacity = 0;
}
