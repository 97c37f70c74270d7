/*
 * What a fact becomes as a value of SQLite: the unknown is NULL, bytes that are no text a BLOB.
 */
#include "recorder/ingest/recording_internal.h"

#include <string.h>

void recording_bind_id(sqlite3_stmt *statement, int column, int64_t id)
{
	if (id)
		sqlite3_bind_int64(statement, column, id);
	else
		sqlite3_bind_null(statement, column);
}

void recording_bind_number(sqlite3_stmt *statement, int column, int64_t number)
{
	if (number != ROW_UNKNOWN)
		sqlite3_bind_int64(statement, column, number);
	else
		sqlite3_bind_null(statement, column);
}

void recording_bind_text(sqlite3_stmt *statement, int column, const char *text)
{
	if (text && *text)
		sqlite3_bind_text(statement, column, text, -1, SQLITE_TRANSIENT);
	else
		sqlite3_bind_null(statement, column);
}

static bool is_ascii(const unsigned char *text)
{
	uint64_t word;

	memcpy(&word, text, sizeof word);
	return !(word & 0x8080808080808080ull);
}

bool recording_is_utf8(const char *bytes, size_t length)
{
	const unsigned char *text = (const unsigned char *)bytes;

	for (size_t i = 0; i < length;) {
		unsigned char c = text[i];
		unsigned more = c < 0x80		? 0
				: c >= 0xc2 && c < 0xe0 ? 1
				: c >= 0xe0 && c < 0xf0 ? 2
				: c >= 0xf0 && c < 0xf5 ? 3
							: 4;

		if (!more && length - i >= sizeof(uint64_t) && is_ascii(text + i)) {
			i += sizeof(uint64_t);
			continue;
		}
		if (more == 4 || more >= length - i)
			return false;
		for (unsigned n = 1; n <= more; n++)
			if ((text[i + n] & 0xc0) != 0x80)
				return false;
		if ((c == 0xe0 && text[i + 1] < 0xa0) || (c == 0xed && text[i + 1] > 0x9f) ||
			(c == 0xf0 && text[i + 1] < 0x90) || (c == 0xf4 && text[i + 1] > 0x8f))
			return false;
		i += more + 1;
	}
	return true;
}

void recording_bind_bytes(sqlite3_stmt *statement, int column, const char *bytes, size_t length)
{
	/* A NUL would end the text for many clients. */
	if (recording_is_utf8(bytes, length) && !(length && memchr(bytes, 0, length)))
		sqlite3_bind_text(statement, column, bytes, (int)length, SQLITE_STATIC);
	else
		sqlite3_bind_blob(statement, column, bytes, (int)length, SQLITE_STATIC);
}

void recording_bind_name(sqlite3_stmt *statement, int column, const char *name)
{
	if (name && *name)
		recording_bind_bytes(statement, column, name, strlen(name));
	else
		sqlite3_bind_null(statement, column);
}
