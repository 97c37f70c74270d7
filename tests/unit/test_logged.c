/*
 * What a thread writes, as events: however it comes in pieces and between whatever writers it goes
 * back and forth, the events of each writer make up its bytes, and each line begins in an event
 * that has the run of its first byte.
 */
#include "recorder/runtime/logged.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The run that the thread is in; and how often its stack was looked at. */
static uint64_t run_now;
static uint32_t captures;
#define run_capture(thread, from) ((void)(thread), (void)(from), ++captures)
#define run_current(thread)	  ((void)(thread), run_now)
#include "recorder/runtime/logged.c"

enum { CHUNKS = 256 };

static struct arena_header *header;
static struct thread *thread;

static int set_up(void **state)
{
	(void)state;
	header = aligned_alloc(64, (sizeof *header + 63) / 64 * 64);
	memset((void *)header, 0, sizeof *header);
	arena_map.chunks = aligned_alloc(64, CHUNKS * sizeof *arena_map.chunks);
	memset((void *)arena_map.chunks, 0, CHUNKS * sizeof *arena_map.chunks);
	arena_map.chunk_bytes = calloc(CHUNKS, ARENA_CHUNK_SIZE);
	arena_map.count[ARENA_CHUNKS] = arena_map.count[ARENA_CHUNK_STATES] = CHUNKS;
	arena_map.history_chunks = CHUNKS;
	header->region[ARENA_CHUNK_STATES].stride = sizeof *arena_map.chunks;
	arena_page.header = header;
	thread = calloc(1, sizeof *thread);
	thread->slot = calloc(1, sizeof *thread->slot);
	settings.log_max = ARENA_LOG_MAX;
	captures = 0;
	run_now = 1;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_page.header = NULL;
	free(arena_map.chunks);
	free(arena_map.chunk_bytes);
	free(header);
	free(thread->slot);
	free(thread);
	return 0;
}

/* The event number `wanted` from 0; NULL: there are fewer. */
static const struct event_log *event_at(unsigned wanted)
{
	uint64_t used = atomic_load(&header->used[ARENA_CHUNK_STATES].value), i;

	for (i = 0; i < used; i++) {
		const unsigned char *chunk = arena_map.chunk_bytes + i * ARENA_CHUNK_SIZE;
		uint32_t at = 0;

		while (at < atomic_load(&arena_map.chunks[i].used)) {
			const struct event_log *event = (const void *)(chunk + at);

			assert_int_equal(event->head.kind, EVENT_LOG);
			if (wanted-- == 0)
				return event;
			at += event->head.size;
		}
	}
	return NULL;
}

static void assert_event(unsigned number, uint64_t run, const char *text)
{
	const struct event_log *event = event_at(number);

	assert_non_null(event);
	assert_int_equal(event->length, strlen(text));
	assert_memory_equal(event->text, text, event->length);
	assert_int_equal(event->run_id, run);
	assert_int_equal(event->left_out, 0);
}

static void assert_events(unsigned count)
{
	if (count)
		assert_non_null(event_at(count - 1));
	assert_null(event_at(count));
}

static const struct written out = {.fd = 1, .sink = 1}, other = {.fd = 2, .sink = 2};

static void say(const struct written *to, const char *text)
{
	static const struct unwind_start from;

	logged(thread, &from, to, text, strlen(text));
}

static void whole_lines(void **state)
{
	(void)state;
	say(&out, "one\n");
	run_now = 2;
	say(&out, "two\nthree\n");
	assert_event(0, 1, "one\n");
	assert_event(1, 2, "two\nthree\n");
	assert_events(2);
	assert_int_equal(event_at(0)->stack, 1);
	assert_int_equal(event_at(1)->stack, 2);
}

static void line_in_pieces(void **state)
{
	static const struct unwind_start from;
	const char *c;

	(void)state;
	say(&out, "a");
	run_now = 2;
	for (c = "bcdefgh"; *c; c++)
		logged_byte(thread, &from, &out, (unsigned char)*c);
	assert_events(0);
	assert_int_equal(captures, 1);
	say(&out, "i\nj\nk");
	assert_event(0, 1, "abcdefghi\n");
	assert_event(1, 2, "j\n");
	assert_events(2);
	run_now = 3;
	logged_byte(thread, &from, &out, '\n');
	assert_event(2, 2, "k\n");
	assert_int_equal(captures, 2);
	/* A line that is nothing but its end. */
	logged_byte(thread, &from, &out, '\n');
	assert_event(3, 3, "\n");
	assert_events(4);
}

static void pieces_of_one_call(void **state)
{
	static const struct unwind_start from;
	char long_text[] = "no newline in here";
	const struct iovec pieces[] = {{"", 0}, {"a", 1}, {"b\nc", 3}, {long_text, 5}, {"d\n", 2}};

	(void)state;
	logged_pieces(thread, &from, &out, pieces, 5, 9);
	logged_settle(thread);
	assert_event(0, 1, "ab\n");
	assert_event(1, 1, "cno ne");
	assert_events(2);
	assert_int_equal(captures, 1);
}

static void others_between(void **state)
{
	(void)state;
	say(&out, "a");
	run_now = 2;
	say(&other, "b");
	assert_event(0, 1, "a");
	assert_events(1);
	run_now = 3;
	say(&out, "c\n");
	assert_event(1, 2, "b");
	assert_event(2, 3, "c\n");
	assert_int_equal(event_at(1)->sink, 2);
	/* The same sink, by a stream of its own. */
	say(&out, "d");
	say(&(struct written){.fd = 1, .sink = 1, .writer = thread}, "e");
	assert_event(3, 3, "d");
	logged_settle(thread);
	logged_settle(thread);
	assert_event(4, 3, "e");
	assert_int_equal(event_at(4)->writer, (uintptr_t)thread);
	assert_events(5);
	/* Of sinks that are not known the descriptor counts. */
	say(&(struct written){.fd = 1}, "f");
	say(&(struct written){.fd = 2}, "g\n");
	assert_event(5, 3, "f");
	assert_event(6, 3, "g\n");
}

static void messages(void **state)
{
	static const struct unwind_start from;
	const struct written syslog = {.fd = -1, .sink = 3, .flags = EVENT_LOG_MESSAGE};
	const struct iovec pieces[] = {{"b", 1}, {"c", 1}};

	(void)state;
	say(&syslog, "a");
	say(&syslog, "a");
	logged_pieces(thread, &from, &syslog, pieces, 2, 2);
	assert_event(0, 1, "a");
	assert_event(1, 1, "a");
	/* It ends where the last piece does, and not before. */
	assert_event(2, 1, "b");
	assert_event(3, 1, "c");
	assert_int_equal(event_at(0)->head.flags, EVENT_LOG_MESSAGE);
	assert_int_equal(event_at(2)->head.flags, 0);
	assert_int_equal(event_at(3)->head.flags, EVENT_LOG_MESSAGE);
	assert_events(4);
}

/* There is no more room for the beginning of a line. */
static void much_of_a_line(void **state)
{
	static const struct unwind_start from;
	char text[ARENA_PARTIAL_MAX + 2];

	(void)state;
	memset(text, 'x', sizeof text);
	text[ARENA_PARTIAL_MAX + 1] = 0;
	say(&out, text);
	assert_event(0, 1, text);
	text[ARENA_PARTIAL_MAX] = 0;
	say(&out, text);
	assert_events(1);
	run_now = 2;
	logged_byte(thread, &from, &out, 'x');
	text[ARENA_PARTIAL_MAX] = 'x';
	assert_event(1, 1, text);
	text[ARENA_PARTIAL_MAX] = 0;
	say(&out, text + 10);
	say(&out, "0123456789");
	assert_events(2);
	say(&out, "\n");
	memcpy(text + ARENA_PARTIAL_MAX - 10, "0123456789\n", 12);
	assert_event(2, 2, text);
	assert_events(3);
}

/* A signal handler that writes while its thread is at the beginning of a line. */
static void interrupted(void **state)
{
	(void)state;
	say(&out, "a");
	thread->line_busy = true;
	say(&out, "b");
	logged_settle(thread);
	thread->line_busy = false;
	say(&out, "c\n");
	assert_event(0, 1, "b");
	assert_event(1, 1, "ac\n");
	assert_events(2);
}

static void long_lines(void **state)
{
	char text[64];

	(void)state;
	settings.log_max = 4;
	say(&out, "short\nlong enough\nabc\n");
	assert_int_equal(event_at(0)->left_out, 1);
	assert_memory_equal(event_at(0)->text, "shor", 4);
	assert_int_equal(event_at(1)->left_out, 7);
	assert_memory_equal(event_at(1)->text, "\nlong", event_at(1)->length);
	assert_memory_equal(event_at(2)->text, "\nabc\n", event_at(2)->length);
	assert_events(3);
	/* Begun before; and one that has no end yet. */
	say(&out, "ab");
	say(&out, "cdef\ng");
	assert_memory_equal(event_at(3)->text, "abcd", event_at(3)->length);
	assert_int_equal(event_at(3)->left_out, 2);
	assert_event(4, 1, "\n");
	say(&out, "hijklm");
	assert_memory_equal(event_at(5)->text, "ghij", event_at(5)->length);
	assert_int_equal(event_at(5)->left_out, 3);
	memset(text, 'x', sizeof text);
	text[63] = 0;
	say(&(struct written){.fd = -1, .sink = 3, .flags = EVENT_LOG_MESSAGE}, text);
	assert_int_equal(event_at(6)->left_out, 59);
	assert_int_equal(event_at(6)->head.flags, EVENT_LOG_MESSAGE);
	assert_events(7);
}

/* --- at random ---------------------------------------------------------------------------- */

enum { WRITERS = 3, ROUNDS = 40, CALLS = 400, STREAM = 1 << 20 };

/* What one writer wrote, and the run of each byte. */
struct stream {
	size_t length, seen;
	unsigned char text[STREAM];
	uint16_t run[STREAM];
};

static struct stream streams[WRITERS];

static uint64_t random_below(uint64_t *seed, uint64_t limit)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (*seed >> 33) % limit;
}

static struct written written_of(int writer)
{
	/* The first two differ in their stream alone. */
	return (struct written){.fd = 1 + writer / 2,
		.sink = 1 + (uint32_t)writer / 2,
		.writer = writer == 1 ? &streams[1] : NULL};
}

static void write_some(uint64_t *seed, uint64_t lengths)
{
	static const struct unwind_start from;
	static unsigned char text[20000];
	int writer = (int)random_below(seed, WRITERS);
	struct stream *stream = &streams[writer];
	struct written written = written_of(writer);
	size_t length = random_below(seed, lengths), first = 0, i;

	for (i = 0; i < length; i++) {
		text[i] = (unsigned char)(random_below(seed, 40) ? 'a' + random_below(seed, 26)
								 : '\n');
		stream->run[stream->length] = (uint16_t)run_now;
		stream->text[stream->length++] = text[i];
	}
	if (length == 1) {
		logged_byte(thread, &from, &written, text[0]);
	} else if (random_below(seed, 2)) {
		logged(thread, &from, &written, text, length);
	} else {
		first = random_below(seed, length + 1);
		logged_pieces(thread, &from, &written,
			(const struct iovec[]){{text, first}, {text + first, length - first}}, 2,
			length);
	}
}

/* The event is what comes next in its writer's stream. */
static void check_event(const struct event_log *event)
{
	struct stream *stream =
		&streams[event->sink == 2 ? 2 : event->writer == (uintptr_t)&streams[1]];
	size_t i;

	assert_true(stream->seen + event->length + event->left_out <= stream->length);
	assert_memory_equal(event->text, stream->text + stream->seen, event->length);
	for (i = stream->seen; i < stream->seen + event->length; i++)
		if (i == 0 || stream->text[i - 1] == '\n')
			assert_int_equal(event->run_id, stream->run[i]);
	stream->seen += event->length + event->left_out;
	/* Nothing but the rest of a line is left out. */
	for (i = stream->seen - event->left_out; i < stream->seen; i++)
		assert_int_not_equal(stream->text[i], '\n');
}

static void at_random(void **state)
{
	const struct event_log *event;
	uint64_t seed;
	unsigned number;
	int round, i;

	for (round = 1; round <= ROUNDS; round++) {
		seed = (uint64_t)round;
		set_up(state);
		memset(streams, 0, sizeof streams);
		settings.log_max = round % 4 ? ARENA_LOG_MAX : 10;
		for (i = 0; i < CALLS; i++) {
			run_now = (uint64_t)i + 1;
			write_some(&seed, i % 100 == 99 ? 15000 : round % 3 ? 8 : 300);
		}
		logged_settle(thread);
		for (number = 0; (event = event_at(number)) != NULL; number++)
			check_event(event);
		for (i = 0; i < WRITERS; i++)
			assert_int_equal(streams[i].seen, streams[i].length);
		assert_int_equal(atomic_load(&header->lost.value), 0);
		tear_down(state);
	}
}

static void names_the_run(void **state)
{
	struct arena_run run = {.async_id = 7};

	(void)state;
	thread->async_id = 3;
	assert_int_equal(logged_resource(thread), 3);
	thread->runs[0].shared = &run;
	thread->depth = 1;
	assert_int_equal(logged_resource(thread), 7);
	thread->is_astray = true;
	assert_int_equal(logged_resource(thread), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whole_lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(line_in_pieces, set_up, tear_down),
		cmocka_unit_test_setup_teardown(pieces_of_one_call, set_up, tear_down),
		cmocka_unit_test_setup_teardown(others_between, set_up, tear_down),
		cmocka_unit_test_setup_teardown(messages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(much_of_a_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(interrupted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(long_lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_the_run, set_up, tear_down),
		cmocka_unit_test(at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
