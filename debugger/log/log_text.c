/* The text of a log line as it is compared: see log_text.h. Knows no recording and no file. */
#include "debugger/log/log_text.h"

#include "debugger/recording/id.h"

#define HASH_FACTOR UINT64_C(0x9e3779b97f4a7c15)
#define NUMBER_MOST 18 /* digits of a line's number */

size_t log_text_trim(const char *bytes, size_t length)
{
	while (length && bytes[length - 1] == '\r')
		length--;
	return length;
}

/* How long the escape code at the beginning is: ESC [ … m or ESC [ … K; 0: there is none. */
static size_t colour_length(const char *bytes, size_t length)
{
	size_t at = 2;

	if (length < 3 || bytes[0] != '\033' || bytes[1] != '[')
		return 0;
	while (at < length &&
		((bytes[at] >= '0' && bytes[at] <= '9') || bytes[at] == ';' || bytes[at] == ':'))
		at++;
	return at < length && (bytes[at] == 'm' || bytes[at] == 'K') ? at + 1 : 0;
}

size_t log_text_uncolour(const char *bytes, size_t length, char *ret)
{
	size_t at = 0, count = 0, code;

	while (at < length) {
		code = colour_length(bytes + at, length - at);
		if (!code)
			ret[count++] = bytes[at];
		at += code ? code : 1;
	}
	return count;
}

/* The digits that end at *end; moves it to the first of them. */
static bool digits_before(const char *bytes, size_t *end, int64_t *ret)
{
	size_t begin = *end;
	int64_t number = 0;

	while (begin && *end - begin < 19 && bytes[begin - 1] >= '0' && bytes[begin - 1] <= '9')
		begin--;
	for (size_t i = begin; i < *end; i++)
		if (__builtin_mul_overflow(number, 10, &number) ||
			__builtin_add_overflow(number, bytes[i] - '0', &number))
			return false;
	if (begin == *end || bytes[begin] == '0')
		return false;
	*end = begin;
	*ret = number;
	return true;
}

bool log_text_untag(const char *bytes, size_t length, size_t *ret_length, int64_t *ret_async_id)
{
	const int64_t processes = INT64_C(1) << (62 - ID_PROCESS_SHIFT);
	int64_t number, process = 1;
	size_t end = length - 1;

	if (length < 5 || bytes[length - 1] != ']' || !digits_before(bytes, &end, &number))
		return false;
	if (number >> ID_PROCESS_SHIFT)
		return false;
	if (end && bytes[end - 1] == ':') {
		end--;
		if (!digits_before(bytes, &end, &process) || process > processes)
			return false;
	}
	if (end < 3 || bytes[end - 1] != '#' || bytes[end - 2] != '[' || bytes[end - 3] != ' ')
		return false;
	*ret_length = end - 3;
	*ret_async_id = ((process - 1) << ID_PROCESS_SHIFT) + number;
	return true;
}

static uint64_t hash_step(uint64_t hash, char byte)
{
	return (hash + (unsigned char)byte + 1) * HASH_FACTOR;
}

uint64_t log_text_hash(const char *bytes, size_t length)
{
	uint64_t hash = 0;

	while (length)
		hash = hash_step(hash, bytes[--length]);
	return hash;
}

size_t log_text_numbered(const char *bytes, size_t length)
{
	size_t digits = 0;

	while (digits < length && digits < NUMBER_MOST && bytes[digits] >= '0' &&
		bytes[digits] <= '9')
		digits++;
	return digits && digits < length && (bytes[digits] == ':' || bytes[digits] == '-')
		       ? digits + 1
		       : 0;
}

static bool is_start(const char *bytes, size_t offset)
{
	char before = offset ? bytes[offset - 1] : ' ';

	if (before == '-')
		return offset == log_text_numbered(bytes, offset);
	return before == ' ' || before == '\t' || before == ':' || before == '|' || before == ']';
}

size_t log_text_starts(const char *bytes, size_t length, struct log_text_start *ret, size_t most)
{
	size_t count = 0, at;
	uint64_t hash = 0;

	for (at = 0; at < length && count < most; at++)
		if (is_start(bytes, at))
			ret[count++].offset = at;
	if (!length && most)
		ret[count++].offset = 0;
	at = count;
	while (length) {
		hash = hash_step(hash, bytes[--length]);
		if (at && ret[at - 1].offset == length)
			ret[--at].hash = hash;
	}
	if (at)
		ret[0].hash = hash;
	return count;
}
