/*
 * What a fact becomes as a value of SQLite: the unknown is NULL, bytes that are no text a BLOB.
 */
#include "recorder/ingest/recording_internal.h"

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

static bool is_utf8(const unsigned char *text, size_t length)
{
	for (size_t i = 0; i < length;) {
		unsigned char c = text[i];
		unsigned more = c < 0x80		? 0
				: c >= 0xc2 && c < 0xe0 ? 1
				: c >= 0xe0 && c < 0xf0 ? 2
				: c >= 0xf0 && c < 0xf5 ? 3
							: 4;

		if (more == 4 || more >= length - i)
			return false;
		for (unsigned n = 1; n <= more; n++)
			if ((text[i + n] & 0xc0) != 0x80)
				return false;
		if ((c == 0xe0 && text[i + 1] < 0xa0) || (c == 0xed && text[i + 1] > 0x9f) ||
			(c == 0xf0 && text[i + 1] < 0x90) || (c == 0xf4 && text[i + 1] > 0x8f))
			return false;
		if (!c)
			return false; /* a NUL would end the text for many clients */
		i += more + 1;
	}
	return true;
}

void recording_bind_bytes(sqlite3_stmt *statement, int column, const char *bytes, size_t length)
{
	if (is_utf8((const unsigned char *)bytes, length))
		sqlite3_bind_text(statement, column, bytes, (int)length, SQLITE_STATIC);
	else
		sqlite3_bind_blob(statement, column, bytes, (int)length, SQLITE_STATIC);
}
