/*
 * A writer of JSON: see json.h. Promises valid JSON (RFC 8259) of valid UTF-8 when opens and closes
 * are balanced. Knows nothing of what it writes.
 */
#include "debugger/text/json.h"

#include "debugger/text/printable.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What comes before a value or a key. */
static void separate(struct json *json)
{
	if (json->after_key) {
		json->after_key = false;
		return;
	}
	if (json->not_first >> json->depth & 1)
		fputs(", ", json->out);
	json->not_first |= UINT64_C(1) << json->depth;
}

void json_open(struct json *json, char bracket)
{
	separate(json);
	fputc(bracket, json->out);
	json->depth = (json->depth + 1) & 63;
	json->not_first &= ~(UINT64_C(1) << json->depth);
}

void json_close(struct json *json, char bracket)
{
	json->depth = (json->depth - 1) & 63;
	fputc(bracket, json->out);
}

/* A character that cannot stand as it is. `length` 0: a byte that is no UTF-8. */
static void write_escaped(FILE *out, unsigned char byte, size_t length, uint32_t point)
{
	if (!length)
		fprintf(out, "\\\\x%02x", byte);
	else if (point == '"' || point == '\\')
		fprintf(out, "\\%c", (char)point);
	else if (point == '\n')
		fputs("\\n", out);
	else if (point == '\t')
		fputs("\\t", out);
	else if (point > 0xffff)
		fprintf(out, "\\u%04x\\u%04x", 0xd7c0 + (point >> 10), 0xdc00 + (point & 0x3ff));
	else
		fprintf(out, "\\u%04x", point);
}

static void write_bytes(FILE *out, const char *bytes, size_t count)
{
	size_t i = 0, plain = 0; /* from there to i bytes stand as they are */

	fputc('"', out);
	while (i < count) {
		uint32_t point;
		size_t length = printable_decode(bytes + i, count - i, &point);

		if (length && point >= 0x20 && (point < 0x7f || point >= 0xa0) && point != '"' &&
			point != '\\' && !printable_deceives(point)) {
			i += length;
			continue;
		}
		fwrite(bytes + plain, 1, i - plain, out);
		write_escaped(out, (unsigned char)bytes[i], length, point);
		i += length ? length : 1;
		plain = i;
	}
	fwrite(bytes + plain, 1, i - plain, out);
	fputc('"', out);
}

void json_key(struct json *json, const char *key)
{
	separate(json);
	write_bytes(json->out, key, strlen(key));
	fputs(": ", json->out);
	json->after_key = true;
}

void json_bytes(struct json *json, const char *bytes, size_t count)
{
	separate(json);
	if (bytes)
		write_bytes(json->out, bytes, count);
	else
		fputs("null", json->out);
}

void json_string(struct json *json, const char *string)
{
	json_bytes(json, string, string ? strlen(string) : 0);
}

void json_integer(struct json *json, int64_t number)
{
	const int64_t exact = INT64_C(1) << 53;

	separate(json);
	if (number == JSON_UNKNOWN)
		fputs("null", json->out);
	else if (number > exact || number < -exact)
		fprintf(json->out, "\"%" PRId64 "\"", number);
	else
		fprintf(json->out, "%" PRId64, number);
}

void json_real(struct json *json, double number)
{
	char text[40];

	separate(json);
	snprintf(text, sizeof text, "%.15g", number);
	if (strtod(text, NULL) != number)
		snprintf(text, sizeof text, "%.17g", number);
	fputs(isfinite(number) ? text : "null", json->out);
}

void json_boolean(struct json *json, bool value)
{
	separate(json);
	fputs(value ? "true" : "false", json->out);
}

void json_null(struct json *json)
{
	separate(json);
	fputs("null", json->out);
}

void json_key_string(struct json *json, const char *key, const char *string)
{
	json_key(json, key);
	json_string(json, string);
}

void json_key_integer(struct json *json, const char *key, int64_t number)
{
	json_key(json, key);
	json_integer(json, number);
}

void json_newline(struct json *json)
{
	if (json->not_first >> json->depth & 1) {
		fputs(",\n", json->out);
		json->not_first &= ~(UINT64_C(1) << json->depth);
		return;
	}
	fputc('\n', json->out);
}
