/*
 * The text in messages to syslog and to systemd's journal, however they are cut into pieces; and
 * what is no such message, or not a whole one.
 */
#include "recorder/hooks/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What was noted, one after the other. */
static char noted[4096];
static size_t noted_length;
static uint8_t noted_flags;

static void take(
	const struct written *written, const struct iovec *pieces, int count, size_t length)
{
	int i;

	/* A message has one end. */
	assert_true(noted_length == 0 || !(noted_flags & EVENT_LOG_MESSAGE));
	noted_flags = written->flags;
	for (i = 0; i < count && length > 0; i++) {
		size_t n = pieces[i].iov_len < length ? pieces[i].iov_len : length;

		memcpy(noted + noted_length, pieces[i].iov_base, n);
		noted_length += n;
		length -= n;
	}
}

#define logged_pieces(thread, from, written, pieces, count, length)                                \
	((void)(thread), (void)(from), take(written, pieces, count, length))
#include "recorder/hooks/message.c"

/* The message in pieces of `n` bytes, of which so many have been sent. */
static void send_in(const char *message, size_t length, size_t n, size_t sent)
{
	const struct log_call log = {.written = {.fd = 3}};
	struct iovec pieces[512] = {{0}};
	char *copy[512];
	int count = 0, i;
	size_t at;

	for (at = 0; at < length; at += n) {
		size_t part = length - at < n ? length - at : n;

		/* Each in memory of its own, so that reading past it is noticed. */
		copy[count] = malloc(part);
		memcpy(copy[count], message + at, part);
		pieces[count] = (struct iovec){copy[count], part};
		count++;
	}
	noted_length = 0;
	noted_flags = EVENT_LOG_MESSAGE;
	message_note(&log, pieces, count, sent);
	for (i = 0; i < count; i++)
		free(copy[i]);
	assert_int_equal(noted_flags, EVENT_LOG_MESSAGE);
}

static void assert_text(const char *message, size_t length, const char *text, size_t text_length)
{
	size_t n;

	for (n = 1; n <= length; n++) {
		send_in(message, length, n, length);
		assert_int_equal(noted_length, text_length);
		assert_memory_equal(noted, text, text_length);
	}
}

#define ASSERT_TEXT(message, text) assert_text(message, sizeof(message) - 1, text, sizeof(text) - 1)

static void syslog_messages(void **state)
{
	(void)state;
	ASSERT_TEXT("<13>Jan  2 03:04:05 server[1]: text", "Jan  2 03:04:05 server[1]: text");
	ASSERT_TEXT("<1>two\nlines\n", "two\nlines\n");
	ASSERT_TEXT("<191><13>", "<13>");
	ASSERT_TEXT("no priority", "no priority");
	ASSERT_TEXT("<>nor here", "<>nor here");
	ASSERT_TEXT("<x>nor here", "<x>nor here");
	ASSERT_TEXT("<12345>nor here", "<12345>nor here");
	ASSERT_TEXT("<12", "<12");
	ASSERT_TEXT("<12>", "");
}

static void journal_messages(void **state)
{
	(void)state;
	ASSERT_TEXT("MESSAGE=text of it\nPRIORITY=6\n", "text of it");
	ASSERT_TEXT("PRIORITY=6\nMESSAGE_ID=1\nMESSAGE=last", "last");
	ASSERT_TEXT("CODE_FILE=a MESSAGE=no\nMESSAGE=\n", "");
	ASSERT_TEXT("MESSAGE\n\x07\0\0\0\0\0\0\0two\n or\nPRIORITY=6\n", "two\n or");
	ASSERT_TEXT("X\n\x0b\0\0\0\0\0\0\0\nMESSAGE=no\nMESSAGE=yes\n", "yes");
	/* Lengths that are none. */
	ASSERT_TEXT("MESSAGE\n\xff\0\0\0\0\0\0\0two", "MESSAGE\n\xff\0\0\0\0\0\0\0two");
	ASSERT_TEXT("X\n\xff\xff\xff\xff\xff\xff\xff\xffMESSAGE=a",
		"X\n\xff\xff\xff\xff\xff\xff\xff\xffMESSAGE=a");
	ASSERT_TEXT("X\n\x01", "X\n\x01");
}

static void parts_of_messages(void **state)
{
	static const char message[] = "A\n\x03\0\0\0\0\0\0\0a=b\nMESSAGE=text\nB=c\n";
	size_t n, sent;

	(void)state;
	for (n = 1; n < sizeof message; n++)
		for (sent = 1; sent < sizeof message; sent++) {
			send_in(message, sizeof message - 1, n, sent);
			assert_true(noted_length <= sent);
		}
	send_in("<13>text that was cut", 21, 21, 8);
	assert_int_equal(noted_length, 4);
	send_in("one\ntwo", 7, 3, 0);
	assert_int_equal(noted_length, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(syslog_messages),
		cmocka_unit_test(journal_messages),
		cmocka_unit_test(parts_of_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
