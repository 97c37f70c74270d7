/*
 * Events of a thread whose state others use too: a signal handler, a child of vfork that is killed
 * in the middle of an event, the child of a fork.
 */
#include "recorder/runtime/emit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { CHUNKS = 16 };

static struct arena_header *header;

static int set_up(void **state)
{
	(void)state;
	header = aligned_alloc(64, (sizeof *header + 63) / 64 * 64);
	memset((void *)header, 0, sizeof *header);
	arena_map.chunks = aligned_alloc(64, CHUNKS * sizeof *arena_map.chunks);
	memset((void *)arena_map.chunks, 0, CHUNKS * sizeof *arena_map.chunks);
	arena_map.chunk_bytes = calloc(CHUNKS, ARENA_CHUNK_SIZE);
	arena_map.count[ARENA_CHUNKS] = arena_map.count[ARENA_CHUNK_STATES] = CHUNKS;
	header->region[ARENA_CHUNK_STATES].stride = sizeof *arena_map.chunks;
	arena_page.header = header;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_page.header = NULL;
	free(arena_map.chunks);
	free(arena_map.chunk_bytes);
	free(header);
	return 0;
}

/* Begins an event that says `word`. */
static struct event_head *begin(struct emit_state *state, uint32_t word)
{
	struct event_gap *event = emit_begin(state, sizeof *event);

	if (event)
		event->lost = word;
	return event ? &event->head : NULL;
}

static void commit(struct emit_state *state)
{
	emit_commit(state, EVENT_GAP, 0, sizeof(struct event_gap));
}

/* The events in the chunks of one depth, as words one after another. */
static uint32_t written(uint32_t depth)
{
	uint32_t words = 0, at, i;

	for (i = 0; i < atomic_load(&header->used[ARENA_CHUNK_STATES].value); i++)
		for (at = 0; arena_map.chunks[i].depth == depth &&
			     at < atomic_load(&arena_map.chunks[i].used);
			at += sizeof(struct event_gap))
			words = 10 * words + ((const struct event_gap *)(const void
							      *)(arena_map.chunk_bytes +
								 i * (size_t)ARENA_CHUNK_SIZE + at))
						     ->lost;
	return words;
}

/* A child of vfork is killed in the middle of an event: its process is none that asks again. */
static void guest_is_killed(struct emit_state *state, int number)
{
	emit_guest_begin(state, getpid());
	assert_non_null(begin(state, 9));
	state->guest = getpid() + number;
}

static void one_inside_another(void **user)
{
	struct emit_state state = {0};

	(void)user;
	begin(&state, 1);
	begin(&state, 2); /* of a signal handler */
	commit(&state);
	commit(&state);
	begin(&state, 3);
	commit(&state);
	assert_int_equal(written(0), 13);
	assert_int_equal(written(1), 2);
	assert_int_equal(state.depth, 0);
}

static void killed_guest(void **user)
{
	struct emit_state state = {0};
	int i;

	(void)user;
	begin(&state, 1);
	commit(&state);
	for (i = 1; i <= 2 * EMIT_DEPTH; i++)
		guest_is_killed(&state, i);
	assert_non_null(begin(&state, 2));
	commit(&state);
	assert_int_equal(written(0), 12);
	assert_int_equal(written(1), 0);
	assert_int_equal(state.depth, 0);
	assert_int_equal(atomic_load(&header->lost.value), 0);
}

static void guest_in_a_handler(void **user)
{
	struct emit_state state = {0};

	(void)user;
	begin(&state, 1);
	/* A signal handler calls vfork, and its child dies; the handler goes on. */
	guest_is_killed(&state, 1);
	begin(&state, 2);
	commit(&state);
	commit(&state);
	assert_int_equal(written(0), 1);
	assert_int_equal(written(1), 2);
	assert_int_equal(state.depth, 0);
}

static void handler_in_a_guest(void **user)
{
	struct emit_state state = {0};

	(void)user;
	/* The guest is who asks: its own event waits to be committed. */
	emit_guest_begin(&state, getpid());
	begin(&state, 1);
	begin(&state, 2);
	commit(&state);
	commit(&state);
	emit_guest_end(&state);
	assert_int_equal(written(0), 1);
	assert_int_equal(written(1), 2);
	assert_int_equal(state.depth, 0);
}

static void forgotten(void **user)
{
	struct emit_state state = {0};

	(void)user;
	begin(&state, 1);
	commit(&state);
	emit_forget(&state);
	emit_settle(&state);
	assert_null(begin(&state, 2));
	assert_null(begin(&state, 3));
	emit_end(&state);
	assert_int_equal(written(0), 1);
	assert_int_equal(atomic_load(&header->lost.value), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_inside_another, set_up, tear_down),
		cmocka_unit_test_setup_teardown(killed_guest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(guest_in_a_handler, set_up, tear_down),
		cmocka_unit_test_setup_teardown(handler_in_a_guest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(forgotten, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
